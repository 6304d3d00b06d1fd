"""Raw sockets, raw(7): whole packets of one protocol."""

from __future__ import annotations

from fdtui.kinds._inet import InetKind
from fdtui.kinds._info import line, muted, text
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans


class Raw(InetKind):
    """Where a port would be, the kernel keeps the protocol."""

    name = "raw"
    label = "raw"
    protocols = frozenset({"RAW", "RAWv6"})
    has_ports = False

    def target(self, entry: Entry, info: Info) -> Spans:
        if not (protocol := text(info, "protocol")):
            return line(entry.sockproto)
        if protocol.isdigit():
            protocol = f"protocol {protocol}"
        where = super().target(entry, info)
        return line(protocol, "  ", *(muted(span.text) for span in where))


KIND = Raw()
