"""perf_event_open(2): a performance counter."""

from __future__ import annotations

import struct

from fdtui.errors import errno_name
from fdtui.kinds._anon import AnonKind
from fdtui.kinds._info import line
from fdtui.kinds.base import Fact, fact
from fdtui.linux.json_types import Info
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans

_PERF_EVENT_IOC_ID = 0x80082407


class PerfEvent(AnonKind):
    """The kernel tells no more than its id; the counter itself would take a read(2)."""

    name = "perf_event"
    label = "perf"
    names = frozenset({"perf_event"})
    examines = True

    def examine(self, peek: Peek, entry: Entry) -> Info:
        try:
            return {"perf_event_id": struct.unpack("Q", peek.ioctl_read(_PERF_EVENT_IOC_ID, 8))[0]}
        except OSError as error:
            return {"perf_event_error": errno_name(error.errno or 0)}

    def target(self, entry: Entry, info: Info) -> Spans:
        return line(f"event {info['perf_event_id']}" if "perf_event_id" in info else "an event")

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        return (fact("event", str(info["perf_event_id"])),) if "perf_event_id" in info else ()


KIND = PerfEvent()
