"""How commands tell what went wrong: one line on stderr, and what would change it on a second."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Collection

from fdtui.errors import CallFailed, FdtuiError, WrongUsage, errno_name
from fdtui.linux.hidepid import REMEDY, hiding
from fdtui.linux.record import Owner
from fdtui.render.safe import COMMAND_LIMIT, safe

OUTPUT_FAILED = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
REFUSED, WRONG_USAGE, PARTLY = 1, 2, 3


def fail(error: FdtuiError) -> int:
    """Print one line, and the remedy on a second; returns the exit status, 1 or 2."""
    print(f"fdtui: {safe(str(error), COMMAND_LIMIT)}", file=sys.stderr)
    if error.remedy:  # often a command to be copied, in which a doubled backslash is another word
        print(f"  {safe(error.remedy, COMMAND_LIMIT)}", file=sys.stderr)
    return WRONG_USAGE if isinstance(error, WrongUsage) else REFUSED


def unexpected(error: OSError) -> CallFailed:
    """Name what nobody foresaw: an output that takes nothing, a limit.  Raises what is a bug."""
    if error.errno in OUTPUT_FAILED:
        return CallFailed("write(stdout)", error)
    if error.errno == errno.EMFILE:
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        cause = f"fdtui's own table is full (RLIMIT_NOFILE {soft})"
        return CallFailed("open", error, cause, "start fdtui after ulimit -n 1024")
    if error.errno == errno.ENFILE:
        return CallFailed(
            "open", error, "the system's table of files is full", "sysctl fs.file-max"
        )
    if error.errno in (errno.EAGAIN, errno.ENOMEM):
        return CallFailed(
            "fork", error, "", "fewer processes, or a higher limit (ulimit -u, pids.max)"
        )
    raise error


def unseen(refused: Collection[Owner], processes: int, *, whole: bool = True) -> int:
    """Print how many of the processes could not be looked into, and why; 3 when there are any.

    `whole`: the question was about all of them, so those that hidepid hides count as well.
    """
    hidden = hiding() if whole else None
    if hidden is not None:
        print(f"fdtui: {hidden.words}\n  {REMEDY}", file=sys.stderr)
    if not refused:
        return PARTLY if hidden is not None else 0
    codes = {owner.error[1] for owner in refused if owner.error is not None}
    names = ", ".join(sorted(map(errno_name, codes)))
    if os.geteuid() == 0:
        whose = "more rights than root has here"
    elif any(owner.uid != os.geteuid() for owner in refused):
        whose = "other users' processes"
    else:
        whose = "processes that may not be traced"
    what = "process" if processes == 1 else "processes"
    print(
        f"fdtui: {len(refused)} of {processes} {what} could not be looked into: {names}, {whose}",
        file=sys.stderr,
    )
    return PARTLY
