"""What pipes and FIFOs have in common: one queue, looked at by tee(2)."""

from __future__ import annotations

import os
import select

from fdtui.errors import errno_name
from fdtui.kinds._files import queued_span
from fdtui.kinds._info import integer
from fdtui.kinds.base import QUEUE, Borrow, Fact, Family, FdKind, Unseen, View, fact
from fdtui.linux.abi import OpenFlags
from fdtui.linux.json_types import Info
from fdtui.linux.lean import TYPE_CHECKING
from fdtui.linux.peek import Peek
from fdtui.linux.peek_handle import is_readable_elsewhere
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans
from fdtui.linux.units import count, size_cell

if TYPE_CHECKING:
    from typing import ClassVar


_READERS_GONE = "nobody has its reading end: opening one would turn the target's EPIPE into success"


class PipeKind(FdKind):
    """Holding an end withholds end-of-file from readers or EPIPE from writers."""

    family: ClassVar[Family] = QUEUE
    view = View.QUEUE
    borrow = Borrow.LOOK
    examines = True

    def describe(self, entry: Entry) -> Info:
        flags = entry.info.flags if entry.info else 0
        return {"packet_mode": True} if flags & OpenFlags.O_DIRECT and entry.access & 2 else {}

    def examine(self, peek: Peek, entry: Entry) -> Info:
        found: Info = {
            **self.describe(entry),
            "queued": peek.queued(),
            "capacity": peek.pipe_size(),
        }
        if entry.access == 2:
            found["readers"] = is_readable_elsewhere(peek)
        elif entry.access == 4:
            found["writers"] = not peek.poll(select.POLLIN) & select.POLLHUP
        return found

    def size(self, entry: Entry, info: Info) -> int | None:
        return integer(info, "queued")

    def queue_words(self, info: Info) -> Spans:
        """`12.0K of 64.0K queued`."""
        return queued_span(info)

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        facts = []
        queued, capacity = integer(info, "queued"), integer(info, "capacity")
        if queued is not None and capacity is not None:
            share = queued / capacity if capacity else 0.0
            cell = fact("queued", count(queued), f"of {size_cell(capacity)}")
            facts.append(cell._replace(share=share))
        if info.get("packet_mode"):
            facts.append(fact("packets", "on", "each write is read as one"))
        if info.get("readers") is False:
            facts.append(fact("readers", "none", "a write fails with EPIPE"))
        if info.get("writers") is False:
            facts.append(fact("writers", "none", "end-of-file after what is queued"))
        return tuple(facts)

    def read(self, peek: Peek, offset: int, length: int) -> bytes | Unseen:
        """Return the head of the queue; through a reading end of our own from a writing end."""
        flags = peek.fdinfo().flags & os.O_ACCMODE
        if flags != os.O_WRONLY:
            return peek.tee(max(length, 4096))
        if not is_readable_elsewhere(peek):
            return Unseen(_READERS_GONE)
        try:
            with peek.open_anew() as reader:
                return Peek(reader).tee(max(length, 4096))
        except PermissionError as error:
            name = errno_name(error.errno or 0)
            return Unseen(f"this is the writing end, and opening a reading end says {name}")

    def hold_cost(self, entry: Entry, info: Info) -> str:
        if info.get("readers") is False or info.get("writers") is False:
            return ""
        if entry.access == 2:
            return "its reader would get its end-of-file up to 0.5 s late"
        return "its writer would get EPIPE up to 0.5 s late"
