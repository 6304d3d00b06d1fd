"""Directories: listed through a description of our own, for getdents moves the offset."""

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
)
from fdtui.kinds.base import DIRECTORY, Borrow, Fact, FdKind, Fit, View, fact
from fdtui.kinds.facts import Facts
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans


class Directory(FdKind):
    """The position is the file system's own: a cookie, not an index."""

    name = "directory"
    label = "dir"
    family = DIRECTORY
    view = View.ENTRIES
    borrow = Borrow.VIEW

    def fit(self, facts: Facts) -> Fit:
        return Fit.BY_TYPE if facts.type == stat.S_IFDIR else Fit.NO

    def describe(self, entry: Entry) -> Info:
        return {**mount_info(entry), **blocks_info(entry), **lock_info(entry)}

    def size(self, entry: Entry, info: Info) -> int | None:
        return entry.stat.size if entry.stat else None

    def position(self, entry: Entry) -> int | None:
        return entry.info.pos if entry.info else None

    def target(self, entry: Entry, info: Info) -> Spans:
        return path_of(entry)

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        links = [fact("links", entry.stat.nlink)] if entry.stat else []
        return (*links, *mount_fact(info), *lock_facts(info))

    def hold_cost(self, entry: Entry, info: Info) -> str:
        return file_cost(entry, info)


KIND = Directory()
