"""Dumps of sockets in the words of the engines, one function for each family and protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fdtui.linux import sockdiag
from fdtui.linux.lean import Socket, socket
from fdtui.linux.record import Sock

_FAMILIES = (socket.AF_INET, socket.AF_INET6)
_TYPES = {"tcp": socket.SOCK_STREAM, "raw": socket.SOCK_RAW}
_DGRAM, _UNIX = socket.SOCK_DGRAM, socket.AF_UNIX
_NETLINK, _PACKET = socket.AF_NETLINK, socket.AF_PACKET

Dump = Callable[[Socket, int], Iterator[tuple[int, Sock]]]


def _inet(family: int, protocol: str) -> Dump:
    number = sockdiag.INET_PROTOCOLS.get(protocol, sockdiag.IPPROTO_RAW)
    kind = _TYPES.get(protocol, _DGRAM)
    raw = protocol == "raw"

    def dump(sock: Socket, netns: int) -> Iterator[tuple[int, Sock]]:
        texts: dict[bytes, str] = {}
        for one in sockdiag.inet_sockets(sock, family, protocol):
            addresses = []
            for packed in (one.laddr, one.raddr):
                text = texts.get(packed)
                if text is None:
                    text = texts[packed] = socket.inet_ntop(family, packed)
                addresses.append(text)
            local, remote = addresses
            # fmt: off
            yield one.ino, Sock(
                family, kind, one.lport if raw else number, one.state, local, one.lport, remote,
                one.rport, one.recv_queue, one.send_queue, netns, 0, "",
            )
            # fmt: on

    return dump


def unix(sock: Socket, netns: int) -> Iterator[tuple[int, Sock]]:
    for one in sockdiag.unix_sockets(sock).values():
        # fmt: off
        yield one.ino, Sock(
            _UNIX, one.type, 0, one.state, "", 0, "", 0, one.recv_queue, one.send_queue, netns,
            one.peer, one.path,
        )
        # fmt: on


def _netlink(sock: Socket, netns: int) -> Iterator[tuple[int, Sock]]:
    for one in sockdiag.netlink_sockets(sock):
        # fmt: off
        yield one.ino, Sock(
            _NETLINK, one.type, one.protocol, one.state, "", one.port, "", 0, None, None, netns,
            0, "",
        )
        # fmt: on


def _packet(sock: Socket, netns: int) -> Iterator[tuple[int, Sock]]:
    for one in sockdiag.packet_sockets(sock):
        # fmt: off
        yield one.ino, Sock(
            _PACKET, one.type, socket.htons(one.protocol), 7, "", 0, "", 0, None, None, netns, 0,
            "",
        )
        # fmt: on


OTHERS: tuple[tuple[str, Dump], ...] = (
    *(
        (f"inet_diag {protocol}", _inet(family, protocol))
        for family in _FAMILIES
        for protocol in (*sockdiag.INET_PROTOCOLS, "raw")
    ),
    ("netlink_diag", _netlink),
    ("packet_diag", _packet),
)
