"""Pseudoterminal masters: what a terminal emulator, sshd or tmux holds, ptmx(4)."""

from __future__ import annotations

import stat

from fdtui.kinds._info import integer, line, muted
from fdtui.kinds._terminals import TerminalKind, name_foreground, optional
from fdtui.kinds.base import Fact, Fit, fact
from fdtui.kinds.facts import Facts
from fdtui.linux.devices import PTMX
from fdtui.linux.json_types import Info
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans

_CALLS = (
    ("tty_index", 0x80045430),  # TIOCGPTN
    ("foreground_pgrp", 0x540F),  # TIOCGPGRP: a master is told, a slave only as our own terminal
    ("session", 0x5429),  # TIOCGSID
    ("packet_mode", 0x80045438),  # TIOCGPKT
    ("locked", 0x80045439),  # TIOCGPTLCK
)


class Ptmx(TerminalKind):
    """Never opened anew: opening /dev/ptmx makes another pseudoterminal."""

    name = "ptmx"
    label = "ptmx"

    def fit(self, facts: Facts) -> Fit:
        is_master = facts.device == PTMX or 128 <= facts.device[0] <= 135
        return Fit.BY_FACT if facts.type == stat.S_IFCHR and is_master else Fit.NO

    def describe(self, entry: Entry) -> Info:
        index = entry.info.get("tty-index") if entry.info else None
        return {"tty_index": int(index)} if index is not None else {}

    def examine(self, peek: Peek, entry: Entry) -> Info:
        found = super().examine(peek, entry)
        optional(found, _CALLS, peek)
        if not integer(found, "foreground_pgrp"):
            found.pop("foreground_pgrp", None)  # 0: no terminal of any session, or not in our view
        name_foreground(found)
        for key in ("packet_mode", "locked"):
            if key in found:
                found[key] = bool(found[key])
        return found

    def target(self, entry: Entry, info: Info) -> Spans:
        index = integer(info, "tty_index")
        if index is None:
            return line(entry.link)
        return line(f"master of pts/{index}", "  ", muted(entry.link))

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        facts = []
        if (index := integer(info, "tty_index")) is not None:
            facts.append(fact("slave", f"/dev/pts/{index}", "locked" if info.get("locked") else ""))
        facts += self.common_facts(info)
        facts += self.foreground_facts(info)
        if info.get("packet_mode"):
            facts.append(fact("packets", "on", "TIOCPKT"))
        return tuple(facts)

    def hold_cost(self, entry: Entry, info: Info) -> str:
        return "its terminal would see the hang-up up to 0.5 s late"


KIND = Ptmx()
