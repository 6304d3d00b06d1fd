"""Files opened with O_PATH: a place in the tree, held without opening the file."""

from __future__ import annotations

import stat

from fdtui.kinds._files import bracketed, mount_fact, path_of
from fdtui.kinds._info import text
from fdtui.kinds._paths import PathKind
from fdtui.kinds.base import Fact, Fit, fact
from fdtui.kinds.facts import Facts
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans


class OPath(PathKind):
    """Of any file type but a symbolic link."""

    name = "o-path"
    label = "o-path"

    def fit(self, facts: Facts) -> Fit:
        mine = facts.path_only and facts.type != stat.S_IFLNK and facts.where != "detached"
        return Fit.BY_OPENING if mine and facts.type else Fit.NO

    def target(self, entry: Entry, info: Info) -> Spans:
        return bracketed(path_of(entry), text(info, "file_type"))

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        return (fact("names", f"a {text(info, 'file_type')} file"), *mount_fact(info))


KIND = OPath()
