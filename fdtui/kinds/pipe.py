"""pipe(2): a one-way queue between processes, without a name."""

from __future__ import annotations

import stat

from fdtui.kinds._pipes import PipeKind
from fdtui.kinds.base import Fit
from fdtui.kinds.facts import Facts
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Span, Spans


class Pipe(PipeKind):
    """On the kernel's pipefs; both ends share the inode."""

    name = "pipe"
    label = "pipe"

    def fit(self, facts: Facts) -> Fit:
        return Fit.BY_FACT if facts.type == stat.S_IFIFO and facts.where == "pipe" else Fit.NO

    def target(self, entry: Entry, info: Info) -> Spans:
        return self.queue_words(info) or (Span(entry.link or "pipe"),)


KIND = Pipe()
