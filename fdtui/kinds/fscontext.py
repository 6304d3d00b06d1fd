"""fsopen(2): a file system being configured before it is mounted."""

from __future__ import annotations

from fdtui.kinds._anon import AnonKind
from fdtui.kinds._info import line
from fdtui.kinds.base import HANDLE
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans


class FsContext(AnonKind):
    """read(2) would take the messages meant for the target; there is nothing else to see."""

    name = "fscontext"
    label = "fsctx"
    family = HANDLE
    names = frozenset({"fscontext"})

    def target(self, entry: Entry, info: Info) -> Spans:
        return line("a file system being set up")


KIND = FsContext()
