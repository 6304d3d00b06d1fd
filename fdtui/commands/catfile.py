"""`fdtui cat PID:FD > file`: an empty file gets blocks and holes as they are, and shared if it can.

The same ways as a dump: reflink, copy_file_range, sendfile, reading.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable

from fdtui.errors import FdtuiError
from fdtui.keeper.custody import Custody
from fdtui.keeper.dump import Writer, copy_all
from fdtui.linux.act import Act
from fdtui.linux.owned import OwnedFd
from fdtui.render.pace import Pace
from fdtui.render.units import bar, plural

SOON = 0.5  # seconds after which it is worth saying how far it is
OFTEN = 0.2
_BAR = 24  # cells


def refuse_itself(custody: Custody) -> None:
    """FdtuiError when stdout is the file that is read: it would never end."""
    mine, out = custody.entry.stat, os.fstat(1)
    if (
        mine
        and stat.S_ISREG(out.st_mode)
        and (out.st_dev, out.st_ino) == (os.makedev(*mine.dev), mine.ino)
    ):
        raise FdtuiError("the output is the file itself", "choose another name")


def takes_holes() -> bool:
    """Is stdout a regular file with nothing in it, as `>` makes one?"""
    out = os.fstat(1)
    if not stat.S_ISREG(out.st_mode) or out.st_size or sys.stdout.buffer.tell():
        return False
    with OwnedFd(os.dup(1)) as mine:
        return not Act(mine).flags() & os.O_APPEND


def copy_to_file(custody: Custody) -> int:
    """Copy all of it into stdout; 1 when there were blocks that could not be read."""
    progress = Progress()
    with custody.seen() as seen, OwnedFd(os.dup(1)) as out:
        writer = Writer(out, "stdout", progress)
        try:
            copy_all(custody, seen, writer)
            os.ftruncate(1, writer.size)
        finally:
            progress.end()
            # Whatever the shell writes next comes behind it.
            sys.stdout.buffer.seek(0, os.SEEK_END)
    if writer.bad:
        words = f"{plural(writer.bad, 'byte')} could not be read and are zeros"
        print(f"fdtui: {words}", file=sys.stderr)
    return 1 if writer.bad else 0


class Progress:
    """One line on a terminal that is drawn over, for what takes longer than a moment."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begin = self._drawn = clock()
        self._pace = Pace(self._begin)
        self._shows = os.isatty(2)
        self._on = False

    def __call__(self, done: int, total: int) -> None:
        """So many bytes, of so many in all (0: nobody knows)."""
        now = self._clock()
        self._pace.at(now, done, total)
        if self._shows and now - self._begin >= SOON and now - self._drawn >= OFTEN:
            self._drawn, self._on = now, True
            drawn = bar(done, total, _BAR) + "  " if total else ""
            print(f"\r\x1b[K{drawn}{self._pace.words()}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line empty."""
        if self._on:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
