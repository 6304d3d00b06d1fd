"""Specimens that are sockets."""

from __future__ import annotations

import array
import fcntl
import os
import select
import socket
import struct
import time
from pathlib import Path

from tests.specimens.files import folder
from tests.specimens.registry import Consume, Keep, Make, specimen, syscall

LOOPBACK = "127.0.0.1"
CHANGING = ("tcp_info", "timer")  # times since, and rates


def receives(size: int = 99) -> Consume:
    """The target's own recv(2)."""

    def consume(fd: int) -> bytes:
        with socket.socket(fileno=os.dup(fd)) as sock:
            return sock.recv(size, socket.MSG_DONTWAIT)

    return consume


def has_data(sock: socket.socket) -> socket.socket:
    select.select([sock], [], [], 5)
    return sock


def accepts(fd: int) -> bytes:
    with socket.socket(fileno=os.dup(fd)) as sock:
        return b"accepted" if sock.accept()[0].detach() > 0 else b""


def _pair(kind: socket.SocketKind) -> Make:
    def make(keep: Keep) -> int:
        near, far = socket.socketpair(socket.AF_UNIX, kind)
        far.send(b"queued")
        keep.append(far)
        return near.detach()

    return make


for _name, _kind in (
    ("stream", socket.SOCK_STREAM),
    ("dgram", socket.SOCK_DGRAM),
    ("seqpacket", socket.SOCK_SEQPACKET),
):
    specimen(f"unix-{_name}", "unix", content=b"queued", consume=receives())(_pair(_kind))


@specimen("unix-end-of-file", "unix", content=b"last words", consume=receives())
def _unix_eof(keep: Keep) -> int:
    near, far = socket.socketpair()
    far.send(b"last words")
    far.close()
    return near.detach()


@specimen("unix-listen", "unix", consume=accepts, expected=b"accepted", unseen=True)
def _unix_listen(keep: Keep) -> int:
    path = str(folder() / f"listen-{time.monotonic_ns()}")
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(5)
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    keep.append(client)
    return server.detach()


@specimen("unix-connected", "unix", content=b"", consume=None)
def _unix_connected(keep: Keep) -> int:
    path = str(folder() / f"served-{time.monotonic_ns()}")
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(5)
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    keep.extend((server, server.accept()[0]))
    return client.detach()


@specimen("unix-unbound", "unix")
def _unix_unbound(keep: Keep) -> int:
    return socket.socket(socket.AF_UNIX).detach()


@specimen("unix-abstract", "unix", content=b"")
def _unix_abstract(keep: Keep) -> int:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(f"\0fdtui-zoo\x01{time.monotonic_ns()}")
    return sock.detach()


def _receives_descriptor(fd: int) -> bytes:
    with socket.socket(fileno=os.dup(fd)) as sock:
        data, ancillary, _, _ = sock.recvmsg(99, 99, socket.MSG_CMSG_CLOEXEC)
    for _, _, raw in ancillary:
        for number in array.array("i", raw):
            os.close(number)
    return data + str(len(ancillary)).encode()


@specimen(
    "unix-in-flight",
    "unix",
    content=b"with a descriptor",
    consume=_receives_descriptor,
    expected=b"with a descriptor1",
)
def _unix_in_flight(keep: Keep) -> int:
    near, far = socket.socketpair()
    socket.send_fds(far, [b"with a descriptor"], [0])
    keep.append(far)
    return near.detach()


def _peeks(fd: int) -> bytes:
    with socket.socket(fileno=os.dup(fd)) as sock:
        return sock.recv(3, socket.MSG_PEEK | socket.MSG_DONTWAIT)


@specimen("unix-peek-offset", "unix", consume=_peeks, expected=b"def", unseen=True)
def _unix_peek_offset(keep: Keep) -> int:
    so_peek_off = 42
    near, far = socket.socketpair()
    far.send(b"abcdef")
    near.setsockopt(socket.SOL_SOCKET, so_peek_off, 0)
    near.recv(3, socket.MSG_PEEK)
    keep.append(far)
    return near.detach()


@specimen("raw", "raw", content=b"")
def _raw(keep: Keep) -> int:
    protocol_for_experiments = 253
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol_for_experiments).detach()


