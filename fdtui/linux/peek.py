"""Peek: the only operations allowed on a description that is shared with a stranger.

Nothing here moves an offset, takes a byte from a queue, changes a flag or a lock.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import sys

from fdtui.linux import syscalls
from fdtui.linux.lean import NamedTuple, Socket, socket
from fdtui.linux.owned import OwnedFd
from fdtui.linux.procfs import FdInfo, parse_fdinfo

F_SETPIPE_SZ = 1031
F_GETPIPE_SZ = 1032
F_GET_SEALS = 1034
FIONREAD = 0x541B
SIOCOUTQ = 0x5411
MAX_QUEUE = 1 << 20  # /proc/sys/fs/pipe-max-size, as shipped


class Datagram(NamedTuple):
    """What is at the head of a receive queue; `length` is the whole message's, in bytes."""

    data: bytes
    length: int


class Peek:
    """Looks at one acquired descriptor.  Borrows the number: the owner closes it."""

    __slots__ = ("_owned",)

    def __init__(self, owned: OwnedFd) -> None:
        self._owned = owned

    def _fd(self) -> int:
        return self._owned.fileno()

    def number_for_linux(self) -> int:
        """The number, for the peek_* modules beside this one and for nobody above."""
        return self._owned.fileno()

    def pread(self, length: int, offset: int) -> bytes:
        """pread(2): never moves the shared offset.  May return less, and blocks on a dead server.

        Only for kinds where it is known to be harmless: it consumes on tun and /proc/kmsg.
        """
        return os.pread(self._fd(), length, offset)

    def fstat(self) -> os.stat_result:
        """fstat(2).  Asks the server of a network file system: may block."""
        return os.fstat(self._fd())

    def statx(self) -> syscalls.Statx:
        """statx(2) with AT_STATX_DONT_SYNC: what the kernel knows, never blocks."""
        return syscalls.statx(self._fd(), "", syscalls.AT_EMPTY_PATH | syscalls.AT_STATX_DONT_SYNC)

    def fdinfo(self) -> FdInfo:
        """Our own fdinfo: position, flags and kind lines are those of the shared description."""
        fd = os.open(f"/proc/thread-self/fdinfo/{self._fd()}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            chunks = []
            while chunk := os.read(fd, 65536):
                chunks.append(chunk)
        finally:
            os.close(fd)
        return parse_fdinfo(b"".join(chunks))

    def link(self) -> str:
        """The link text of what is held, as /proc/self/fd tells it."""
        return os.readlink(f"/proc/thread-self/fd/{self._fd()}")

    def open_anew(self, flags: int = os.O_RDONLY) -> OwnedFd:
        """Open the same file again: a private description with its own offset, for regular files.

        O_NOATIME where the kernel grants it (owner or CAP_FOWNER), so that no access time moves.
        """
        path = f"/proc/thread-self/fd/{self._fd()}"
        flags |= os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
        try:
            return OwnedFd(os.open(path, flags | os.O_NOATIME))
        except PermissionError:
            return OwnedFd(os.open(path, flags))

    def open_directory(self) -> OwnedFd:
        """Open the directory again by its own ".": listing it cannot move the target's offset."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        try:
            return OwnedFd(os.open(".", flags | os.O_NOATIME, dir_fd=self._fd()))
        except PermissionError:
            return OwnedFd(os.open(".", flags, dir_fd=self._fd()))

    def same_as(self, pid: int, fd: int) -> bool:
        """kcmp(2): is this the description behind that descriptor?  OSError when it can't say."""
        return syscalls.kcmp(os.getpid(), pid, syscalls.KCMP_FILE, self._fd(), fd) == 0

    def epoll_watches(self, pid: int, fd: int, tfd: int, toff: int = 0) -> bool:
        """Is `fd` of `pid` the `toff`th file this epoll watches as `tfd`?  (KCMP_EPOLL_TFD)"""
        return syscalls.kcmp_epoll_tfd(pid, fd, os.getpid(), self._fd(), tfd, toff) == 0

    def _ioctl_int(self, request: int) -> int:
        return int.from_bytes(self.ioctl_read(request, 4), sys.byteorder, signed=True)

    def queued(self) -> int:
        """FIONREAD: bytes waiting to be read (the first message only, for datagram sockets)."""
        return self._ioctl_int(FIONREAD)

    def unsent(self) -> int:
        """SIOCOUTQ/TIOCOUTQ: bytes written and not yet taken (for unix sockets: buffer memory)."""
        return self._ioctl_int(SIOCOUTQ)

    def ioctl_read(self, request: int, size: int) -> bytes:
        """An ioctl that only fills a buffer of `size` bytes; the kind's file names which."""
        buffer = bytearray(size)
        fcntl.ioctl(self._fd(), request, buffer, True)
        return bytes(buffer)

    def ioctl_value(self, request: int) -> int:
        """An ioctl that only returns a number and takes none."""
        return fcntl.ioctl(self._fd(), request)

    def pipe_size(self) -> int:
        """F_GETPIPE_SZ: capacity in bytes."""
        return fcntl.fcntl(self._fd(), F_GETPIPE_SZ)

    def seals(self) -> int:
        """F_GET_SEALS of a memfd."""
        return fcntl.fcntl(self._fd(), F_GET_SEALS)

    def poll(self, events: int = select.POLLIN | select.POLLOUT) -> int:
        """poll(2) without waiting.  Not for procfs files: it eats their POLLPRI."""
        poller = select.poll()
        poller.register(self._fd(), events)
        ready = poller.poll(0)
        return ready[0][1] if ready else 0

    def tee(self, length: int = MAX_QUEUE) -> bytes:
        """tee(2) the head of a pipe: the bytes stay queued.  b"" when nothing is queued.

        Needs a readable end (EBADF otherwise); the kind decides about opening one.
        """
        read_end, write_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        with OwnedFd(read_end) as scratch, OwnedFd(write_end) as into:
            try:
                fcntl.fcntl(write_end, F_SETPIPE_SZ, length)
            except OSError:
                pass  # over the user's pipe quota: the default 64 KiB still shows the head
            try:
                count = syscalls.tee(self._fd(), into.fileno(), length)
            except BlockingIOError:
                return b""
            chunks = []
            while count > 0:
                # Packet pipes give one packet a read, so one read is not enough.
                chunk = os.read(scratch.fileno(), count)
                if not chunk:
                    break
                chunks.append(chunk)
                count -= len(chunk)
            return b"".join(chunks)

    def msg_peek(self, length: int = MAX_QUEUE) -> Datagram | None:
        """recv(MSG_PEEK|MSG_DONTWAIT|MSG_TRUNC); None when it would not be harmless.

        A peek consumes a pending socket error, hence FIONREAD > 0 and no POLLERR first: poll(2)
        reports one for as long as there is one, while a hang-up alone leaves last bytes to see.
        There is no control buffer: one would install descriptors in flight in us.  Where the
        target peeks at an offset of its own (SO_PEEK_OFF), a peek of ours would move it.
        """
        try:
            if self.queued() <= 0:
                return None
        except OSError as error:
            if error.errno == errno.EINVAL:
                return None  # it listens
            if error.errno not in (errno.ENOTTY, errno.EOPNOTSUPP):
                raise
        state = self.poll(select.POLLIN)
        if state & select.POLLERR or not state & select.POLLIN:
            return None
        with socket_on(self._fd()) as sock:
            if _peek_offset(sock) >= 0:
                return None
            stream = sock.type == socket.SOCK_STREAM
            flags = socket.MSG_PEEK | socket.MSG_DONTWAIT
            if stream:
                data = sock.recv(length, flags)
                return Datagram(data, len(data))
            buffer = bytearray(length)
            count = sock.recv_into(buffer, length, flags | socket.MSG_TRUNC)
            return Datagram(bytes(buffer[: min(count, length)]), count)

    def getsockopt(self, level: int, option: int, size: int = 4) -> bytes:
        """getsockopt(2) into `size` bytes.  Never SO_ERROR or PACKET_STATISTICS: they clear."""
        if (level, option) in CLEARING:
            raise ValueError("reading that option clears it for the target")
        with socket_on(self._fd()) as sock:
            return sock.getsockopt(level, option, size)

    def getsockname(self) -> object:
        """getsockname(2) as Python's socket module gives it."""
        with socket_on(self._fd()) as sock:
            return sock.getsockname()

    def getpeername(self) -> object:
        """getpeername(2); OSError ENOTCONN when there is none."""
        with socket_on(self._fd()) as sock:
            return sock.getpeername()

    def tcgetattr(self) -> list[object]:
        """tcgetattr(3): terminal settings."""
        import termios

        return list(termios.tcgetattr(self._fd()))


def socket_on(fd: int) -> Socket:
    """A socket object on a duplicate number: constructing it changes no flag, closing it closes
    the duplicate only.  OSError EOPNOTSUPP for a family without getsockname (XDP)."""
    number = os.dup(fd)
    try:
        return Socket(fileno=number)
    except OSError:
        os.close(number)
        raise


def _peek_offset(sock: Socket) -> int:
    """SO_PEEK_OFF; -1 where it is off or the family has none."""
    try:
        return sock.getsockopt(socket.SOL_SOCKET, SO_PEEK_OFF)
    except OSError:
        return -1


SO_ERROR = 4
SO_PEEK_OFF = 42
SOL_PACKET = 263
PACKET_STATISTICS = 6
CLEARING = {(socket.SOL_SOCKET, SO_ERROR), (SOL_PACKET, PACKET_STATISTICS)}
