"""eventfd(2): a counter in the kernel."""

from __future__ import annotations

from fdtui.kinds.base import EVENTS, Fact, FdKind, Fit, fact
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.pseudofs import pseudofs
from fdtui.linux.spans import Span, Spans


class EventFd(FdKind):
    """All of it is in fdinfo: read(2) would reset the counter."""

    name = "eventfd"
    label = "eventfd"
    family = EVENTS

    def fit(self, entry: Entry) -> Fit:
        return (
            Fit.BY_FACT
            if entry.stat
            and entry.stat.dev == pseudofs().anon_inode
            and entry.link == "anon_inode:[eventfd]"
            else Fit.NO
        )

    def describe(self, entry: Entry) -> Info:
        if entry.info is None:
            return {}
        found: Info = {}
        if (count := entry.info.get("eventfd-count")) is not None:
            found["eventfd_count"] = int(count, 16)
        if (ident := entry.info.get("eventfd-id")) is not None:
            found["eventfd_id"] = int(ident)
        if (semaphore := entry.info.get("eventfd-semaphore")) is not None:
            found["eventfd_semaphore"] = semaphore == "1"
        return found

    def target(self, entry: Entry, info: Info) -> Spans:
        return (Span(f"count {info.get('eventfd_count', '?')}"),)

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        lines = [fact("count", f"{info['eventfd_count']:,}")] if "eventfd_count" in info else []
        if "eventfd_id" in info:
            lines.append(fact("id", str(info["eventfd_id"])))
        if info.get("eventfd_semaphore"):
            lines.append(fact("semaphore", "on", "each read takes one"))
        return tuple(lines)


KIND = EventFd()
