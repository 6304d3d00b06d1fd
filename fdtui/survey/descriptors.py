"""One process's fd table over time: filled where it is looked at; what came, went and moved."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fdtui.errors import FdtuiError
from fdtui.kinds import classify
from fdtui.kinds.base import FdKind
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import SPECIALS, Entry, Failure, ProcFs

Fd = int | str
_GONE = (errno.ENOENT, errno.ESRCH)
KEEP_CLOSED = 3.0  # seconds a closed descriptor stays, struck through
MARK_NEW = 3.0  # seconds a row is marked as new
REMEMBERED = 4_000  # filled rows kept of a table that is larger than the screen

Glance = Callable[[Sequence[Fd]], dict[Fd, tuple[Entry, Info]]]


@dataclass(frozen=True, slots=True)
class DescriptorRow:
    """One filled row.  `moved` is the sign of the offset's last step, `rate` bytes a second."""

    entry: Entry
    kind: FdKind
    info: Info
    moved: int = 0
    rate: float = 0.0
    new: bool = False
    closed: bool = False

    @property
    def pos(self) -> int | None:
        """The target's offset where it means something."""
        return self.kind.position(self.entry)

    @property
    def size(self) -> int | None:
        """The SIZE cell in bytes."""
        return self.kind.size(self.entry, self.info)


@dataclass(frozen=True, slots=True)
class TableSnapshot:
    """The numbers in order, special rows last, and the rows that were filled."""

    fds: tuple[Fd, ...] = ()
    rows: dict[Fd, DescriptorRow] = field(default_factory=dict)
    count: int = 0
    limit: int = -1
    ended: bool = False
    refused: Failure | None = None  # why the table cannot be listed
    since: Mapping[Fd, float] = field(default_factory=dict)  # when each was first seen
    taken_at: float = 0.0


def row_of(entry: Entry, info: Info | None = None) -> DescriptorRow:
    """Classify and decode one entry."""
    kind = classify(entry)
    return DescriptorRow(entry, kind, kind.describe(entry) if info is None else info)


