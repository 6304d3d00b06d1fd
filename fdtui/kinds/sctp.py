"""SCTP sockets, sctp(7)."""

from __future__ import annotations

from fdtui.kinds._inet import InetKind, listening
from fdtui.kinds._info import line, strong, text
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans


class Sctp(InetKind):
    """One-to-one and one-to-many."""

    name = "sctp"
    label = "sctp"
    protocols = frozenset({"SCTP", "SCTPv6"})

    def target(self, entry: Entry, info: Info) -> Spans:
        state = text(info, "state")
        if state == "LISTEN":
            return listening(self.local(info), info)
        return (
            line(strong(state), " ", *super().target(entry, info))
            if state
            else super().target(entry, info)
        )


KIND = Sctp()
