"""Anonymous inodes that no kind here decodes: shown by the kernel's name, with all of fdinfo."""

from __future__ import annotations

from fdtui.kinds._info import line, text
from fdtui.kinds.base import UNDECODED, Fact, FdKind, Fit, fact
from fdtui.kinds.facts import Facts
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans

_PREFIX = "anon_inode:"


class Anon(FdKind):
    """Whatever comes next: `sync_file`, `iommufd`, `vfio-device` ..."""

    name = "anon"
    label = "anon"
    family = UNDECODED

    def fit(self, facts: Facts) -> Fit:
        return Fit.BY_TYPE if facts.where == "anon_inode" else Fit.NO

    def describe(self, entry: Entry) -> Info:
        name = entry.link.removeprefix(_PREFIX)
        bracketed = name[:1] == "[" and name[-1:] == "]"
        found: Info = {"name": name[1:-1] if bracketed else name}
        if entry.info and entry.info.lines:
            found["fdinfo"] = [list(pair) for pair in entry.info.lines]
        return found

    def target(self, entry: Entry, info: Info) -> Spans:
        return line(text(info, "name") or entry.link)

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        lines = entry.info.lines if entry.info else ()
        return (fact("kernel name", text(info, "name")), *(fact(k, v) for k, v in lines))


KIND = Anon()
