"""Symbolic links opened themselves: O_PATH with O_NOFOLLOW."""

from __future__ import annotations

import stat

from fdtui.kinds._files import mount_fact, path_of
from fdtui.kinds._info import line, muted, text
from fdtui.kinds._paths import PathKind
from fdtui.kinds.base import Fact, Fit, fact
from fdtui.kinds.facts import Facts
from fdtui.linux.json_types import Info
from fdtui.linux.peek import Peek
from fdtui.linux.peek_handle import link_text
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans


class Symlink(PathKind):
    """What the link says is read by readlinkat(2) of the descriptor itself."""

    name = "symlink"
    label = "symlink"
    examines = True

    def fit(self, facts: Facts) -> Fit:
        return Fit.BY_OPENING if facts.type == stat.S_IFLNK else Fit.NO

    def examine(self, peek: Peek, entry: Entry) -> Info:
        return {**self.describe(entry), "link_text": link_text(peek)}

    def target(self, entry: Entry, info: Info) -> Spans:
        path = path_of(entry)
        return line(*path, muted(f" → {info['link_text']}")) if "link_text" in info else path

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        says = [fact("points to", text(info, "link_text"))] if "link_text" in info else []
        return (*says, *mount_fact(info))


KIND = Symlink()
