"""memfd_secret(2): memory taken out of the kernel's own reach."""

from __future__ import annotations

from fdtui.kinds._info import line, muted
from fdtui.kinds.base import BYTES, Fact, FdKind, Fit, Unseen, View, fact
from fdtui.kinds.facts import Facts
from fdtui.linux.json_types import Info
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans
from fdtui.linux.units import count, size_cell


class SecretMem(FdKind):
    """No call reads it; a mapping would, but is left alone: that is what it is for."""

    name = "secretmem"
    label = "secret"
    family = BYTES
    view = View.STATE

    def fit(self, facts: Facts) -> Fit:
        return Fit.BY_FACT if facts.where == "secretmem" else Fit.NO

    def size(self, entry: Entry, info: Info) -> int | None:
        return entry.stat.size if entry.stat else None

    def target(self, entry: Entry, info: Info) -> Spans:
        size = size_cell(entry.stat.size) if entry.stat else "?"
        return line(f"secret memory, {size}", "  ", muted("only its mappings show it"))

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        return (fact("size", count(entry.stat.size), "bytes, locked"),) if entry.stat else ()

    def read(self, peek: Peek, offset: int, length: int) -> bytes | Unseen:
        return Unseen("secret memory has no read call, only mappings of its owner's")


KIND = SecretMem()
