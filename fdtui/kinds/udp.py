"""UDP sockets, udp(7)."""

from __future__ import annotations

from fdtui.kinds._inet import InetKind


class Udp(InetKind):
    """A look reaches the first datagram only."""

    name = "udp"
    label = "udp"
    protocols = frozenset({"UDP", "UDPv6"})


KIND = Udp()
