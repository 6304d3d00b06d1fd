"""What nobody foresaw: shown with everything that fdinfo says."""

from __future__ import annotations

from fdtui.kinds.base import UNDECODED, Fact, FdKind, Fit, fact
from fdtui.kinds.facts import Facts
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry


class Unknown(FdKind):
    """The fallback, also for rows whose every call failed."""

    name = "unknown"
    label = "unknown"
    family = UNDECODED

    def fit(self, facts: Facts) -> Fit:
        return Fit.FALLBACK

    def describe(self, entry: Entry) -> Info:
        return {"fdinfo": [list(line) for line in entry.info.lines]} if entry.info else {}

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        return tuple(fact(key, value) for key, value in entry.info.lines) if entry.info else ()


KIND = Unknown()
