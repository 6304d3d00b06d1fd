"""What an acquired descriptor is: its entry and facts, read from what was acquired itself."""

from __future__ import annotations

import os

from fdtui.acquire.base import Target
from fdtui.linux.abi import OpenFlags
from fdtui.linux.owned import OwnedFd
from fdtui.linux.procfs import Entry, FdInfo, ProcFs, parse_fdinfo, read_file

_PROC = ProcFs()


def entry_of(owned: OwnedFd, target: Target) -> Entry:
    """Describe what is held under the target's pid and number; never blocks on a file server.

    Everything comes from our own descriptor of the description.  Only what belongs to a number
    and not to a description is the target's: close-on-exec, and its POSIX locks.
    """
    entry = _PROC.entry(os.getpid(), owned.fileno())
    info = entry.info
    if info is not None:
        theirs = fdinfo_of(target)
        flags, lines = info.flags & ~OpenFlags.O_CLOEXEC, info.lines
        if theirs is not None and same_file(theirs, info):
            flags |= theirs.flags & OpenFlags.O_CLOEXEC
            lines += tuple(line for line in theirs.lines if line[0] == "lock" and line not in lines)
        info = info._replace(flags=flags, lines=lines)
    return entry._replace(pid=target.pid, fd=target.fd, info=info)


def fdinfo_of(target: Target) -> FdInfo | None:
    """Return the target's own fdinfo of its number; None when it is gone or may not be read."""
    try:
        return parse_fdinfo(read_file(f"/proc/{target.pid}/fdinfo/{target.fd}"))
    except OSError:
        return None


def fdinfo_refused(target: Target) -> bool:
    """May the target's fdinfo not be read?  False too when there is none any more."""
    try:
        read_file(f"/proc/{target.pid}/fdinfo/{target.fd}")
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def same_file(one: FdInfo, other: FdInfo) -> bool:
    """Compare inode and mount; before Linux 5.14 fdinfo has no inode and only mounts count."""
    return (one.ino, one.mnt_id) == (other.ino, other.mnt_id)
