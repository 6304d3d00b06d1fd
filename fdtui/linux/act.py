"""Act: the operations that change a shared description, one per command, and only on command.

Whoever shares the description sees them: its offset, its flags, its locks, its bytes.  Not one
waits for a stranger (a full pipe is EAGAIN), raises SIGPIPE, or sets O_NONBLOCK in passing.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct

from fdtui.linux import syscalls
from fdtui.linux.act_socket import SocketAct
from fdtui.linux.written import Written, write_all

RWF_APPEND = 0x10  # Linux 4.16
RWF_NOAPPEND = 0x20  # Linux 6.9
FALLOC_FL_KEEP_SIZE = 1
FALLOC_FL_PUNCH_HOLE = 2
F_OFD_SETLK = 37  # Linux 3.15
_FLOCK = struct.Struct("hhqqi4x")  # type whence start length pid, of 64-bit machines


class Act(SocketAct):
    """Changes one acquired descriptor.  Borrows the number: the owner closes it."""

    __slots__ = ()

    def write(self, data: bytes) -> Written:
        """write(2) at the shared offset, or to the queue; what a full queue can't take is left."""
        if self._is_socket():
            return self.send(data)
        if self._is_queue():
            return self.write_queue(data)
        return write_all(lambda rest, _: os.write(self._fd(), rest), data)

    def pwrite(self, data: bytes, offset: int) -> Written:
        """pwrite(2): at that offset also with O_APPEND, where Linux's pwrite(2) would append.

        RWF_NOAPPEND of pwritev2(2), Linux 6.9; before it a private description without O_APPEND.
        """
        if not self.flags() & os.O_APPEND:
            return write_all(lambda rest, done: os.pwrite(self._fd(), rest, offset + done), data)
        return write_all(lambda rest, done: self._pwrite_in_place(rest, offset + done), data)

    def _pwrite_in_place(self, data: bytes, offset: int) -> int:
        try:
            return os.pwritev(self._fd(), [data], offset, RWF_NOAPPEND)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                raise
        with self._anew(os.O_WRONLY) as private:
            return os.pwrite(private.fileno(), data, offset)

    def append(self, data: bytes) -> Written:
        """RWF_APPEND of pwritev2(2), Linux 4.16: at the end, whatever O_APPEND and offset are.

        The shared offset stays.
        """

        def append(rest: bytes, _done: int) -> int:
            return os.pwritev(self._fd(), [rest], 0, RWF_APPEND)

        return write_all(append, data)

    def truncate(self, size: int) -> None:
        """ftruncate(2): the offset stays, so the next write at it may leave a hole before it."""
        os.ftruncate(self._fd(), size)

    def seek(self, offset: int) -> int:
        """lseek(2) with SEEK_SET: moves the offset of every sharer."""
        return os.lseek(self._fd(), offset, os.SEEK_SET)

    def flags(self) -> int:
        """F_GETFL of fcntl(2)."""
        return fcntl.fcntl(self._fd(), fcntl.F_GETFL)

    def set_flag(self, flag: int, on: bool) -> int:
        """F_SETFL of fcntl(2) for O_APPEND or O_NONBLOCK; returns the flags before.

        The kernel has no compare-and-set here: a sharer's own F_SETFL in between is lost.
        """
        before = self.flags()
        fcntl.fcntl(self._fd(), fcntl.F_SETFL, before | flag if on else before & ~flag)
        return before

    def unlock_flock(self) -> None:
        """LOCK_UN of flock(2): the lock belongs to the description, so its sharers lose it."""
        fcntl.flock(self._fd(), fcntl.LOCK_UN)

    def unlock_ofd(self) -> None:
        """F_OFD_SETLK with F_UNLCK of fcntl(2), over the whole file, however long it grows."""
        whole = _FLOCK.pack(fcntl.F_UNLCK, os.SEEK_SET, 0, 0, 0)
        fcntl.fcntl(self._fd(), F_OFD_SETLK, whole)

    def sync(self) -> None:
        """fsync(2): waits for the disk.  Reports a write error that the target then never sees."""
        os.fsync(self._fd())

    def punch(self, offset: int, length: int) -> None:
        """FALLOC_FL_PUNCH_HOLE of fallocate(2): zeros, and their blocks freed; the size stays."""
        mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
        syscalls.call("fallocate", self._fd(), mode, offset, length)
