"""What has been read of a description so far, and what changed between two looks at it.

The views never read: bytes come as windows from another process, when it gets to them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator

from fdtui.linux.lean import NamedTuple

PAGE = 4096
CHANGE_SECONDS = 2.0
_PAGES_KEPT = 512
_MARKS_KEPT = 4096
_BLOCK = 64


class ReadError(NamedTuple):
    """Bytes that could not be read, and the call, strerror and name that say why."""

    offset: int
    length: int
    text: str


class Window(NamedTuple):
    """Bytes from `offset` on; NUL stands where an error lies, so that offsets stay true."""

    offset: int
    data: bytes
    errors: tuple[ReadError, ...] = ()


class Mark(NamedTuple):
    """Bytes from `start` to before `end` that differ since `when` (monotonic seconds)."""

    start: int
    end: int
    when: float


def differing(old: bytes, new: bytes) -> Iterator[tuple[int, int]]:
    """Runs of indices where two byte strings differ, as far as both go."""
    length = min(len(old), len(new))
    start: int | None = None
    for block in range(0, length, _BLOCK):
        end = min(block + _BLOCK, length)
        if old[block:end] == new[block:end]:
            if start is not None:
                yield start, block
                start = None
            continue
        for index in range(block, end):
            if old[index] != new[index]:
                start = index if start is None else start
            elif start is not None:
                yield start, index
                start = None
    if start is not None:
        yield start, length


class BytesModel:
    """A cache of pages with the changes of the last two seconds; `size` is None for streams."""

    def __init__(self, size: int | None = None) -> None:
        self.size = size
        self.version = 0
        self._pages: OrderedDict[int, tuple[int, bytes]] = OrderedDict()
        self._marks: list[Mark] = []
        self._errors: tuple[ReadError, ...] = ()

    @property
    def end(self) -> int:
        """Where the bytes end: the size, or the end of what was read of a stream."""
        if self.size is not None:
            return self.size
        ends = (page * PAGE + start + len(data) for page, (start, data) in self._pages.items())
        return max(ends, default=0)

    @property
    def changed_bytes(self) -> int:
        """How many bytes changed or were appended of late."""
        return sum(mark.end - mark.start for mark in self._marks)

    def feed(self, window: Window, *, size: int | None, now: float) -> None:
        """Take a look at part of the bytes, as they were at `now` (monotonic seconds)."""
        self.version += 1
        self.expire(now)
        fresh: list[Mark] = []
        old_size = self.size
        if size is not None and old_size is not None:
            if size > old_size and self._pages:
                fresh.append(Mark(old_size, size, now))
            elif size < old_size:
                self._truncate(size)
        self.size = size
        end = window.offset + len(window.data)
        spoilt = [(e.offset, e.offset + e.length) for e in (*self._errors, *window.errors)]
        elsewhere = [
            e for e in self._errors if e.offset + e.length <= window.offset or e.offset >= end
        ]
        self._errors = tuple(sorted({*elsewhere, *window.errors}))
        for start, stop in self._store(window):
            known = old_size is None or stop <= old_size
            if known and not any(a < stop and start < b for a, b in spoilt):
                fresh.append(Mark(start, stop, now))
        self._remember(fresh)

    def expire(self, now: float) -> None:
        """Forget changes that were shown for long enough."""
        if self._marks and any(now - mark.when >= CHANGE_SECONDS for mark in self._marks):
            self._marks = [mark for mark in self._marks if now - mark.when < CHANGE_SECONDS]
            self.version += 1

    def row(self, offset: int, length: int) -> bytes | None:
        """`length` bytes of one page or those there are; None when they have not been read."""
        page = self._pages.get(offset // PAGE)
        if page is None:
            return None
        start, data = page
        index = offset % PAGE - start
        return data[index : index + length] if 0 <= index < len(data) else None

    def read(self, offset: int, length: int) -> bytes:
        """The bytes from `offset` on that have been read, without a gap, at most `length`."""
        parts: list[bytes] = []
        while length > 0:
            part = self.row(offset, min(length, PAGE - offset % PAGE))
            if not part:
                break
            parts.append(part)
            offset += len(part)
            length -= len(part)
            if offset % PAGE:
                break
        return b"".join(parts)

    def known_from(self, offset: int, most: int) -> int:
        """The lowest start, at most `most` bytes back, from where all is known up to `offset`."""
        start = offset
        while start > 0 and offset - start < most:
            page = (start - 1) // PAGE
            entry = self._pages.get(page)
            if entry is None or page * PAGE + entry[0] + len(entry[1]) < start:
                break
            start = page * PAGE + entry[0]
            if entry[0]:
                break
        return start

    def missing(self, offset: int, length: int) -> tuple[int, int] | None:
        """The pages from the first to the last that are not known of a range: (offset, length)."""
        end = offset + length if self.size is None else min(offset + length, self.size)
        lacking = [
            page
            for page in range(max(0, offset) // PAGE, -(-end // PAGE))
            if not self._complete(page)
        ]
        if not lacking:
            return None
        return lacking[0] * PAGE, (lacking[-1] - lacking[0] + 1) * PAGE

    def marks_in(self, offset: int, length: int) -> list[tuple[int, int]]:
        """The changed runs that touch a range."""
        marks = self._marks
        first = max(0, bisect_left(marks, (offset, 0, 0.0)) - 1)
        out: list[tuple[int, int]] = []
        for index in range(first, len(marks)):
            start, end, _ = marks[index]
            if start >= offset + length:
                break
            if end > offset:
                out.append((start, end))
        return out

    def errors_in(self, offset: int, length: int) -> list[ReadError]:
        """The errors that touch a range, in the order of offsets."""
        return [
            error
            for error in self._errors
            if error.offset < offset + length and offset < error.offset + error.length
        ]

    def _complete(self, page: int) -> bool:
        entry = self._pages.get(page)
        if entry is None:
            return any(e.offset <= page * PAGE < e.offset + e.length for e in self._errors)
        start, data = entry
        reach = start + len(data)
        full = PAGE if self.size is None else min(PAGE, self.size - page * PAGE)
        return start == 0 and reach >= full

    def _store(self, window: Window) -> Iterator[tuple[int, int]]:
        """Put a window into pages; yields the runs that differ from what was there."""
        offset, data = window.offset, memoryview(window.data)
        while data:
            page, start = divmod(offset, PAGE)
            new = bytes(data[: PAGE - start])
            data, offset = data[len(new) :], offset + len(new)
            had, old = self._pages.pop(page, (start, b""))
            if old and had <= start + len(new) and start <= had + len(old):
                low = max(had, start)
                for a, b in differing(old[low - had :], new[low - start :]):
                    yield page * PAGE + low + a, page * PAGE + low + b
                head = old[: max(0, start - had)]
                tail = old[start + len(new) - had :] if start + len(new) > had else old
                start, new = min(had, start), head + new + tail
            self._pages[page] = (start, new)
        while len(self._pages) > _PAGES_KEPT:
            self._pages.popitem(last=False)

    def _truncate(self, size: int) -> None:
        for page in [page for page in self._pages if (page + 1) * PAGE > size]:
            start, data = self._pages.pop(page)
            if kept := data[: max(0, size - page * PAGE - start)]:
                self._pages[page] = (start, kept)
        self._marks = [
            mark._replace(end=min(mark.end, size)) for mark in self._marks if mark.start < size
        ]

    def _remember(self, fresh: list[Mark]) -> None:
        """Add changes; where they overlap older ones, the run lasts as long as the newer."""
        if not fresh:
            return
        merged: list[Mark] = []
        for mark in sorted([*self._marks, *fresh]):
            last = merged[-1] if merged else None
            if (
                last is not None
                and mark.start <= last.end
                and (mark.start < last.end or mark.when == last.when)
            ):
                when = max(last.when, mark.when)
                merged[-1] = Mark(last.start, max(last.end, mark.end), when)
            else:
                merged.append(mark)
        self._marks = merged[-_MARKS_KEPT:]
