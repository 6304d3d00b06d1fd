"""kcmp(2) for loops of hundreds of thousands of calls: no exceptions, no argument conversion.

Results are 0 equal, 1 less, 2 greater, 3 not ordered, and -1 with the cause in `last_errno()`.
Less and greater are a total order of open file descriptions for as long as they live.
"""

from __future__ import annotations

import ctypes
import errno
from collections.abc import Callable
from functools import partial

from fdtui.linux.syscalls import KCMP_FILE, KCMP_FILES, NUMBERS

# Without argtypes ctypes passes every int as a C int in 0.7 us instead of 1.5 us a call; process
# ids, types and descriptor numbers all fit.  Call 2^31-1 does not exist: ENOSYS.
_syscall = ctypes.CDLL(None, use_errno=True).syscall

kcmp_raw: Callable[[int, int, int, int, int], int] = partial(
    _syscall, NUMBERS.get("kcmp", 0x7FFFFFFF)
)
"""kcmp(pid1, pid2, type, idx1, idx2)."""

last_errno: Callable[[], int] = ctypes.get_errno
"""Return why the last `kcmp_raw` of this thread said -1."""


def refusal(pid: int, fd: int) -> int:
    """Return the errno of comparing a descriptor with itself, 0 when it may be compared.

    EPERM: no right to look into the process; EBADF, ESRCH: it is closed, the process is gone.
    """
    return last_errno() if kcmp_raw(pid, pid, KCMP_FILE, fd, fd) < 0 else 0


def same_table(pid1: int, pid2: int) -> bool:
    """Do two processes share one descriptor table (CLONE_FILES)?  False where it is refused."""
    return kcmp_raw(pid1, pid2, KCMP_FILES, 0, 0) == 0


GONE = (errno.EBADF, errno.ESRCH)
