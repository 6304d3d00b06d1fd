"""Specimens that are TCP and UDP sockets."""

from __future__ import annotations

import errno
import os
import select
import socket

from tests.specimens.registry import Consume, Keep, Make, specimen
from tests.specimens.sockets import CHANGING, LOOPBACK, accepts, has_data, receives


def _pending(expected: int) -> Consume:
    def consume(fd: int) -> bytes:
        with socket.socket(fileno=os.dup(fd)) as sock:
            found = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return b"pending" if found == expected else f"lost: {found}".encode()

    return consume


def _tcp(family: int = socket.AF_INET, host: str = LOOPBACK) -> tuple[socket.socket, ...]:
    server = socket.socket(family)
    server.bind((host, 0))
    server.listen(7)
    client = socket.create_connection(server.getsockname()[:2])
    return server, client, server.accept()[0]


@specimen("tcp", "tcp", content=b"tcp queued", consume=receives(), volatile=CHANGING)
def _tcp_client(keep: Keep) -> int:
    server, client, accepted = _tcp()
    accepted.send(b"tcp queued")
    keep.extend((server, accepted))
    return has_data(client).detach()


@specimen("tcp-6", "tcp", content=b"six", consume=receives(), volatile=CHANGING)
def _tcp_6(keep: Keep) -> int:
    server, client, accepted = _tcp(socket.AF_INET6, "::1")
    client.send(b"six")
    keep.extend((server, client))
    return has_data(accepted).detach()


@specimen(
    "tcp-listen",
    "tcp",
    consume=accepts,
    expected=b"accepted",
    volatile=CHANGING,
    unseen=True,
)
def _tcp_listen(keep: Keep) -> int:
    server, *rest = _tcp()
    keep.extend((rest, socket.create_connection(server.getsockname())))
    has_data(server)
    return server.detach()


@specimen("tcp-unbound", "tcp", volatile=CHANGING)
def _tcp_unbound(keep: Keep) -> int:
    return socket.socket().detach()


def _closed_port() -> int:
    with socket.socket() as sock:
        sock.bind((LOOPBACK, 0))
        port: int = sock.getsockname()[1]
    return port


@specimen(
    "tcp-error",
    "tcp",
    consume=_pending(errno.ECONNREFUSED),
    expected=b"pending",
    volatile=CHANGING,
)
def _tcp_error(keep: Keep) -> int:
    sock = socket.socket()
    sock.setblocking(False)
    sock.connect_ex((LOOPBACK, _closed_port()))
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    poll.poll(5000)
    return sock.detach()


@specimen("mptcp", "tcp", volatile=CHANGING)
def _mptcp(keep: Keep) -> int:
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262).detach()


def _udp(family: int, host: str, protocol: int = 0) -> Make:
    def make(keep: Keep) -> int:
        sock = socket.socket(family, socket.SOCK_DGRAM, protocol)
        sock.bind((host, 0))
        other = socket.socket(family, socket.SOCK_DGRAM, protocol)
        other.connect(sock.getsockname())
        other.send(b"first")
        other.send(b"second one")
        keep.append(other)
        return has_data(sock).detach()

    return make


specimen("udp", "udp", content=b"first", consume=receives())(_udp(socket.AF_INET, LOOPBACK))
specimen("udp-6", "udp", content=b"first", consume=receives())(_udp(socket.AF_INET6, "::1"))
specimen("udplite", "udplite", content=b"first", consume=receives())(
    _udp(socket.AF_INET, LOOPBACK, socket.IPPROTO_UDPLITE)
)


def _be_refused(sock: socket.socket) -> None:
    """Have ECONNREFUSED pending.  ICMP messages are limited for the whole machine: try again."""
    poll = select.poll()
    poll.register(sock, 0)
    for _ in range(50):
        sock.connect((LOOPBACK, _closed_port()))
        sock.send(b"x")
        if poll.poll(100):
            return
    raise TimeoutError("no port refuses")


@specimen("udp-error", "udp", consume=_pending(errno.ECONNREFUSED), expected=b"pending")
def _udp_error(keep: Keep) -> int:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    _be_refused(sock)
    return sock.detach()


@specimen(
    "udp-error-behind-data",
    "udp",
    consume=_pending(errno.ECONNREFUSED),
    expected=b"pending",
    unseen=True,
)
def _udp_error_behind_data(keep: Keep) -> int:
    """A datagram is queued and an error pending: even a peek gets, and takes, the error first."""
    fd = _udp(socket.AF_INET, LOOPBACK)(keep)
    with socket.socket(fileno=os.dup(fd)) as sock:
        _be_refused(sock)
    return fd
