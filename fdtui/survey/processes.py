"""The process table: who runs, how many descriptors each has, and who cannot be looked into.

The sweep reads /proc itself: a stat file and one stat(2) a process, about 10 us.
"""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Callable

from fdtui.linux.hidepid import Hiding
from fdtui.linux.lean import NamedTuple
from fdtui.linux.procfs import ProcFs
from fdtui.linux.users import user_name

SAMPLES = 12  # of the count, for TREND
KEEP_GONE = 3.0  # seconds a row stays, struck through, after its process ended
MARK_NEW = 3.0  # seconds a row is marked as new
_RECHECK = 30  # sweeps between two looks at what seldom changes (limit, command line, access)


class ProcessRow(NamedTuple):
    """One process; identity is (pid, start_time)."""

    pid: int
    start_time: int
    ppid: int
    uid: int
    user: str
    fds: int  # -1 where even the count is refused
    limit: int  # soft RLIMIT_NOFILE, -1 unlimited or unknown
    name: str
    command: str
    kernel: bool  # a kernel thread: no command line, no executable
    refused: int  # errno of looking into its descriptors, 0 when it can be
    trend: tuple[int, ...]  # up to 12 counts, oldest first
    new: bool
    gone: bool

    @property
    def key(self) -> tuple[int, int]:
        """What stays the same across sweeps."""
        return self.pid, self.start_time

    @property
    def limit_percent(self) -> float | None:
        """Share of the limit used, in percent."""
        return 100 * self.fds / self.limit if self.limit > 0 and self.fds >= 0 else None


class Snapshot(NamedTuple):
    """One sweep: rows in the order of /proc, and what they add up to."""

    rows: tuple[ProcessRow, ...]
    alive: int
    descriptors: int
    hidden: int  # processes that cannot be looked into
    hidden_errno: int  # why the first of them cannot
    hidden_user: str  # who it belongs to
    taken_at: float
    unlisted: Hiding | None = None  # processes that are not among the rows at all


class _Known:
    """What is remembered of a process between sweeps."""

    __slots__ = ("checked", "command", "first_seen", "kernel", "limit", "refused", "row", "trend")

    def __init__(self, now: float) -> None:
        self.first_seen = now
        self.checked = -_RECHECK
        self.command = ""
        self.kernel = False
        self.limit = -1
        self.refused = 0
        self.trend: deque[int] = deque(maxlen=SAMPLES)
        self.row: ProcessRow | None = None


class ProcessTable:
    """Sweeps a procfs; keeps trends, new and gone marks between sweeps."""

    def __init__(self, procfs: ProcFs, clock: Callable[[], float]) -> None:
        self._procfs = procfs
        self._clock = clock
        self._known: dict[tuple[int, int], _Known] = {}
        self._gone: dict[tuple[int, int], tuple[ProcessRow, float]] = {}
        self._sweeps = 0
        self._distrusted = 0  # sweeps that were over when rights changed

    def recheck(self) -> None:
        """Look at everything anew at the next sweep: a helper came or went.  From any thread."""
        self._distrusted = self._sweeps

    def sweep(self, cancelled: Callable[[], bool] = lambda: False) -> Snapshot:
        """Look at every process once; a process that vanishes meanwhile is left out."""
        now = self._clock()
        first_sweep = not self._sweeps
        self._sweeps += 1
        rows: list[ProcessRow] = []
        seen: dict[tuple[int, int], _Known] = {}
        for pid in sorted(self._procfs.pids()):
            if cancelled():
                break
            try:
                rows.append(self._look(pid, now, first_sweep, seen))
            except (OSError, ValueError, IndexError):
                # Gone between listing and reading, or half a stat file: no row, as top(1) does.
                continue
        for key, known in self._known.items():
            if key not in seen and known.row is not None:
                self._gone[key] = (known.row._replace(gone=True, new=False), now)
        self._known = seen
        alive = len(rows)
        for key, (row, since) in list(self._gone.items()):
            if now - since > KEEP_GONE or key in seen:
                del self._gone[key]
            else:
                rows.append(row)
        hidden = [row for row in rows if row.refused and not row.gone]
        return Snapshot(
            rows=tuple(rows),
            alive=alive,
            descriptors=sum(row.fds for row in rows if row.fds > 0 and not row.gone),
            hidden=len(hidden),
            hidden_errno=hidden[0].refused if hidden else 0,
            hidden_user=hidden[0].user if hidden else "",
            taken_at=now,
            unlisted=self._procfs.hiding(),
        )

    def _look(
        self, pid: int, now: float, first_sweep: bool, seen: dict[tuple[int, int], _Known]
    ) -> ProcessRow:
        procfs = self._procfs
        stat = procfs.stat(pid)
        uid = procfs.uid(pid)
        key = (pid, stat.start_time)
        known = self._known.get(key)
        if known is None:
            # What runs at the first sweep is not news.
            known = _Known(now - MARK_NEW if first_sweep else now)
        old = known.row
        if (
            self._sweeps - known.checked >= _RECHECK
            or known.checked <= self._distrusted
            or old is None
            or old.name != stat.comm
            or old.uid != uid
        ):
            self._check(pid, known)
        try:
            fds = procfs.fd_count(pid)
        except PermissionError:
            fds = -1
        known.trend.append(fds)
        seen[key] = known
        row = known.row = ProcessRow(
            pid=pid,
            start_time=stat.start_time,
            ppid=stat.ppid,
            uid=uid,
            user=user_name(uid),
            fds=fds,
            limit=known.limit,
            name=stat.comm,
            command=known.command,
            kernel=known.kernel,
            refused=known.refused,
            trend=tuple(known.trend),
            new=now - known.first_seen < MARK_NEW,
            gone=False,
        )
        return row

    def _check(self, pid: int, known: _Known) -> None:
        """Look at what seldom changes."""
        known.checked = self._sweeps
        if known.row is None:
            # Spread out from the first time on, so that no later sweep has to look at all of them.
            known.checked -= pid % _RECHECK
        procfs = self._procfs
        command = procfs.cmdline(pid)
        known.kernel = not command and pid != 1 and not _has_executable(procfs, pid)
        known.command = command
        known.limit = procfs.limit_nofile(pid)
        known.refused = procfs.refusal(pid)


def _has_executable(procfs: ProcFs, pid: int) -> bool:
    """Kernel threads have no exe; where it is refused the process has one to refuse."""
    try:
        os.readlink(f"{procfs.root}/{pid}/exe")
    except OSError as error:
        return error.errno in (errno.EACCES, errno.EPERM)
    return True
