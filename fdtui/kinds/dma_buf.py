"""DMA buffers: memory passed between drivers, dma-buf."""

from __future__ import annotations

import stat

from fdtui.kinds._info import integer, line, muted, text
from fdtui.kinds.base import DEVICE, Fact, FdKind, Fit, fact
from fdtui.kinds.facts import Facts
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans
from fdtui.linux.units import count, size_cell, size_words

_TYPELESS = (0, stat.S_IFREG)


class DmaBuf(FdKind):
    """On a file system of its own, with inodes of no type, as no user's file is."""

    name = "dma-buf"
    label = "dma-buf"
    family = DEVICE

    def fit(self, facts: Facts) -> Fit:
        return Fit.BY_FACT if facts.where == "dmabuf" and facts.type in _TYPELESS else Fit.NO

    def describe(self, entry: Entry) -> Info:
        found: Info = {}
        if entry.info is None:
            return found
        for key in ("size", "count"):
            if (value := entry.info.get(key)) is not None:
                found[key] = int(value)
        for key in ("exp_name", "name"):
            if value := entry.info.get(key):
                found[key] = value
        return found

    def size(self, entry: Entry, info: Info) -> int | None:
        return integer(info, "size")

    def target(self, entry: Entry, info: Info) -> Spans:
        name = text(info, "name") or "a buffer"
        size = size_cell(integer(info, "size") or 0)
        return line(f"{name}, {size}", "  ", muted(text(info, "exp_name")))

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        return (
            fact("exporter", text(info, "exp_name")),
            fact("size", count(integer(info, "size") or 0), "bytes"),
            fact("references", count(integer(info, "count") or 0)),
        )

    def hold_cost(self, entry: Entry, info: Info) -> str:
        return f"{size_words(integer(info, 'size') or 0)} of memory stay until you release it"


KIND = DmaBuf()