class DescriptorTable:
    """Looks at one process again and again; identity is pid and start time."""

    def __init__(
        self, procfs: ProcFs, pid: int, start_time: int, clock: Callable[[], float]
    ) -> None:
        self._procfs = procfs
        self.pid = pid
        self.start_time = start_time
        self._clock = clock
        self._rows: dict[Fd, DescriptorRow] = {}
        self._since: dict[Fd, float] = {}  # when a number was first seen, for the mark of new rows
        self._closed: dict[Fd, float] = {}
        self._seen: set[Fd] = set()
        self._looked: dict[Fd, float] = {}  # when its offset was last read
        self._last = TableSnapshot()
        self._first = True

    def sweep(
        self,
        wanted: Sequence[Fd] | None,
        glance: Glance | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> TableSnapshot:
        """List the table and fill `wanted` (None: every row); the rest keeps what was known."""
        now = self._clock()
        try:
            if self._procfs.start_time(self.pid) != self.start_time:
                return self._end()
            fds = self._procfs.fds(self.pid)
        except FileNotFoundError:
            return self._end()
        except ProcessLookupError:
            return self._end()
        except OSError as error:
            failure = Failure(f"listdir /proc/{self.pid}/fd", error.errno or 0)
            return replace(self._last, refused=failure)
        current: list[Fd] = [*fds, *SPECIALS]
        self._mark(current, now)
        if wanted is None:
            fill: Iterable[Fd] = current
        else:
            here = self._seen
            fill = [fd for fd in wanted if fd in here]
            self._forget(fill)
        self._fill(fill, now, glance, cancelled)
        self._first = False
        order = self._in_order(current)
        self._last = TableSnapshot(
            fds=order,
            rows={fd: self._marked(fd, row, now) for fd, row in self._rows.items()},
            count=len(fds),
            limit=self._limit(),
            since=dict(self._since),
            taken_at=now,
        )
        return self._last

    def _mark(self, current: list[Fd], now: float) -> None:
        """Note which numbers came and which went."""
        here = set(current)
        for fd in here - self._seen:
            self._since[fd] = now - MARK_NEW if self._first else now
            self._closed.pop(fd, None)
        for fd in self._seen - here:
            if fd in self._rows and isinstance(fd, int):
                self._closed[fd] = now
            self._since.pop(fd, None)
        for fd, since in list(self._closed.items()):
            if now - since >= KEEP_CLOSED:
                del self._closed[fd]
        for fd in [fd for fd in self._rows if fd not in here and fd not in self._closed]:
            del self._rows[fd]
        self._seen = here

    def _forget(self, keep: Iterable[Fd]) -> None:
        """Drop rows far from the screen once there are many."""
        if len(self._rows) > REMEMBERED:
            wanted = set(keep) | set(self._closed)
            self._rows = {fd: row for fd, row in self._rows.items() if fd in wanted}

    def _fill(
        self,
        fds: Iterable[Fd],
        now: float,
        glance: Glance | None,
        cancelled: Callable[[], bool],
    ) -> None:
        examined: list[Fd] = []
        for entry in self._procfs.entries(self.pid, fds):
            if cancelled():
                return
            fd = entry.fd
            if entry.error is not None and entry.error.errno in _GONE and not entry.link:
                # Closed since the listing (or the listing's own, when it is us): no row.
                self._rows.pop(fd, None)
                continue
            row = row_of(entry)
            before = self._rows.get(fd)
            if before is not None and not _same(before.entry, entry):
                self._since[fd] = now  # the number was closed and used again between two looks
                before = None
            self._rows[fd] = self._compared(row, before, now, fd)
            if row.kind.examines and isinstance(fd, int):
                examined.append(fd)
        if glance is None or not examined or cancelled():
            return
        try:
            seen = glance(examined)
        except FdtuiError:
            return  # the keeper is starting or stuck: /proc's own facts stand
        for fd, (entry, info) in seen.items():
            known = self._rows.get(fd)
            if known is not None and _same(known.entry, entry):
                self._rows[fd] = replace(known, info=info)

    def _compared(
        self, row: DescriptorRow, before: DescriptorRow | None, now: float, fd: Fd
    ) -> DescriptorRow:
        """Tell how far the offset moved since the last look."""
        looked, self._looked[fd] = self._looked.get(fd), now
        if before is None or looked is None or before.pos is None or row.pos is None:
            return row
        step = row.pos - before.pos
        if before.kind is row.kind and before.info and row.kind.examines:
            # What only an acquired descriptor tells stays until the next look through one.
            row = replace(row, info={**before.info, **row.info})
        passed = now - looked
        return replace(
            row, moved=(step > 0) - (step < 0), rate=step / passed if passed > 0 else 0.0
        )

    def _marked(self, fd: Fd, row: DescriptorRow, now: float) -> DescriptorRow:
        closed = fd in self._closed
        new = not closed and now - self._since.get(fd, now - MARK_NEW) < MARK_NEW
        return (
            row if (row.new, row.closed) == (new, closed) else replace(row, new=new, closed=closed)
        )

    def _in_order(self, current: list[Fd]) -> tuple[Fd, ...]:
        if not self._closed:
            return tuple(current)
        numbers = sorted({fd for fd in current if isinstance(fd, int)} | self._closed_numbers())
        return (*numbers, *SPECIALS)

    def _closed_numbers(self) -> set[int]:
        return {fd for fd in self._closed if isinstance(fd, int)}

    def _limit(self) -> int:
        try:
            return self._procfs.limit_nofile(self.pid)
        except OSError:
            return self._last.limit

    def _end(self) -> TableSnapshot:
        """The process is gone: what was seen last stays, struck through."""
        rows = {fd: replace(row, closed=True, new=False) for fd, row in self._rows.items()}
        self._last = replace(self._last, rows=rows, ended=True)
        return self._last


def _same(a: Entry, b: Entry) -> bool:
    """Is it still the same file behind the number, as far as /proc tells?"""
    if a.stat is None or b.stat is None:
        return a.link == b.link
    return (a.stat.dev, a.stat.ino, a.link) == (b.stat.dev, b.stat.ino, b.link) or (
        (a.stat.dev, a.stat.ino) == (b.stat.dev, b.stat.ino) and a.stat.nlink != b.stat.nlink
    )
