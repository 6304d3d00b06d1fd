"""Regular files, named or deleted, of any file system."""

from __future__ import annotations

import stat

from fdtui.kinds._files import (
    blocks_info,
    file_cost,
    lock_facts,
    lock_info,
    mount_fact,
    mount_info,
    path_of,
    position_fact,
    size_facts,
)
from fdtui.kinds._reading import read_file_bytes
from fdtui.kinds.base import BYTES, Borrow, Fact, FdKind, Fit, Unseen, View
from fdtui.kinds.facts import Facts
from fdtui.linux.json_types import Info
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans


class Regular(FdKind):
    """Viewed by pread, through a private description where the file can be opened anew."""

    name = "regular"
    label = "regular"
    family = BYTES
    view = View.BYTES
    borrow = Borrow.VIEW

    def fit(self, facts: Facts) -> Fit:
        return Fit.BY_TYPE if facts.type == stat.S_IFREG else Fit.NO

    def describe(self, entry: Entry) -> Info:
        return {**mount_info(entry), **blocks_info(entry), **lock_info(entry)}

    def size(self, entry: Entry, info: Info) -> int | None:
        return entry.stat.size if entry.stat else None

    def position(self, entry: Entry) -> int | None:
        return entry.info.pos if entry.info else None

    def target(self, entry: Entry, info: Info) -> Spans:
        return path_of(entry)

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        return (
            *position_fact(entry),
            *size_facts(entry),
            *mount_fact(info),
            *lock_facts(info),
        )

    def read(self, peek: Peek, offset: int, length: int) -> bytes | Unseen:
        return read_file_bytes(peek, offset, length)

    def private_reader(self) -> bool:
        return True

    def hold_cost(self, entry: Entry, info: Info) -> str:
        return file_cost(entry, info)


KIND = Regular()
