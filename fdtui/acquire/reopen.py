"""Open anew: the same file through /proc/PID/fd/N, as a private description with its own offset."""

from __future__ import annotations

import errno
import os
import stat

from fdtui.acquire.base import Method, Target, Verdict
from fdtui.acquire.identity import Identity, listed_identity
from fdtui.acquire.permission import Refusal, attach_refusal
from fdtui.acquire.pidfd_getfd import open_process
from fdtui.errors import CallFailed, FdtuiError, errno_name
from fdtui.linux import syscalls
from fdtui.linux.locks import parse_lock
from fdtui.linux.owned import OwnedFd
from fdtui.linux.procfs import parse_fdinfo, read_file
from fdtui.linux.syscalls import Statx

_HARMLESS_MEMORY = {3, 5, 7, 8, 9, 11}  # of major 1: null zero full random urandom kmsg
_TTY_MAJORS = {4, 5, *range(136, 144)}
_PTMX = (5, 2)


class Refused(FdtuiError):
    """It is not opened, and why; `never` when no right would change that."""

    def __init__(self, message: str, remedy: str = "", never: bool = False) -> None:
        super().__init__(message, remedy)
        self.never = never


class Reopen(Method):
    """Anything with a name in /proc that open(2) takes; the target's offset stays its own."""

    name = "reopen"
    shares_description = False
    opt_in = True

    def check(self, target: Target) -> Verdict:
        """Judge by what it is, without opening it."""
        try:
            open_process(target).close()
            _examine(target)
        except Refused as refused:
            return Verdict("never" if refused.never else "refused", refused.message, refused.remedy)
        except CallFailed as error:
            return Verdict("refused", f"{errno_name(error.errno)}: {error.cause}", error.remedy)
        except FdtuiError as error:
            return Verdict("refused", error.message, error.remedy)
        return Verdict("works", "a private description: own offset, no locks")

    def acquire(self, target: Target) -> OwnedFd:
        """Open it for reading; ESTALE when the number changed hands in between.

        What is opened is what was looked at, and no file that the target puts there meanwhile: the
        way is by a descriptor of O_PATH, which open(2) gives without touching the file.
        """
        call, path = f"open(/proc/{target.pid}/fd/{target.fd})", _path(target)
        open_process(target).close()
        try:
            place = OwnedFd(os.open(path, os.O_PATH | os.O_CLOEXEC))
        except OSError as error:
            raise _unseen(target, error) from error
        with place:
            own = f"/proc/self/fd/{place.fileno()}"
            wanted = _examine(target, own)
            # The pid has not gone to another since: what was reached by it is the target's.
            open_process(target).close()
            flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            try:
                try:
                    fd = OwnedFd(os.open(own, flags | os.O_NOATIME))
                except PermissionError:  # O_NOATIME is for the owner
                    fd = OwnedFd(os.open(own, flags))
            except OSError as error:
                raise CallFailed(call, error, *_explain(target, error)) from error
        if _has(target) != wanted[:2]:
            fd.let_go()
            cause = "the number holds another file by now"
            raise CallFailed(call, errno.ESTALE, cause, "refresh and try again")
        return fd


def _path(target: Target) -> str:
    return f"/proc/{target.pid}/fd/{target.fd}"


def _has(target: Target) -> tuple[tuple[int, int], int] | None:
    """Device and inode of what the number is now."""
    try:
        return listed_identity(target.pid, target.fd)[:2]
    except OSError:
        return None


def _explain(target: Target, error: OSError) -> Refusal:
    match error.errno:
        case errno.EACCES | errno.EPERM:
            cause = "the file's own permissions refuse, whatever the target may do with it"
            return Refusal(cause, "pidfd_getfd and the helper do not ask them")
        case errno.ENXIO:
            return Refusal("it has no name that could be opened", "")
        case errno.ENOENT:
            return Refusal(f"the target has closed {target.fd}", "")
        case _:
            return Refusal("", "")


def _unseen(target: Target, error: OSError) -> CallFailed:
    if error.errno in (errno.EACCES, errno.EPERM):
        refusal = attach_refusal(target.pid)
    else:
        refusal = _explain(target, error)
    return CallFailed(f"readlink({_path(target)})", error, *refusal)


def _examine(target: Target, path: str = "") -> Identity:
    """Return what it is (at `path`); Refused when opening it does nothing good."""
    listed = _path(target)
    try:
        access = os.lstat(listed).st_mode
        link = os.readlink(path or listed)
        info = syscalls.statx(syscalls.AT_FDCWD, path or listed)
        lines = parse_fdinfo(read_file(f"/proc/{target.pid}/fdinfo/{target.fd}")).all("lock")
    except OSError as error:
        raise _unseen(target, error) from error
    _check_type(info, link)
    if stat.S_ISFIFO(info.mode) and not access & stat.S_IRUSR:
        raise Refused("opening its other end would hide from it that its reader has gone")
    locks = [lock for line in lines if (lock := parse_lock(line))]
    if any(lock.type in ("lease", "delegation") for lock in locks):
        raise Refused("opening it would break the lease the target has on it")
    return Identity(info.dev, info.ino, link)


def _check_type(info: Statx, link: str) -> None:
    if stat.S_ISSOCK(info.mode):
        raise Refused("ENXIO: a socket has no name that could be opened", never=True)
    if stat.S_IFMT(info.mode) == 0 and not link.startswith("anon_inode:[pidfd]"):
        raise Refused("ENXIO: an anonymous inode has no name that could be opened", never=True)
    if stat.S_ISCHR(info.mode):
        major, minor = info.rdev
        if (major, minor) == _PTMX:
            raise Refused("opening ptmx makes another terminal", never=True)
        if not (major in _TTY_MAJORS or (major == 1 and minor in _HARMLESS_MEMORY)):
            raise Refused("opening a device once more can act on it", never=True)


METHOD = Reopen()
