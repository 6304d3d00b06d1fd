"""UDP-Lite sockets, udplite(7)."""

from __future__ import annotations

from fdtui.kinds._inet import InetKind


class UdpLite(InetKind):
    """As UDP, with checksums of a part."""

    name = "udplite"
    label = "udplite"
    protocols = frozenset({"UDP-Lite", "UDPLITEv6"})


KIND = UdpLite()
