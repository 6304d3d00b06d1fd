"""Regular files, named or deleted, of any file system."""

from __future__ import annotations

import stat

from fdtui.kinds.base import BYTES, Borrow, FdKind, Fit, View
from fdtui.linux.json_types import Info
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry


class Regular(FdKind):
    """Viewed by pread, through a private description where the file can be opened anew."""

    name = "regular"
    label = "regular"
    family = BYTES
    view = View.BYTES
    borrow = Borrow.VIEW

    def fit(self, entry: Entry) -> Fit:
        return Fit.BY_TYPE if entry.file_type == stat.S_IFREG else Fit.NO

    def size(self, entry: Entry, info: Info) -> int | None:
        return entry.stat.size if entry.stat else None

    def position(self, entry: Entry) -> int | None:
        return entry.info.pos if entry.info else None

    def read(self, peek: Peek, offset: int, length: int) -> bytes:
        # read(2) would move the offset that the target shares.
        return peek.pread(length, offset)

    def private_reader(self) -> bool:
        return True


KIND = Regular()
