"""stdout that takes all of it or says why not, and stderr that nobody needs to be able to read."""

from __future__ import annotations

import io
import sys

from fdtui.linux.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

    from _typeshed import ReadableBuffer


class Whole(io.FileIO):
    """Writes everything: a short write is tried again, as only the next one tells why.

    With PYTHONUNBUFFERED what Python writes by itself ends there, and a full disk goes unnoticed.
    O_NONBLOCK may have been set by whoever shares the description: then it waits.
    """

    def write(self, data: ReadableBuffer) -> int:
        rest = memoryview(data).cast("B")
        length = len(rest)
        while rest:
            count = super().write(rest)
            if count is None:
                self._wait()
            else:
                rest = rest[count:]
        return length

    def _wait(self) -> None:
        import select

        poll = select.poll()
        poll.register(self.fileno(), select.POLLOUT)
        poll.poll()


class Unheard(Whole):
    """What cannot be told is not told: the work and its exit status do not depend on it."""

    def write(self, data: ReadableBuffer) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def use() -> None:
    """Put them in the place of Python's own."""
    if sys.stdout is not None:
        sys.stdout = _text(Whole(1, "w", closefd=False), sys.stdout, lines=sys.stdout.isatty())
    if sys.stderr is None:
        sys.stderr = io.StringIO()  # print(file=None) would go to stdout
    else:
        sys.stderr = _text(Unheard(2, "w", closefd=False), sys.stderr, lines=True)


def _text(raw: io.FileIO, like: TextIO, *, lines: bool) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(raw), like.encoding, like.errors, line_buffering=lines
    )
