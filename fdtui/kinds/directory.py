"""Directories: listed through a description of our own, for getdents moves the offset."""

from __future__ import annotations

import stat

from fdtui.kinds._files import StoredFile, lock_facts, mount_fact
from fdtui.kinds.base import DIRECTORY, Fact, Fit, View, fact
from fdtui.kinds.facts import Facts
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry


class Directory(StoredFile):
    """The position is the file system's own: a cookie, not an index."""

    name = "directory"
    label = "dir"
    family = DIRECTORY
    view = View.ENTRIES

    def fit(self, facts: Facts) -> Fit:
        return Fit.BY_TYPE if facts.type == stat.S_IFDIR else Fit.NO

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        links = [fact("links", entry.stat.nlink)] if entry.stat else []
        return (*links, *mount_fact(info), *lock_facts(info))


KIND = Directory()
