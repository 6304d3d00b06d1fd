"""From the bytes of a pass to rows.  Pure: the same bytes give the same rows."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator

from fdtui.linux.bpf.layout import HEAD, HEAD_STRUCT, SOCK_STRUCT, TAIL
from fdtui.linux.lean import NamedTuple, socket
from fdtui.linux.record import Sock

_ESTABLISHED, _LISTEN = 1, 10
O_CLOEXEC = 0o2000000
_ENCODING, _ERRORS = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
_LENGTH = [field.name for field in HEAD].index("length")
_SOCK_SIZE = SOCK_STRUCT.size
_AF_UNIX, _AF_INET, _AF_INET6 = int(socket.AF_UNIX), int(socket.AF_INET), int(socket.AF_INET6)


class Row(NamedTuple):
    """One descriptor.  `ofd` and `table` are equal for equal kernel objects within one program.

    `dev` and `rdev` are the kernel's numbers (major << 20 | minor), `blocks` units of 512 bytes;
    `more`: bits of layout.More; `alone`: 1
    where no other descriptor is of the same description, 0 where one may be.
    """

    ofd: int
    table: int
    pos: int
    ino: int
    size: int
    blocks: int
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
    alone: int
    mode: int
    length: int
    is_sock: int


assert Row._fields == tuple(field.name for field in HEAD)


def walk(chunk: bytes) -> Iterator[tuple[Row, bytes]]:
    """Rows of a chunk with what follows each: a path without its NUL, or a socket's bytes."""
    unpack, make, at, end = HEAD_STRUCT.unpack_from, Row._make, 0, len(chunk)
    while at < end:
        row = make(unpack(chunk, at))
        stop = at + TAIL + row[_LENGTH]
        yield row, chunk[at + TAIL : stop]
        at = stop + 7 & -8


class Texts(dict[bytes, str]):
    """Bytes -> text, remembered: a machine has few different names for many descriptors."""

    most = 1 << 16

    def __missing__(self, raw: bytes) -> str:
        if len(self) >= self.most:
            self.clear()
        text = self[raw] = self.decode(raw)
        return text

    def decode(self, raw: bytes) -> str:
        return str(raw, _ENCODING, _ERRORS)  # a third of the time of os.fsdecode


class _Addresses(Texts):
    def decode(self, raw: bytes) -> str:
        return socket.inet_ntop(_AF_INET if len(raw) == 4 else _AF_INET6, raw)


class _Protocols(Texts):
    def decode(self, raw: bytes) -> str:
        return raw.partition(b"\0")[0].decode("ascii", "replace")


_addresses, _protocols = _Addresses(), _Protocols()
_unpack_sock, _ntohs = SOCK_STRUCT.unpack_from, socket.ntohs
_new_sock: Callable[..., Sock] = tuple.__new__
_new_socket: Callable[..., Socket] = tuple.__new__


def _unix_path(raw: bytes) -> str:
    """A sockaddr_un after its family: a path ends at NUL, an abstract name starts with one."""
    name = raw[2:]
    if name[:1] == b"\0":
        return "@" + os.fsdecode(name[1:])
    return os.fsdecode(name.partition(b"\0")[0])


class Socket(NamedTuple):
    """A socket's part of a record; `extra` as its fdinfo, None where only /proc can tell."""

    sock: Sock
    proto: str  # as system.sockprotoname
    extra: str | None


def sock_of(data: bytes, at: int = 0) -> Socket:
    """Decode what follows the head of a socket's record, and starts there."""
    # fmt: off
    (
        peer_ino, netns, rx_packets, rx_alloc, tx_alloc, backlog, max_backlog, rcv_nxt, copied_seq,
        write_seq, snd_una, scm_fds, show_fdinfo, saddr, daddr, saddr6, daddr6, proto, family,
        type_, protocol, lport, dport, unix_length, state,
    ) = _unpack_sock(data, at)
    # fmt: on
    laddr = raddr = path = ""
    extra: str | None = ""
    rport = _ntohs(dport)
    if family == _AF_INET:
        laddr, raddr = _addresses[saddr], _addresses[daddr]
    elif family == _AF_INET6:
        laddr, raddr = _addresses[saddr6], _addresses[daddr6]
    else:
        lport = rport = 0
        if unix_length:
            name = at + _SOCK_SIZE
            path = _unix_path(data[name : name + unix_length])
        if show_fdinfo and family == _AF_UNIX:
            # unix_show_fdinfo(): a listener counts the descriptors in flight of all who wait
            extra = None if state == _LISTEN else _scm_fds(type_, state, scm_fds)
    receive: int | None
    if state == _LISTEN:
        receive, send = backlog, max_backlog
    elif write_seq or rcv_nxt:
        # most queues are empty
        receive = 0 if rcv_nxt == copied_seq else max(_signed(rcv_nxt - copied_seq), 0)
        send = 0 if write_seq == snd_una else _signed(write_seq - snd_una)
    elif laddr:
        receive, send = rx_alloc, tx_alloc - 1  # one is the socket's own
    else:
        receive, send = (None if rx_packets else 0), tx_alloc - 1
    # fmt: off
    sock = _new_sock(Sock, (
        family, type_, protocol, state, laddr, lport, raddr, rport, receive, send, netns,
        peer_ino, path,
    ))
    # fmt: on
    return _new_socket(Socket, (sock, _protocols[proto], extra))


def _scm_fds(type_: int, state: int, scm_fds: int) -> str:
    counts = type_ == socket.SOCK_DGRAM or state == _ESTABLISHED
    return f"scm_fds: {scm_fds if counts else 0}\n"


def _signed(value: int) -> int:
    """A difference of two u32 sequence numbers."""
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)


def link_of(row: Row, tail: bytes) -> str:
    """What readlink(2) of /proc/PID/fd/N gives."""
    return f"socket:[{row.ino}]" if row.is_sock else os.fsdecode(tail[:-1])
