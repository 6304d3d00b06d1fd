"""timerfd_create(2): a timer whose expirations are read."""

from __future__ import annotations

from fdtui.kinds._anon import AnonKind
from fdtui.kinds._info import integer, line, muted, number, text
from fdtui.kinds.base import Fact, fact
from fdtui.linux.abi_watch import CLOCKS
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans
from fdtui.linux.units import count, duration

_TFD_TIMER_ABSTIME = 1
_TFD_TIMER_CANCEL_ON_SET = 2


def _seconds(value: str | None) -> float | None:
    """Of `(seconds, nanoseconds)`; None for what is no such pair."""
    seconds, _, nanoseconds = (value or "").partition(", ")
    try:
        return int(seconds.removeprefix("(")) + int(nanoseconds.removesuffix(")")) / 1e9
    except ValueError:
        return None


_MEANT = {
    "REALTIME": "the time of day",
    "MONOTONIC": "since the start, without the time asleep",
    "BOOTTIME": "since the start, with the time asleep",
    "REALTIME_ALARM": "the time of day, wakes the machine",
    "BOOTTIME_ALARM": "since the start, wakes the machine",
}


class TimerFd(AnonKind):
    """All of it is in fdinfo: read(2) would take the expirations.  `it_value` is what remains."""

    name = "timerfd"
    label = "timerfd"
    names = frozenset({"timerfd"})

    def describe(self, entry: Entry) -> Info:
        if entry.info is None:
            return {}
        clock = int(entry.info.get("clockid") or -1)
        flags = int(entry.info.get("settime flags") or "0", 8)
        return {
            "clockid": CLOCKS.get(clock, str(clock)),
            "ticks": int(entry.info.get("ticks") or 0),
            "settime_absolute": bool(flags & _TFD_TIMER_ABSTIME),
            "settime_cancel_on_set": bool(flags & _TFD_TIMER_CANCEL_ON_SET),
            "it_value": _seconds(entry.info.get("it_value")),
            "it_interval": _seconds(entry.info.get("it_interval")),
        }

    def target(self, entry: Entry, info: Info) -> Spans:
        left, interval, ticks = (
            number(info, "it_value"),
            number(info, "it_interval"),
            info.get("ticks"),
        )
        if not left and not interval:
            words = "not armed" if not ticks else "expired"
        elif interval:
            words = f"every {duration(interval)}, next " + (
                f"in {duration(left)}" if left else "once it is read"
            )
        else:
            words = f"once, in {duration(left or 0.0)}"
        return line(words, "  ", muted(f"{ticks} unread")) if ticks else line(words)

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        if not info:
            return ()
        left, interval = number(info, "it_value"), number(info, "it_interval")
        clock = text(info, "clockid")
        facts = [fact("clock", clock, _MEANT.get(clock, ""))]
        if left:
            until = "set to a point in time" if info.get("settime_absolute") else "set to a delay"
            facts.append(fact("next in", duration(left), until))
        elif interval:
            facts.append(fact("next", "once it is read", "it has expired and waits"))
        else:
            facts.append(fact("next in", "not armed"))
        facts += [
            fact(
                "interval", duration(interval) if interval else "none", "" if interval else "once"
            ),
            fact("expired", count(integer(info, "ticks") or 0), "since it was read last"),
        ]
        if info.get("settime_cancel_on_set"):
            facts.append(fact("cancelled", "when the clock is set"))
        return tuple(facts)


KIND = TimerFd()
