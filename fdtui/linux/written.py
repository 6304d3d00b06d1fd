"""How far a write came: bytes that went, bytes that were meant to, and what stopped it."""

from __future__ import annotations

import errno
from collections.abc import Callable

from fdtui.linux.lean import NamedTuple

_VAIN_WAITS = 3


class Written(NamedTuple):
    """`done` of `wanted` bytes went; `errno` says why not more, 0 when all did."""

    done: int
    wanted: int
    errno: int = 0


def write_all(
    write: Callable[[bytes, int], int],
    data: bytes,
    wait: Callable[[], bool] | None = None,
) -> Written:
    """Call `write(rest, done)` until all went or the kernel says no; `wait()` after an EAGAIN.

    A short write is tried again because only then the kernel says why (ENOSPC, EFBIG, EAGAIN).
    """
    done, vain = 0, 0
    while done < len(data):
        try:
            count = write(data[done:], done)
        except BlockingIOError:
            # Ready by poll(2) and still EAGAIN happens; without a bound it would spin.
            vain += 1
            if wait is not None and vain <= _VAIN_WAITS and wait():
                continue
            return Written(done, len(data), errno.EAGAIN)
        except OSError as error:
            return Written(done, len(data), error.errno or errno.EIO)
        if count == 0:
            return Written(done, len(data), errno.EIO)
        done, vain = done + count, 0
    return Written(done, len(data))
