"""eventfd(2): a counter in the kernel."""

from __future__ import annotations

from fdtui.kinds._anon import AnonKind
from fdtui.kinds._info import integer, line, muted
from fdtui.kinds.base import Fact, fact
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans
from fdtui.linux.units import count


class EventFd(AnonKind):
    """All of it is in fdinfo: read(2) would reset the counter."""

    name = "eventfd"
    label = "eventfd"
    names = frozenset({"eventfd"})

    def describe(self, entry: Entry) -> Info:
        if entry.info is None:
            return {}
        found: Info = {}
        if (value := entry.info.get("eventfd-count")) is not None:
            found["eventfd_count"] = int(value, 16)
        if (ident := entry.info.get("eventfd-id")) is not None:
            found["eventfd_id"] = int(ident)
        if (semaphore := entry.info.get("eventfd-semaphore")) is not None:
            found["eventfd_semaphore"] = semaphore == "1"
        return found

    def target(self, entry: Entry, info: Info) -> Spans:
        value = integer(info, "eventfd_count")
        words = f"count {'?' if value is None else count(value)}"
        return (
            line(words, "  ", muted("semaphore")) if info.get("eventfd_semaphore") else line(words)
        )

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        facts = []
        if (value := integer(info, "eventfd_count")) is not None:
            facts.append(fact("count", count(value)))
        if (ident := integer(info, "eventfd_id")) is not None:
            facts.append(fact("id", ident, "the same in every process that has it"))
        if info.get("eventfd_semaphore"):
            facts.append(fact("semaphore", "on", "each read takes one"))
        return tuple(facts)


KIND = EventFd()
