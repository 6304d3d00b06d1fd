"""The part of Act for sockets, and giving a descriptor away by SCM_RIGHTS."""

from __future__ import annotations

import errno
import os
import select
import socket
import stat
import struct

from fdtui.linux import scm
from fdtui.linux.act_queue import QueueAct
from fdtui.linux.owned import OwnedFd
from fdtui.linux.peek import socket_on
from fdtui.linux.written import Written, write_all

_NOW = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL
_GIVE_TIMEOUT = struct.pack("ll", 2, 0)  # struct timeval, for a listener that does not accept


class SocketAct(QueueAct):
    """Send, shut down, set options."""

    __slots__ = ()

    def _is_socket(self) -> bool:
        return stat.S_ISSOCK(os.fstat(self._fd()).st_mode)

    def _socket(self) -> socket.socket:
        """Make a socket object on a duplicate number: that changes no flag (no setblocking())."""
        return socket_on(self._fd())

    def send(self, data: bytes) -> Written:
        """send(2) with MSG_DONTWAIT and MSG_NOSIGNAL: a stream in pieces, else one message."""
        with self._socket() as sock:
            if sock.type == socket.SOCK_STREAM:
                return write_all(
                    lambda rest, _: sock.send(rest, _NOW),
                    data,
                    lambda: self._ready(select.POLLOUT),
                )
            try:
                return Written(sock.send(data, _NOW), len(data))
            except OSError as error:
                return Written(0, len(data), error.errno or errno.EIO)

    def shutdown(self, how: int) -> None:
        """shutdown(2) with SHUT_RD, SHUT_WR or SHUT_RDWR: for every sharer, and not undone."""
        with self._socket() as sock:
            sock.shutdown(how)

    def setsockopt(self, level: int, option: int, value: int) -> None:
        """setsockopt(2) of an int option, socket(7), tcp(7)."""
        with self._socket() as sock:
            sock.setsockopt(level, option, value)


def give(owned: OwnedFd, path: str) -> scm.Peer | None:
    """Send a descriptor and one zero byte to whoever listens at a unix socket, unix(7).

    `path` starts with @ for the abstract namespace.  Any of the three socket types; returns who
    took the connection, None for a datagram socket, which has no connection.
    """
    address: str | bytes = b"\0" + os.fsencode(path[1:]) if path.startswith("@") else path
    refused = OSError(errno.EPROTOTYPE, os.strerror(errno.EPROTOTYPE))
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        with socket.socket(socket.AF_UNIX, kind | socket.SOCK_CLOEXEC) as sock:
            # The kernel's timeout: a non-blocking connect(2) fails at once while others are queued.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _GIVE_TIMEOUT)
            try:
                sock.connect(address)
            except OSError as error:
                # In the abstract namespace a listener of another type counts as none.
                wrong_type = error.errno == errno.EPROTOTYPE
                if wrong_type or (error.errno == errno.ECONNREFUSED and path.startswith("@")):
                    refused = error
                    continue
                raise
            scm.send(sock, b"\0", [owned])
            return None if kind == socket.SOCK_DGRAM else scm.peer(sock)
    raise refused
