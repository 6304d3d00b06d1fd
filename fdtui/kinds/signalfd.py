"""signalfd(2): signals of whoever reads it, as bytes."""

from __future__ import annotations

from fdtui.kinds._anon import AnonKind
from fdtui.kinds._info import line, muted, words
from fdtui.kinds.base import Fact, fact
from fdtui.linux.abi import signal_name
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans
from fdtui.linux.status import read_status


def _names(mask: int) -> list[str]:
    return [signal_name(bit + 1) for bit in range(64) if mask >> bit & 1]


class SignalFd(AnonKind):
    """Reading or polling a stolen one would act on our own signals, so neither is done."""

    name = "signalfd"
    label = "signalfd"
    names = frozenset({"signalfd"})

    def describe(self, entry: Entry) -> Info:
        if entry.info is None:
            return {}
        mask = int(entry.info.get("sigmask") or "0", 16)
        found: Info = {"sigmask": list(_names(mask))}
        try:
            status = read_status(entry.pid)
        except OSError:
            return found
        found["pending"] = list(_names(status.pending & mask))
        found["blocked"] = list(_names(status.blocked & mask))
        return found

    def target(self, entry: Entry, info: Info) -> Spans:
        names = " ".join(words(info, "sigmask")) or "no signal"
        pending = words(info, "pending")
        return line(names, "  ", muted(f"pending: {' '.join(pending)}")) if pending else line(names)

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        if "sigmask" not in info:
            return ()
        facts = [fact("signals", " ".join(words(info, "sigmask")) or "none")]
        if "pending" in info:
            facts.append(fact("pending", " ".join(words(info, "pending")) or "none"))
            open_ = [name for name in words(info, "sigmask") if name not in words(info, "blocked")]
            if open_:
                note = "not blocked, so they never arrive here"
                facts.append(fact("delivered", " ".join(open_), note))
        return tuple(facts)


KIND = SignalFd()