@specimen("raw-6", "raw", content=b"")
def _raw_6(keep: Keep) -> int:
    return socket.socket(socket.AF_INET6, socket.SOCK_RAW, 253).detach()


def _echo(fd: int) -> bytes:
    """The answer to what was sent to ourselves, without its checksum and identifier."""
    with socket.socket(fileno=os.dup(fd)) as sock:
        answer = sock.recv(99, socket.MSG_DONTWAIT)
    return answer[:2] + answer[6:]


@specimen("ping", "ping", consume=_echo, expected=b"\0\0\0\1echo")
def _ping(keep: Keep) -> int:
    """In a network namespace of its own, where our group may: the machine's is not changed."""
    near, far = socket.socketpair()
    child = os.fork()
    if child == 0:
        try:
            socket.send_fds(far, [b"\0"], [_ping_apart()])
        except OSError as error:
            far.send(bytes([error.errno or 0]))
        os._exit(0)
    os.waitpid(child, 0)
    said, found, _, _ = socket.recv_fds(near, 1, 1)
    if not found:
        raise OSError(said[0], os.strerror(said[0]))
    return has_data(socket.socket(fileno=found[0])).detach()


def _ping_apart() -> int:
    clone_newnet, set_flags, up = 0x40000000, 0x8914, 1
    syscall("unshare", clone_newnet)
    group = os.getegid()
    Path("/proc/sys/net/ipv4/ping_group_range").write_text(f"{group} {group}")
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
    fcntl.ioctl(sock, set_flags, struct.pack("16sh22x", b"lo", up))
    sock.sendto(bytes((8, 0, 0, 0, 0, 0, 0, 1)) + b"echo", (LOOPBACK, 0))
    return sock.detach()


@specimen("sctp", "sctp", volatile=CHANGING, unseen=True)
def _sctp(keep: Keep) -> int:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
    sock.bind((LOOPBACK, 0))
    sock.listen(3)
    return sock.detach()


def _message_type(fd: int) -> bytes:
    new_link = 16
    with socket.socket(fileno=os.dup(fd)) as sock:
        kind = struct.unpack_from("IH", sock.recv(65536, socket.MSG_DONTWAIT))[1]
    return b"links" if kind == new_link else str(kind).encode()


@specimen(
    "netlink-route",
    "netlink",
    consume=_message_type,
    expected=b"links",
    volatile=("meminfo",),
)
def _netlink(keep: Keep) -> int:
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    sock.bind((0, 1))
    get_link, request_dump = 18, 0x301
    sock.send(struct.pack("IHHIIB3x", 20, get_link, request_dump, 1, 0, 0))
    return has_data(sock).detach()


@specimen("netlink-diag", "netlink", content=b"")
def _netlink_diag(keep: Keep) -> int:
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4).detach()


def _frame(fd: int) -> bytes:
    with socket.socket(fileno=os.dup(fd)) as sock:
        return b"frame" if b"for packet" in sock.recv(999, socket.MSG_DONTWAIT) else b"none"


@specimen("packet", "packet", consume=_frame, expected=b"frame", volatile=("meminfo", "recv_queue"))
def _packet(keep: Keep) -> int:
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((LOOPBACK, 0))
    port = udp.getsockname()[1]
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    # Other tests use the loopback too: only datagrams to that port.
    code = [(0x28, 0, 0, 36), (0x15, 0, 1, port), (6, 0, 0, 0xFFFF), (6, 0, 0, 0)]
    raw = b"".join(struct.pack("HBBI", *step) for step in code)
    held = array.array("B", raw)
    so_attach_filter = 26
    program = struct.pack("H6xQ", len(code), held.buffer_info()[0])
    sock.setsockopt(socket.SOL_SOCKET, so_attach_filter, program)
    sock.bind(("lo", 3))
    udp.sendto(b"for packet", (LOOPBACK, port))
    keep.append(udp)
    return has_data(sock).detach()


@specimen("vsock", "vsock", unseen=True)
def _vsock(keep: Keep) -> int:
    sock = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    sock.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY))
    sock.listen(1)
    return sock.detach()


@specimen("xdp", "socket", unseen=True)
def _xdp(keep: Keep) -> int:
    return socket.socket(44, socket.SOCK_RAW, 0).detach()


@specimen("alg", "socket", unseen=True)
def _alg(keep: Keep) -> int:
    return socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET, 0).detach()
