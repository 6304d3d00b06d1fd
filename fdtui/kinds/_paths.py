"""What O_PATH descriptors have in common: they name a place and read nothing."""

from __future__ import annotations

import stat

from fdtui.kinds._files import blocks_info, mount_info
from fdtui.kinds.base import HANDLE, Borrow, Family, FdKind, Unseen
from fdtui.linux.json_types import Info
from fdtui.linux.lean import TYPE_CHECKING
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry

if TYPE_CHECKING:
    from typing import ClassVar


FILE_TYPES = {
    stat.S_IFREG: "regular",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "symlink",
    stat.S_IFBLK: "block",
    stat.S_IFCHR: "char",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
}


class PathKind(FdKind):
    """open(2) with O_PATH: no lock, no offset, no reading."""

    family: ClassVar[Family] = HANDLE
    borrow = Borrow.VIEW

    def describe(self, entry: Entry) -> Info:
        file_type = FILE_TYPES.get(entry.file_type, "unknown")
        return {"file_type": file_type, **mount_info(entry), **blocks_info(entry)}

    def read(self, peek: Peek, offset: int, length: int) -> bytes | Unseen:
        return Unseen("it was opened with O_PATH, which reads nothing")
