"""/proc with a helper's eyes: what this user may not read is asked of the helper that runs.

Requests are few: one a sweep for all processes, one a look for the window of a table.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from fdtui.errors import FdtuiError
from fdtui.linux.lean import TYPE_CHECKING, NamedTuple
from fdtui.linux.procfs import SPECIALS, Entry, Failure, ProcFs

if TYPE_CHECKING:
    from typing import TypeAlias

    from fdtui.acquire.helper_client import HelperClient

Fd: TypeAlias = "int | str"
_REFUSED = (errno.EACCES, errno.EPERM)
_PROCESS, _CWD, _LAST_SPECIAL = -4, -3, -1  # the helper's numbers for a process, cwd root exe
_FRESH = 0.2  # seconds: a listing that a look has just made serves its rows as well
_LEAST, _DUTY = 0.9, 20  # a whole table is listed at most so often: seconds, times its cost
_ONE_BY_ONE = 4  # questions of a sweep, before the rest is asked at once
_TABLES = 4  # remembered


class _Listing(NamedTuple):
    """A table as listed: its numbers, its rows, when (time.monotonic()) and for how long."""

    numbers: list[int]
    rows: dict[Fd, Entry]
    at: float
    cost: float


class _Sweep:
    """Answers about processes, kept until the next sweep: pid -> a number, or OSError's errno."""

    def __init__(
        self, ask: Callable[[HelperClient, Sequence[int]], dict[int, int | Failure]]
    ) -> None:
        self._ask = ask
        self._known: dict[int, int | Failure] = {}
        self._asked = 0
        self._listed: Sequence[int] = ()

    def begin(self, listed: Sequence[int]) -> None:
        """Forget everything; `listed` is who may be asked about."""
        self._known, self._asked, self._listed = {}, 0, listed

    def answer(self, client: HelperClient, pid: int) -> int | Failure | None:
        """Ask, when it is not known yet; None when the helper does not answer."""
        if pid not in self._known:
            self._asked += 1
            # One that was not there yet when they were listed is not worth asking about all again.
            together = self._asked == _ONE_BY_ONE + 1
            pids = [pid, *self._listed] if together else [pid]
            try:
                self._known |= self._ask(client, pids)
            except FdtuiError:
                return None
        return self._known.get(pid)


class HelpedProcFs(ProcFs):
    """Is a plain ProcFs until `client` is set; that may happen at any time, in any thread.

    The client is one whose helper sees every process.  Used by one thread at a time per process.
    """

    def __init__(self) -> None:
        super().__init__()
        self.client: HelperClient | None = None
        self._counts = _Sweep(lambda client, pids: client.counts(pids))
        self._refusals = _Sweep(_refusals)
        self._listings: dict[int, _Listing] = {}

    @property
    def helper(self) -> HelperClient | None:
        """The helper, if it runs."""
        client = self.client
        return client if client is not None and client.alive else None

    def pids(self) -> list[int]:
        listed = super().pids()
        self._counts.begin(listed)
        self._refusals.begin(listed)
        return listed

    def fd_count(self, pid: int) -> int:
        try:
            return super().fd_count(pid)
        except PermissionError:
            count = self._counts.answer(client, pid) if (client := self.helper) else None
            if not isinstance(count, int):
                raise
            return count

    def refusal(self, pid: int) -> int:
        code = super().refusal(pid)
        if code in _REFUSED and (client := self.helper) is not None:
            answer = self._refusals.answer(client, pid)
            return code if answer is None else _code(answer)
        return code

    def fds(self, pid: int) -> list[int]:
        try:
            return super().fds(pid)
        except PermissionError:
            listing = self._listing(client, pid) if (client := self.helper) else None
            if listing is None:
                raise
            return listing.numbers

    def entry(self, pid: int, fd: Fd) -> Entry:
        entry = super().entry(pid, fd)
        if entry.error is None or entry.error.errno not in _REFUSED:
            return entry
        seen = self._window(client, pid, [fd]) if (client := self.helper) else None
        return entry if seen is None else seen.get(fd) or _closed(entry)

    def entries(self, pid: int, fds: Iterable[Fd]) -> Iterator[Entry]:
        """Yield the rows of these numbers; where /proc refuses them, by one or two requests."""
        wanted = list(fds)
        client = self.helper
        seen = None
        if client is not None and super().refusal(pid) in _REFUSED:
            seen = self._window(client, pid, wanted)
        for fd in wanted:
            if seen is None:
                yield super().entry(pid, fd)
            else:
                yield seen.get(fd) or _closed(super().entry(pid, fd))

    def _listing(self, client: HelperClient, pid: int) -> _Listing | None:
        """List a table, or return the last listing while its number of rows is the same."""
        known, began = self._listings.get(pid), time.monotonic()
        try:
            young = known is not None and began - known.at < max(_LEAST, _DUTY * known.cost)
            if known and young and client.counts([pid])[pid] == len(known.numbers):
                return known
            rows: dict[Fd, Entry] = {}
            for table in client.tables([pid]):
                if table.error is not None:
                    return None
                rows |= {entry.fd: entry for entry in table.entries}
        except FdtuiError:
            return None
        now = time.monotonic()
        numbers = sorted(fd for fd in rows if isinstance(fd, int))
        listing = _Listing(numbers, rows, now, now - began)
        while len(self._listings) >= _TABLES:
            self._listings.pop(next(iter(self._listings)), None)
        self._listings[pid] = listing
        return listing

    def _window(
        self, client: HelperClient, pid: int, wanted: Sequence[Fd]
    ) -> dict[Fd, Entry] | None:
        """Return rows by number, those asked for among them; None when the helper is silent."""
        known = self._listings.get(pid)
        if known is not None and time.monotonic() - known.at < _FRESH:
            return known.rows
        numbers = [fd for fd in wanted if isinstance(fd, int)]
        ranges = [(min(numbers), max(numbers))] if numbers else []
        if len(numbers) < len(wanted):
            ranges.append((_LAST_SPECIAL + 1 - len(SPECIALS), _LAST_SPECIAL))
        rows: dict[Fd, Entry] = {}
        try:
            for first, last in ranges:
                for table in client.tables([pid], first, last):
                    rows |= {entry.fd: entry for entry in table.entries}
        except FdtuiError:
            return None
        return rows


def _refusals(client: HelperClient, pids: Sequence[int]) -> dict[int, int | Failure]:
    """Say of each process whether the helper may look into it: 0, or the failure.

    Listing is a question of file modes, reading a link one of ptrace access: cwd stands for those.
    """
    found: dict[int, int | Failure] = {}
    for table in client.tables(pids, _PROCESS, _CWD):
        links = [entry.error for entry in table.entries if entry.error]
        refused = next((error for error in links if error.errno in _REFUSED), None)
        found[table.pid] = table.error or refused or 0
    return found


def _code(answer: int | Failure) -> int:
    """Return the errno of a refusal; one that has ended refuses nothing."""
    if isinstance(answer, int) or answer.errno in (errno.ENOENT, errno.ESRCH):
        return 0
    return answer.errno


def _closed(refused: Entry) -> Entry:
    """A number that the helper does not know any more."""
    return refused._replace(access=-1, link="", error=Failure("readlink", errno.ENOENT))
