"""sock_diag(7) about one socket: what ss(8) knows of it and no getter tells.

The kernel looks it up by its addresses or inode; nothing of the socket changes.  The answer counts
only when its inode is the one asked about: ports may be shared (SO_REUSEPORT).
"""

from __future__ import annotations

import struct

from fdtui.linux.lean import NamedTuple, Socket, socket
from fdtui.linux.netlink import ask, attributes
from fdtui.linux.sockdiag import (
    INET,
    INET_REQUEST,
    OWNED_STATES,
    SOCK_DIAG_BY_FAMILY,
    UNIX_REQUEST,
    unix_socket,
)

_NO_COOKIE = b"\xff" * 8
_TIMERS = ("", "retransmit", "keepalive", "timewait", "probe")
_INET_DIAG_SHUTDOWN, _INET_DIAG_BBRINFO, _INET_DIAG_CGROUP_ID = 8, 16, 21
_WITH_CONGESTION = 1 << 3 - 1  # INET_DIAG_VEGASINFO asks for whatever the algorithm tells
_UNIX_ALL = 0x1 | 0x4 | 0x10 | 0x40  # name, peer, queues, uid
_BBR = struct.Struct("=IIIII")  # bandwidth low and high, min rtt us, gains in 1/256
_GAIN = 256


class Endpoint(NamedTuple):
    """One end of a socket of an internet protocol."""

    address: str  # without a scope
    port: int


class Timer(NamedTuple):
    """The timer that runs: ss -o calls them on, keepalive, timewait and persist."""

    name: str  # retransmit keepalive timewait probe
    expires: float  # seconds from now
    retransmits: int  # so far, or probes without an answer


class Bbr(NamedTuple):
    """What the BBR congestion control has measured."""

    bandwidth: int  # bytes a second
    min_rtt: float  # seconds
    pacing_gain: float
    cwnd_gain: float


class Told(NamedTuple):
    """What inet_diag tells of one TCP socket."""

    timer: Timer | None
    cgroup_id: int | None
    shutdown: int  # 1 receive, 2 send, 3 both
    bbr: Bbr | None


def _packed(family: int, end: Endpoint) -> bytes:
    return socket.inet_pton(family, end.address.partition("%")[0]).ljust(16, b"\0")


def ask_tcp(
    sock: Socket,
    ino: int,
    family: int,
    protocol: int,
    local: Endpoint,
    remote: Endpoint | None,
    interface: int = 0,
) -> Told | None:
    """Ask about the TCP socket with that inode; None when the kernel finds another or none.

    `interface`: what it is bound to (SO_BINDTOIFINDEX), without which it is not found.
    """
    nobody = Endpoint("0.0.0.0" if family == socket.AF_INET else "::", 0)  # noqa: S104  a wildcard
    key = struct.pack(
        "=2s2s16s16sI8s",
        local.port.to_bytes(2, "big"),
        (remote or nobody).port.to_bytes(2, "big"),
        _packed(family, local),
        _packed(family, remote or nobody),
        interface,
        _NO_COOKIE,
    )
    request = INET_REQUEST.pack(family, protocol, _WITH_CONGESTION, 0, OWNED_STATES, key)
    try:
        message = ask(sock, SOCK_DIAG_BY_FAMILY, request)
    except OSError:
        return None  # ENOENT: not bound, or closed meanwhile
    _, _, timer, retransmits, _, _, _, _, _, _, expires, _, _, _, found = INET.unpack_from(message)
    if found != ino:
        return None
    more = attributes(message, INET.size)
    shutdown = more.get(_INET_DIAG_SHUTDOWN, b"")
    group = more.get(_INET_DIAG_CGROUP_ID, b"")
    return Told(
        Timer(_TIMERS[timer], expires / 1000, retransmits) if 0 < timer < len(_TIMERS) else None,
        int.from_bytes(group, "little") if group else None,
        shutdown[0] if shutdown else 0,
        _bbr(more.get(_INET_DIAG_BBRINFO, b"")),
    )


def _bbr(raw: bytes) -> Bbr | None:
    """Parse struct tcp_bbr_info."""
    if len(raw) < _BBR.size:
        return None
    low, high, min_rtt, pacing, window = _BBR.unpack_from(raw)
    return Bbr(high << 32 | low, min_rtt / 1e6, pacing / _GAIN, window / _GAIN)


def ask_unix_queues(sock: Socket, ino: int) -> tuple[int, int] | None:
    """Return a unix socket's queues: connections waiting and the backlog, where it listens."""
    request = UNIX_REQUEST.pack(socket.AF_UNIX, 0, 0, OWNED_STATES, ino, _UNIX_ALL, _NO_COOKIE)
    try:
        found = unix_socket(ask(sock, SOCK_DIAG_BY_FAMILY, request))
    except OSError:
        return None
    return found.recv_queue, found.send_queue
