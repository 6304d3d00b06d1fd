"""What a FakeKeeper can acquire: facts and bytes that a test may change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fdtui.errors import FdtuiError
from fdtui.keeper.api import BadBlock, DirEntry
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry

if TYPE_CHECKING:
    from tests.invented import InventedProcFs

Read = Callable[[int, int], bytes]


@dataclass
class Thing:
    """What can be acquired: facts, bytes, and what goes wrong."""

    procfs: InventedProcFs
    pid: int
    fd: int
    info: Info
    read: Read
    why: str = ""  # no byte may be seen
    bad: list[BadBlock] = field(default_factory=list)
    failure: FdtuiError | None = None  # of window and state
    entries: list[DirEntry] = field(default_factory=list)
    shares: bool = True
    says_nothing_of_size: bool = False  # as files of procfs: size 0, and bytes all the same

    @property
    def entry(self) -> Entry:
        """As the procfs has it now; as it was when the target closed it."""
        known = self.procfs.tables[self.pid].get(self.fd)
        if known is not None:
            self._last = known.entry
        return self._last

    def __post_init__(self) -> None:
        self._last = self.procfs.tables[self.pid][self.fd].entry

    def change(self, *, pos: int | None = None, size: int | None = None) -> None:
        """Move the target's offset, or give the file another size."""
        known = self.procfs.tables[self.pid][self.fd]
        entry = known.entry
        if pos is not None and entry.info is not None:
            entry = entry._replace(info=entry.info._replace(pos=pos))
        if size is not None and entry.stat is not None:
            entry = entry._replace(stat=entry.stat._replace(size=size))
        self.procfs.tables[self.pid][self.fd] = known._replace(entry=entry)

    def append(self, data: bytes) -> None:
        """The target writes at the end of the file."""
        old, stat = self.read, self.entry.stat
        end = stat.size if stat else 0

        def read(offset: int, length: int) -> bytes:
            head = old(offset, min(length, max(0, end - offset)))
            start = max(0, offset - end)
            return head + data[start : max(start, offset + length - end)]

        self.read = read
        self.change(size=end + len(data), pos=end + len(data))
