"""Copying between a private description and a new file, by whatever the file systems can.

Never given a shared description: lseek(2) moves offsets that are nobody else's here.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator

from fdtui.linux import syscalls
from fdtui.linux.owned import OwnedFd

FICLONE = 0x40049409  # ioctl_ficlone(2)
RENAME_NOREPLACE = 1
# "Not by this call": another file system, a file that is no plain one, an old kernel.
_NOT_THIS_WAY = frozenset(
    {
        errno.EXDEV,
        errno.EINVAL,
        errno.EOPNOTSUPP,
        errno.ENOSYS,
        errno.ENOTTY,
        errno.EBADF,
        errno.EPERM,
        errno.EACCES,
        errno.ETXTBSY,
        errno.EISDIR,
        errno.EIO,  # may be one bad block, which reading steps over
    }
)


def clone(source: OwnedFd, into: OwnedFd) -> bool:
    """FICLONE of ioctl_ficlone(2): the whole file by sharing its blocks; False where it can't."""
    try:
        fcntl.ioctl(into.fileno(), FICLONE, source.fileno())
    except OSError as error:
        if error.errno in _NOT_THIS_WAY:
            return False
        raise
    return True


def copy_range(source: OwnedFd, into: OwnedFd, offset: int, length: int) -> int | None:
    """copy_file_range(2), bytes copied (0: end of the file); None where it can't."""
    try:
        return os.copy_file_range(source.fileno(), into.fileno(), length, offset, offset)
    except OSError as error:
        if error.errno in _NOT_THIS_WAY:
            return None
        raise


def send_range(source: OwnedFd, into: OwnedFd, offset: int, length: int) -> int | None:
    """sendfile(2), bytes copied (0: end of the file); None where it can't."""
    os.lseek(into.fileno(), offset, os.SEEK_SET)
    try:
        return os.sendfile(into.fileno(), source.fileno(), offset, length)
    except OSError as error:
        if error.errno in _NOT_THIS_WAY:
            return None
        raise


def extents(source: OwnedFd, size: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of what is no hole, up to `size`; lseek(2) SEEK_DATA, SEEK_HOLE.

    One stretch where the file system knows no holes.
    """
    at = 0
    while at < size:
        try:
            start = os.lseek(source.fileno(), at, os.SEEK_DATA)
            end = os.lseek(source.fileno(), start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return  # only a hole is left
            start, end = at, size
        if start >= size:
            return
        yield start, min(end, size)
        at = end


def create_new(path: str) -> OwnedFd:
    """open(2) with O_EXCL and mode 0600: never a file that is there already, nor a link."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return OwnedFd(os.open(path, flags, 0o600))


def rename_new(old: str, new: str) -> None:
    """renameat2(2) with RENAME_NOREPLACE: EEXIST when there is one; looked for where it can't."""
    import ctypes

    names = [ctypes.create_string_buffer(os.fsencode(name)) for name in (old, new)]
    at = syscalls.AT_FDCWD
    try:
        syscalls.call(
            "renameat2", at, ctypes.addressof(names[0]), at, ctypes.addressof(names[1]),
            RENAME_NOREPLACE,
        )  # fmt: skip
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS):
            raise
        if os.path.lexists(new):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from error
        os.rename(old, new)
