"""How fast counters grow between two looks at the same facts."""

from __future__ import annotations

from collections.abc import Sequence

from fdtui.kinds.base import Counter, Fact, Section
from fdtui.linux.units import duration
from fdtui.render.units import rate_cell


class Rates:
    """Remembers the counters of the last look, by head and key; times in seconds."""

    def __init__(self) -> None:
        self._at = 0.0
        self._counts: dict[tuple[str, str], int] = {}

    def of(self, sections: Sequence[Section], now: float) -> tuple[Section, ...]:
        """Put the rate of each counter in place of its note: `+58.1K/s`, `+2/s`.

        The notes stay at the first look, and where a counter is new.
        """
        seconds, before = now - self._at, self._counts
        self._at, self._counts = now, _counts(sections)
        if seconds <= 0 or not before:
            return tuple(sections)

        def rated(head: str, fact: Fact) -> Fact:
            then = before.get((head, fact.key))
            if fact.counter is None or then is None:
                return fact
            return fact._replace(note=_rate(fact.counter, then, seconds))

        return tuple(
            section._replace(facts=tuple(rated(section.head, fact) for fact in section.facts))
            for section in sections
        )

    def still(self, now: float) -> None:
        """Note a look that found everything as it was."""
        self._at = now


def _counts(sections: Sequence[Section]) -> dict[tuple[str, str], int]:
    return {
        (section.head, fact.key): fact.counter.value
        for section in sections
        for fact in section.facts
        if fact.counter is not None
    }


def _rate(counter: Counter, then: int, seconds: float) -> str:
    grown = (counter.value - then) / seconds
    if counter.of_bytes:
        return rate_cell(grown)
    if counter.of_time:
        sign = "+" if grown >= 0 else "-"  # ioctl(PERF_EVENT_IOC_RESET) starts anew
        return f"{sign}{duration(abs(grown) / 1e9)}/s"
    # Less than one a second is not none.
    return f"+{grown:.1f}/s" if 0 < grown < 1 else f"{round(grown):+,}/s"
