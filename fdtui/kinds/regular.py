"""Regular files, named or deleted, of any file system."""

from __future__ import annotations

import stat

from fdtui.kinds._files import StoredFile, lock_facts, mount_fact, position_fact, size_facts
from fdtui.kinds._info import text
from fdtui.kinds._reading import read_file_bytes
from fdtui.kinds.base import BYTES, Fact, Fit, Unseen, View
from fdtui.kinds.facts import Facts
from fdtui.linux.json_types import Info
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry


class Regular(StoredFile):
    """Viewed by pread, through a private description where the file can be opened anew."""

    name = "regular"
    label = "regular"
    family = BYTES
    view = View.BYTES

    def fit(self, facts: Facts) -> Fit:
        return Fit.BY_TYPE if facts.type == stat.S_IFREG else Fit.NO

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        fstype = text(info, "fstype")
        return (
            *position_fact(entry, fstype),
            *size_facts(entry, fstype),
            *mount_fact(info),
            *lock_facts(info),
        )

    def read(self, peek: Peek, offset: int, length: int) -> bytes | Unseen:
        return read_file_bytes(peek, offset, length)

    def private_reader(self) -> bool:
        return True


KIND = Regular()
