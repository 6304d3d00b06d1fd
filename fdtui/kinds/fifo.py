"""FIFOs: pipes with a name in a directory, fifo(7)."""

from __future__ import annotations

import stat

from fdtui.kinds._files import mount_fact, mount_info, path_of
from fdtui.kinds._pipes import PipeKind
from fdtui.kinds.base import Fact, Fit
from fdtui.kinds.facts import Facts
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Span, Spans


class Fifo(PipeKind):
    """Never opened by its path: that would complete somebody's blocked open(2)."""

    name = "fifo"
    label = "fifo"

    def fit(self, facts: Facts) -> Fit:
        return Fit.BY_TYPE if facts.type == stat.S_IFIFO else Fit.NO

    def describe(self, entry: Entry) -> Info:
        return {**super().describe(entry), **mount_info(entry)}

    def target(self, entry: Entry, info: Info) -> Spans:
        queue = self.queue_words(info)
        if not queue:
            return path_of(entry)
        return (*path_of(entry), Span("  "), *(span._replace(role="muted") for span in queue))

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        return (*super().details(entry, info), *mount_fact(info))


KIND = Fifo()
