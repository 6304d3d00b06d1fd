"""sock_diag(7): sockets of one network namespace as the kernel lists them, without taking any.

Needs no privilege and shows every user's sockets.  Keys are socket inodes, which are unique on
the machine: all sockets live on one internal file system, whatever their namespace.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

from fdtui.linux.lean import NamedTuple, Socket, socket
from fdtui.linux.netlink import Fields, attributes, dump

SOCK_DIAG_BY_FAMILY = 20
ALL_STATES = 0xFFFFFFFF
_NO_FILE_STATES = 1 << 6 | 1 << 12  # TIME_WAIT, NEW_SYN_RECV: nobody's descriptor
OWNED_STATES = ALL_STATES & ~_NO_FILE_STATES
TCP_ESTABLISHED = 1  # unix sockets use the numbers of TCP
TCP_CLOSE = 7
TCP_LISTEN = 10

IPPROTO_RAW = 255
INET_PROTOCOLS = {
    "tcp": socket.IPPROTO_TCP,
    "udp": socket.IPPROTO_UDP,
    "udplite": socket.IPPROTO_UDPLITE,
}

_ANY_COOKIE = b"\xff" * 8


class UnixSocket(NamedTuple):
    """A unix(7) socket; queues are bytes, for a listener waiting connections and the backlog."""

    ino: int
    type: int  # SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET
    state: int  # as TCP: 1 connected, 7 not, 10 listening
    name: bytes  # sun_path: b"" unnamed, b"\0..." abstract
    file: tuple[int, int, int] | None  # major, minor, inode that a path name was bound to
    peer: int  # inode of the other end, or of the socket a datagram socket sends to; 0 for none
    waiting: tuple[int, ...]  # inodes of connections not accepted yet; 0 for unconnected ones
    recv_queue: int
    send_queue: int
    uid: int
    shutdown: int  # 1 receive, 2 send, 3 both
    cookie: int

    @property
    def path(self) -> str:
        """`/run/x`, `@abstract`; surrogate-escaped."""
        name = self.name
        return "@" + os.fsdecode(name[1:]) if name[:1] == b"\0" else os.fsdecode(name)


class InetSocket(NamedTuple):
    """A socket of an internet protocol; addresses packed, ports in host order."""

    ino: int
    family: int  # AF_INET, AF_INET6
    protocol: str  # tcp udp udplite raw ...
    state: int  # abi.TcpState
    laddr: bytes
    lport: int  # the protocol number for raw sockets
    raddr: bytes
    rport: int
    interface: int
    recv_queue: int  # bytes; for a listener the connections waiting
    send_queue: int  # bytes; for a listener the backlog
    uid: int
    cookie: int
    tcp_info: bytes  # struct tcp_info where it was asked for

    @property
    def local(self) -> str:
        """`127.0.0.1`, `::1`."""
        return socket.inet_ntop(self.family, self.laddr)

    @property
    def remote(self) -> str:
        """The other end's address, `0.0.0.0` or `::` where there is none."""
        return socket.inet_ntop(self.family, self.raddr)


class NetlinkSocket(NamedTuple):
    """A netlink(7) socket; `groups` is the mask of the first 32 multicast groups."""

    ino: int
    type: int
    protocol: int  # NETLINK_ROUTE ...
    state: int
    port: int
    remote_port: int
    groups: int


class PacketSocket(NamedTuple):
    """A packet(7) socket; `protocol` as in if_ether.h, `interface` 0 for all of them."""

    ino: int
    type: int
    protocol: int
    interface: int
    uid: int


UNIX_REQUEST = struct.Struct("=BBHIII8s")
_UNIX = struct.Struct("=BBBxIQ")
_UDIAG_SHOW_ALL = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x40  # name, file, peer, waiting, queues, uid
_UDIAG_SHOW_NAMES = 0x1 | 0x2 | 0x8
_UDIAG_SHOW_PEER = 0x4
_UDIAG_PEER = 2
_PAIR = struct.Struct("=II")
_U32 = struct.Struct("=I")
_UNIX_PEER = Fields("2xBxI8x2xHI")  # of the first attribute type and value


def unix_sockets(sock: Socket) -> dict[int, UnixSocket]:
    """Dump unix_diag with everything it tells."""
    return {one.ino: one for one in map(unix_socket, _unix(sock, _UDIAG_SHOW_ALL))}


def unix_names(sock: Socket) -> list[UnixSocket]:
    """Dump the unix sockets that have names: with file and waiting connections, no peer."""
    # An unnamed one has one attribute, which is always there (shutdown).
    return [unix_socket(m) for m in _unix(sock, _UDIAG_SHOW_NAMES) if len(m) > _UNIX.size + 8]


def unix_peers(sock: Socket) -> list[tuple[int, int, int]]:
    """Return inode, state and peer inode only, 0.5 us each: peer -1 none, 0 not accepted yet."""
    request = _unix_request(_UDIAG_SHOW_PEER)
    return [
        # Another attribute (shutdown) comes first where there is no peer.
        (ino, state, peer if attribute == _UDIAG_PEER else -1)
        for run in _UNIX_PEER.runs(sock, SOCK_DIAG_BY_FAMILY, request)
        for _, state, ino, attribute, peer in run
    ]


def _unix(sock: Socket, show: int) -> Iterator[memoryview]:
    return dump(sock, SOCK_DIAG_BY_FAMILY, _unix_request(show))


