"""Descriptors and credentials as ancillary data of AF_UNIX sockets: unix(7), cmsg(3).

`socket.recv_fds()` is not used: it drops its flags argument, so that descriptors would arrive
without close-on-exec.
"""

from __future__ import annotations

import array
import socket
import struct
from collections.abc import Sequence
from typing import Protocol

from fdtui.errors import FdtuiError
from fdtui.linux.lean import NamedTuple
from fdtui.linux.owned import OwnedFd

SCM_MAX_FD = 253  # of one message, include/net/scm.h
SO_PEERPIDFD = 77  # Linux 6.5
SO_PASSRIGHTS = 83  # Linux 6.16
SCM_SECURITY = 3
_INT = array.array("i").itemsize
_CREDENTIALS = struct.Struct("3i")


class HasFileno(Protocol):
    """Whatever owns a descriptor number: OwnedFd, a socket, a file."""

    def fileno(self) -> int:
        """Return the number."""


class Peer(NamedTuple):
    """Credentials as the kernel vouches for them; `pid` is 0 for one in another pid namespace."""

    pid: int
    uid: int
    gid: int


class Message(NamedTuple):
    """One message; the descriptors belong to whoever takes this."""

    data: bytes
    fds: tuple[OwnedFd, ...]
    sender: Peer | None  # SCM_CREDENTIALS, where want_credentials() was asked for

    def close(self) -> None:
        """Close every descriptor that came."""
        for fd in self.fds:
            fd.let_go()


class Truncated(FdtuiError):
    """More came than there was room for: data (MSG_TRUNC) or descriptors (MSG_CTRUNC).

    What came of the descriptors is closed already; `sender` is known all the same.
    """

    def __init__(self, message: str, sender: Peer | None, descriptors: bool) -> None:
        super().__init__(message)
        self.sender = sender
        self.descriptors = descriptors


def receive(sock: socket.socket, size: int, max_fds: int, flags: int = 0) -> Message:
    """Receive one message with at most `max_fds` descriptors, close-on-exec; data b'' at the end.

    A surplus descriptor, or one that finds this process's table full, is an error (Truncated) and
    everything that came is closed.  OSError as recvmsg(2).
    """
    # CMSG_LEN, not CMSG_SPACE: the padding would be room for one descriptor more.
    room = socket.CMSG_SPACE(_CREDENTIALS.size) + socket.CMSG_LEN(_INT * max_fds)
    data, ancillary, result, _ = sock.recvmsg(size, room, flags | socket.MSG_CMSG_CLOEXEC)
    numbers = array.array("i")
    sender = None
    for level, kind, payload in ancillary:
        if level != socket.SOL_SOCKET or kind == SCM_SECURITY:
            continue
        if kind == socket.SCM_CREDENTIALS:
            sender = Peer(*_CREDENTIALS.unpack(payload))
        else:  # SCM_RIGHTS; SCM_PIDFD is a descriptor too
            numbers.frombytes(payload[: len(payload) // _INT * _INT])
    message = Message(data, tuple(map(OwnedFd, numbers)), sender)
    # Without SO_PASSCRED the room for credentials takes descriptors: hence the count as well.
    if result & (socket.MSG_CTRUNC | socket.MSG_TRUNC) or len(numbers) > max_fds:
        message.close()
        lost = bool(result & socket.MSG_CTRUNC) or len(numbers) > max_fds
        what = f"more than {max_fds} descriptors, or the table is full" if lost else "too long"
        raise Truncated(f"the message was cut: {what}", sender, lost)
    return message


def send(sock: socket.socket, data: bytes, fds: Sequence[HasFileno] = (), flags: int = 0) -> None:
    """Send one message of at least one byte: a stream loses the descriptors of an empty one.

    OSError as sendmsg(2): ETOOMANYREFS too many in flight, EINVAL io_uring or more than 253.
    """
    if not data:
        raise ValueError("descriptors need a byte to travel with")
    rights = array.array("i", [fd.fileno() for fd in fds])
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if rights else []
    sock.sendmsg([data], ancillary, flags | socket.MSG_NOSIGNAL)


def peer(sock: socket.socket) -> Peer:
    """Return who connected, listened, or made the pair (SO_PEERCRED)."""
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return Peer(*_CREDENTIALS.unpack(raw))


def peer_pidfd(sock: socket.socket) -> OwnedFd | None:
    """Return a pidfd of that process (SO_PEERPIDFD); None before Linux 6.5."""
    try:
        return OwnedFd(sock.getsockopt(socket.SOL_SOCKET, SO_PEERPIDFD))
    except OSError:
        return None


def want_credentials(sock: socket.socket) -> None:
    """Have the kernel attach the sender's credentials to every message (SO_PASSCRED)."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)


def refuse_descriptors(sock: socket.socket) -> bool:
    """Make senders of descriptors fail with EPERM (SO_PASSRIGHTS=0); False before Linux 6.16.

    There a receiver must do without a control buffer: recv() drops descriptors in the kernel.
    """
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_PASSRIGHTS, 0)
    except OSError:
        return False
    return True
