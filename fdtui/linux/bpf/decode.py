"""From the bytes of a pass to rows.  Pure: the same bytes give the same rows."""

from __future__ import annotations

import functools
import os
import socket
from collections.abc import Iterator
from typing import NamedTuple

from fdtui.linux.bpf.layout import HEAD, HEAD_STRUCT, SOCK, SOCK_STRUCT, TAIL

_LISTEN = 10
O_CLOEXEC = 0o2000000
_LENGTH = [field.name for field in HEAD].index("length")
_INO = [field.name for field in HEAD].index("ino")
_SOCK_SIZE = SOCK_STRUCT.size


class Sock(NamedTuple):
    """State of one socket; queues in bytes (listeners: waiting and allowed connections).

    Ports are numbers, addresses text, `path` a unix name (`@` first when abstract).  A queue is
    None where the iterator cannot count it.
    """

    family: int
    type: int
    protocol: int
    state: int
    laddr: str
    lport: int
    raddr: str
    rport: int
    recv_queue: int | None
    send_queue: int | None
    netns: int
    peer_ino: int
    path: str
    scm_fds: int | None


class Row(NamedTuple):
    """One descriptor.  `ofd` and `table` are equal for equal kernel objects within one program.

    `dev` and `rdev` are the kernel's numbers (major << 20 | minor), `blocks` units of 512 bytes;
    `more`: fdinfo has lines that only /proc prints (1 of the kind, 2 perhaps locks).
    """

    ofd: int
    table: int
    pos: int
    ino: int
    size: int
    blocks: int
    magic: int
    pid: int
    tid: int
    fd: int
    flags: int
    cloexec: int
    mnt_id: int
    dev: int
    rdev: int
    nlink: int
    uid: int
    more: int
    pipe_head: int
    pipe_tail: int
    pipe_slots: int
    mode: int
    length: int
    is_sock: int


assert Row._fields == tuple(field.name for field in HEAD)


class _RawSock(NamedTuple):
    peer_ino: int
    netns: int
    rx_packets: int
    rx_alloc: int
    tx_alloc: int
    backlog: int
    max_backlog: int
    rcv_nxt: int
    copied_seq: int
    write_seq: int
    snd_una: int
    scm_fds: int
    show_fdinfo: int
    saddr: bytes
    daddr: bytes
    saddr6: bytes
    daddr6: bytes
    proto_name: bytes
    family: int
    type: int
    protocol: int
    lport: int
    dport: int
    unix_length: int
    state: int


assert _RawSock._fields == tuple(field.name for field in SOCK if field.name)


def walk(chunk: bytes) -> Iterator[tuple[Row, bytes]]:
    """Rows of a chunk with what follows each: a path without its NUL, or a socket's bytes."""
    unpack, make, at, end = HEAD_STRUCT.unpack_from, Row._make, 0, len(chunk)
    while at < end:
        row = make(unpack(chunk, at))
        stop = at + TAIL + row[_LENGTH]
        yield row, chunk[at + TAIL : stop]
        at = stop + 7 & -8


@functools.lru_cache(maxsize=65536)
def _address(family: int, raw: bytes) -> str:
    return socket.inet_ntop(family, raw)


@functools.lru_cache(maxsize=256)
def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("ascii", "replace")


def _unix_path(raw: bytes) -> str:
    """A sockaddr_un after its family: a path ends at NUL, an abstract name starts with one."""
    name = raw[2:]
    if name[:1] == b"\0":
        return "@" + os.fsdecode(name[1:])
    return os.fsdecode(name.partition(b"\0")[0])


def sock_of(tail: bytes) -> tuple[Sock, str]:
    """(socket, its protocol's name as in system.sockprotoname) from a socket's bytes."""
    raw = _RawSock._make(SOCK_STRUCT.unpack_from(tail))
    laddr = raddr = path = ""
    lport, rport = raw.lport, socket.ntohs(raw.dport)
    receive: int | None
    send: int | None
    if raw.family == socket.AF_INET:
        laddr, raddr = _address(raw.family, raw.saddr), _address(raw.family, raw.daddr)
    elif raw.family == socket.AF_INET6:
        laddr, raddr = _address(raw.family, raw.saddr6), _address(raw.family, raw.daddr6)
    else:
        lport = rport = 0
        path = _unix_path(tail[_SOCK_SIZE:]) if raw.unix_length else ""
    if raw.state == _LISTEN:
        receive, send = raw.backlog, raw.max_backlog
    elif raw.write_seq or raw.rcv_nxt:
        receive = max(_signed(raw.rcv_nxt - raw.copied_seq), 0)
        send = _signed(raw.write_seq - raw.snd_una)
    elif laddr:
        receive, send = raw.rx_alloc, raw.tx_alloc - 1  # one is the socket's own
    else:
        receive, send = (None if raw.rx_packets else 0), raw.tx_alloc - 1
    return (
        Sock(
            raw.family,
            raw.type,
            raw.protocol,
            raw.state,
            laddr,
            lport,
            raddr,
            rport,
            receive,
            send,
            raw.netns,
            raw.peer_ino,
            path,
            raw.scm_fds if raw.show_fdinfo else None,
        ),
        _text(raw.proto_name),
    )


def _signed(value: int) -> int:
    """A difference of two u32 sequence numbers."""
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)


def link_of(row: Row, tail: bytes) -> str:
    """What readlink(2) of /proc/PID/fd/N gives."""
    return f"socket:[{row.ino}]" if row.is_sock else os.fsdecode(tail[:-1])