def _unix_request(show: int) -> bytes:
    return UNIX_REQUEST.pack(socket.AF_UNIX, 0, 0, ALL_STATES, 0, show, _ANY_COOKIE)


def unix_socket(message: memoryview) -> UnixSocket:
    """Take one message of unix_diag apart."""
    _, kind, state, ino, cookie = _UNIX.unpack_from(message)
    a = attributes(message, 16)
    name = a.get(0, b"")
    file = None
    if 1 in a:
        file_ino, dev = _PAIR.unpack_from(a[1])
        file = (dev >> 20, dev & 0xFFFFF, file_ino)
    waiting = a.get(3, b"")
    recv_queue, send_queue = _PAIR.unpack_from(a[4]) if 4 in a else (0, 0)
    return UnixSocket(
        ino,
        kind,
        state,
        # The length of a path name counts its terminating NUL.
        name if name[:1] == b"\0" else name.rstrip(b"\0"),
        file,
        _U32.unpack_from(a[2])[0] if 2 in a else 0,
        struct.unpack(f"={len(waiting) // 4}I", waiting) if waiting else (),
        recv_queue,
        send_queue,
        _U32.unpack_from(a[7])[0] if 7 in a else -1,
        a[6][0] if 6 in a else 0,
        cookie,
    )


INET_REQUEST = struct.Struct("=BBBBI48s")
INET = struct.Struct("=BBBB2s2s16s16sIQIIIII")
_INET_DIAG_INFO = 2


def inet_sockets(
    sock: Socket,
    family: int,
    protocol: str,
    tcp_info: bool = False,
    states: int = OWNED_STATES,
) -> Iterator[InetSocket]:
    """Dump inet_diag for tcp, udp, udplite or raw; sockets that nobody owns are left out.

    `tcp_info` asks for struct tcp_info too, which costs the kernel the socket's lock.
    OSError ENOENT: this kernel has no such diag (raw: CONFIG_INET_RAW_DIAG).
    """
    wanted = 1 << _INET_DIAG_INFO - 1 if tcp_info else 0
    number = INET_PROTOCOLS.get(protocol, IPPROTO_RAW)
    request = INET_REQUEST.pack(family, number, wanted, 0, states, bytes(48))
    width = 4 if family == socket.AF_INET else 16
    unpack = INET.unpack_from
    port = int.from_bytes
    for message in dump(sock, SOCK_DIAG_BY_FAMILY, request):
        _, state, _, _, sport, dport, src, dst, index, cookie, _, rq, sq, uid, ino = unpack(message)
        if ino:
            yield InetSocket(
                ino,
                family,
                protocol,
                state,
                src[:width],
                port(sport, "big"),
                dst[:width],
                port(dport, "big"),
                index,
                rq,
                sq,
                uid,
                cookie,
                attributes(message, 72).get(_INET_DIAG_INFO, b"") if tcp_info else b"",
            )


_INET_KEY = Fields("xBxx36s28xI")


def inet_keys(sock: Socket, family: int, protocol: str) -> list[tuple[int, int, bytes]]:
    """Return inode, state and the addresses as the kernel packs them, 0.5 us a socket.

    36 bytes: local port, remote port, local address, remote address (16 bytes each, IPv4 in the
    first 4).  Needs what `inet_sockets` needs.
    """
    request = INET_REQUEST.pack(family, INET_PROTOCOLS[protocol], 0, 0, OWNED_STATES, bytes(48))
    return [
        (ino, state, key)
        for run in _INET_KEY.runs(sock, SOCK_DIAG_BY_FAMILY, request)
        for _, state, key, ino in run
        if ino
    ]


_NETLINK_REQUEST = struct.Struct("=BBHII8s")
_NETLINK = struct.Struct("=BBBBIIII")
_NETLINK_ALL = 255


def netlink_sockets(sock: Socket) -> Iterator[NetlinkSocket]:
    """Dump netlink_diag; sockets of the kernel itself are left out."""
    request = _NETLINK_REQUEST.pack(socket.AF_NETLINK, _NETLINK_ALL, 0, 0, 0x2, _ANY_COOKIE)
    for message in dump(sock, SOCK_DIAG_BY_FAMILY, request):
        _, kind, protocol, state, port, remote, _, ino = _NETLINK.unpack_from(message)
        if ino:
            groups = attributes(message, 28).get(1, b"")
            yield NetlinkSocket(
                ino, kind, protocol, state, port, remote, int.from_bytes(groups[:4], "little")
            )


_PACKET_REQUEST = struct.Struct("=BBHII8s")
_PACKET = struct.Struct("=BBHI8x")
_PACKET_SHOW_INFO = 0x1


def packet_sockets(sock: Socket) -> Iterator[PacketSocket]:
    """Dump packet_diag.  OSError ENOENT where CONFIG_PACKET_DIAG is missing."""
    request = _PACKET_REQUEST.pack(socket.AF_PACKET, 0, 0, 0, _PACKET_SHOW_INFO, _ANY_COOKIE)
    for message in dump(sock, SOCK_DIAG_BY_FAMILY, request):
        _, kind, protocol, ino = _PACKET.unpack_from(message)
        a = attributes(message, 16)
        yield PacketSocket(
            ino,
            kind,
            protocol,
            _U32.unpack_from(a[0])[0] if 0 in a else 0,
            _U32.unpack_from(a[5])[0] if 5 in a else -1,
        )
