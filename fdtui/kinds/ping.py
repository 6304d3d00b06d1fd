"""ICMP sockets of unprivileged ping, icmp(7)."""

from __future__ import annotations

from fdtui.kinds._inet import InetKind


class Ping(InetKind):
    """The port is the echo request's identifier."""

    name = "ping"
    label = "ping"
    protocols = frozenset({"PING", "PINGv6"})


KIND = Ping()
