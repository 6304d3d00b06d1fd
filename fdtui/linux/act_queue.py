"""The part of Act for what queues: pipes, FIFOs, terminals and other character devices.

Non-blocking by the call (RWF_NOWAIT, Linux 6.4 for pipes) or through a private description with
O_NONBLOCK: the shared flag is the target's, and setting it would change what its next call does.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import signal
import stat
from collections.abc import Generator
from contextlib import contextmanager

from fdtui.linux.owned import OwnedFd
from fdtui.linux.peek import F_SETPIPE_SZ
from fdtui.linux.syscalls import INT_MAX
from fdtui.linux.written import Written, write_all

RWF_NOWAIT = 0x8
PATIENCE_MS = 250  # how long a full queue is waited for before it is EAGAIN
SMALL = 256  # bytes a device that polls writable takes at once (WAKEUP_CHARS of n_tty.c)
PTMX = os.makedev(5, 2)
AT_OFFSET = -1  # of preadv2(2) and pwritev2(2): the current position; pipes have no other
_CHUNK = 65536


@contextmanager
def sigpipe_blocked() -> Generator[None]:
    """Turn a SIGPIPE of this thread into nothing but the EPIPE that comes with it (pipe(7))."""
    pending = signal.SIGPIPE in signal.sigpending()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
    try:
        yield
    finally:
        if not pending:
            signal.sigtimedwait({signal.SIGPIPE}, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class QueueAct:
    """Write, drain and resize.  Borrows the number: the owner closes it."""

    __slots__ = ("_owned",)

    def __init__(self, owned: OwnedFd) -> None:
        self._owned = owned

    def _fd(self) -> int:
        return self._owned.fileno()

    def _anew(self, flags: int) -> OwnedFd:
        """Open the same file or queue once more: a private description with its own flags."""
        path = f"/proc/thread-self/fd/{self._fd()}"
        return OwnedFd(os.open(path, flags | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK))

    def _is_queue(self) -> bool:
        mode = os.fstat(self._fd()).st_mode
        return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or not stat.S_IFMT(mode)

    def _ready(self, events: int) -> bool:
        """poll(2) for PATIENCE_MS; an error condition counts, the next call names it."""
        poller = select.poll()
        poller.register(self._fd(), events)
        return bool(poller.poll(PATIENCE_MS))

    def write_queue(self, data: bytes) -> Written:
        """write(2) as far as there is room within PATIENCE_MS; EPIPE comes without SIGPIPE."""
        with sigpipe_blocked():
            return write_all(self._write_some, data, lambda: self._ready(select.POLLOUT))

    def _write_some(self, data: bytes, _done: int = 0) -> int:
        try:
            return os.pwritev(self._fd(), [data], AT_OFFSET, RWF_NOWAIT)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ESPIPE):
                raise
        info = os.fstat(self._fd())
        if stat.S_ISFIFO(info.st_mode) or (os.isatty(self._fd()) and info.st_rdev != PTMX):
            # Opening /dev/ptmx would make another terminal; a hung-up or exclusive one refuses.
            try:
                with self._anew(os.O_WRONLY) as private:
                    return os.write(private.fileno(), data)
            except (BlockingIOError, BrokenPipeError):
                raise
            except OSError as error:
                if stat.S_ISFIFO(info.st_mode):
                    raise OSError(
                        errno.EPIPE if error.errno == errno.ENXIO else error.errno, ""
                    ) from error
        if not self._ready(select.POLLOUT):
            raise BlockingIOError(errno.EAGAIN, "")
        return os.write(self._fd(), data[:SMALL])

    def drain(self, limit: int) -> bytes:
        """read(2) at most `limit` queued bytes of a pipe: they are gone for its reader.

        Stops where the queue is empty; EBADF on a write end.
        """
        chunks = []
        left = limit
        while left > 0:
            try:
                chunk = self._read_some(min(left, _CHUNK))
            except BlockingIOError:
                break
            if not chunk:
                break
            chunks.append(chunk)
            left -= len(chunk)
        return b"".join(chunks)

    def _read_some(self, length: int) -> bytes:
        buffer = bytearray(length)
        try:
            return bytes(buffer[: os.preadv(self._fd(), [buffer], AT_OFFSET, RWF_NOWAIT)])
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ESPIPE):
                raise
        with self._anew(os.O_RDONLY) as private:
            return os.read(private.fileno(), length)

    def set_pipe_size(self, size: int) -> int:
        """F_SETPIPE_SZ of fcntl(2); returns the capacity the kernel made of it (whole pages).

        EBUSY: more is queued; EPERM: above /proc/sys/fs/pipe-max-size or the user's quota.
        EINVAL: no int, of which the kernel would take the lower half.
        """
        if size > INT_MAX:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return fcntl.fcntl(self._fd(), F_SETPIPE_SZ, size)
