"""Steal: pidfd_open(2), then pidfd_getfd(2).  Nothing happens in the target."""

from __future__ import annotations

import errno

from fdtui.acquire.base import Method, Target, Verdict
from fdtui.errors import CallFailed, FdtuiError, errno_name
from fdtui.linux import syscalls
from fdtui.linux.lean import TYPE_CHECKING
from fdtui.linux.owned import OwnedFd
from fdtui.linux.procfs import ProcFs, gone

if TYPE_CHECKING:
    from fdtui.acquire.permission import Refusal

NO_SUCH_FD = 2**31 - 1  # permission is checked before the number: asking for it takes nothing


class Gone(FdtuiError):
    """The process that was listed has ended, or its pid is another's by now."""


def open_process(target: Target, proc: ProcFs | None = None) -> OwnedFd:
    """Return a pidfd of exactly the process meant; Gone when the pid is another's by now."""
    call = f"pidfd_open(pid {target.pid})"
    try:
        pidfd = OwnedFd(syscalls.pidfd_open(target.pid))
    except OSError as error:
        if error.errno == errno.ESRCH:
            raise Gone(f"pid {target.pid} has ended") from error
        raise CallFailed(call, error, *explain(target, error)) from error
    # The pidfd pins the process; only now does comparing start times prove anything.
    try:
        start_time = (proc or ProcFs()).start_time(target.pid)
    except OSError as error:
        pidfd.close()
        if gone(error):
            raise Gone(f"pid {target.pid} has ended") from error
        raise CallFailed(
            f"open(/proc/{target.pid}/stat)", error, *explain(target, error)
        ) from error
    if start_time != target.start_time:
        pidfd.close()
        raise Gone(f"pid {target.pid} belongs to another process by now")
    return pidfd


def explain(target: Target, error: OSError) -> Refusal:
    """Turn an errno of pidfd_open or pidfd_getfd into its cause and remedy."""
    import resource  # seldom needed, like the reasons for refusals

    from fdtui.acquire.permission import Refusal, attach_refusal, filter_refusal

    match error.errno:
        case errno.EPERM | errno.EACCES:
            return attach_refusal(target.pid)
        case errno.ENOSYS:
            return filter_refusal(errno.ENOSYS)
        case errno.EMFILE:
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            raised = f"after ulimit -n {hard}" if soft < hard else "with a higher hard limit"
            return Refusal(
                f"fdtui's own table is full (RLIMIT_NOFILE {soft})",
                f"release something in Held, or start fdtui {raised}",
            )
        case errno.ENFILE:
            return Refusal("the system's table of files is full", "sysctl fs.file-max")
        case errno.EBADF:
            return Refusal(f"the target has closed {target.fd}", "")
        case errno.ESRCH:
            return Refusal("the target has ended", "")
        case _:
            return Refusal("", "")


class PidfdGetfd(Method):
    """Linux 5.6.  The copy shares offset, flags and locks with the target's descriptor."""

    name = "pidfd_getfd"

    def __init__(self, proc: ProcFs | None = None) -> None:
        self._proc = proc or ProcFs()

    def check(self, target: Target) -> Verdict:
        """Ask for a number nobody has: EBADF means that the right is there."""
        try:
            with open_process(target, self._proc) as pidfd:
                OwnedFd(syscalls.pidfd_getfd(pidfd.fileno(), NO_SUCH_FD)).close()
        except FdtuiError as error:
            return Verdict("refused", error.message, error.remedy)
        except OSError as error:
            if error.errno == errno.EBADF:
                return Verdict("works")
            cause, remedy = explain(target, error)
            return Verdict("refused", f"{errno_name(error.errno or 0)}: {cause}", remedy)
        return Verdict("works")

    def acquire(self, target: Target) -> OwnedFd:
        """Return a close-on-exec duplicate that shares the target's description."""
        with open_process(target, self._proc) as pidfd:
            try:
                return OwnedFd(syscalls.pidfd_getfd(pidfd.fileno(), target.fd))
            except OSError as error:
                call = f"pidfd_getfd(pid {target.pid}, fd {target.fd})"
                raise CallFailed(call, error, *explain(target, error)) from error


METHOD = PidfdGetfd()
