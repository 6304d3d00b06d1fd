"""Packet sockets, packet(7): frames of an interface."""

from __future__ import annotations

from fdtui.kinds._info import line, muted, text
from fdtui.kinds._options import Option
from fdtui.kinds._sockets import SocketKind
from fdtui.kinds.base import Fact, fact
from fdtui.linux.abi_net import ETHER_PROTOCOLS
from fdtui.linux.json_types import Info
from fdtui.linux.peek import Peek
from fdtui.linux.peek_socket import Address, names
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans

_SOL_PACKET = 263


class Packet(SocketKind):
    """Its statistics are not read: PACKET_STATISTICS starts them anew for the target."""

    name = "packet"
    label = "packet"
    protocols = frozenset({"PACKET"})
    options = (
        Option("PACKET_AUXDATA", _SOL_PACKET, 8, True),
        Option("PACKET_ORIGDEV", _SOL_PACKET, 9, True),
        Option("PACKET_VERSION", _SOL_PACKET, 10),
        Option("PACKET_FANOUT", _SOL_PACKET, 18),
    )

    def examine(self, peek: Peek, entry: Entry) -> Info:
        found = super().examine(peek, entry)
        local, _ = names(peek)
        if isinstance(local, tuple) and isinstance(local[1], int):
            found["protocol"] = ETHER_PROTOCOLS.get(local[1], f"{local[1]:#06x}")
        return found

    def addresses(self, local: Address, remote: Address) -> Info:
        return {"interface": str(local[0])} if isinstance(local, tuple) else {}

    def target(self, entry: Entry, info: Info) -> Spans:
        if "interface" not in info:
            return line("packet")
        where = text(info, "interface") or "every interface"
        return line(f"{text(info, 'protocol')} on {where}", "  ", muted(text(info, "type")))

    def connection(self, info: Info) -> list[Fact]:
        if "interface" not in info:
            return []
        return [
            fact("interface", text(info, "interface") or "all", role="strong"),
            fact("protocol", text(info, "protocol"), text(info, "type")),
        ]


KIND = Packet()
