"""What was acquired: the file behind a descriptor, and whether it still is the target's."""

from __future__ import annotations

import errno
import os

from fdtui.linux import syscalls
from fdtui.linux.lean import NamedTuple
from fdtui.linux.owned import OwnedFd
from fdtui.linux.syscalls import AT_EMPTY_PATH, AT_STATX_DONT_SYNC


class Identity(NamedTuple):
    """The file of a descriptor.  Anonymous inodes share one `ino`, so the link text counts too."""

    dev: tuple[int, int]  # major, minor
    ino: int
    link: str  # as readlink(2) gives it, surrogate-escaped


def identity_of(fd: OwnedFd) -> Identity:
    """Identify an own descriptor, without asking a file server (AT_STATX_DONT_SYNC)."""
    stat = syscalls.statx(fd.fileno(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC)
    return Identity(stat.dev, stat.ino, os.readlink(f"/proc/self/fd/{fd.fileno()}"))


def listed_identity(pid: int, fd: int) -> Identity:
    """Identify a target's descriptor through /proc; OSError where it may not be looked at."""
    name = f"/proc/{pid}/fd/{fd}"
    stat = syscalls.statx(syscalls.AT_FDCWD, name)
    return Identity(stat.dev, stat.ino, os.readlink(name))


def same_description(fd: OwnedFd, pid: int, target_fd: int) -> bool | None:
    """Is it the target's open file description still?  None: kcmp(2) may not be asked here.

    False too when the target closed the number (EBADF) or is gone (ESRCH).
    """
    try:
        return not syscalls.kcmp(os.getpid(), pid, syscalls.KCMP_FILE, fd.fileno(), target_fd)
    except OSError as error:
        if error.errno in (errno.EBADF, errno.ESRCH):
            return False
        return None
