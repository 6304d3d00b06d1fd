"""A scan engine whose refused tables are asked of the helper that runs, if one does."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator

from fdtui.errors import FdtuiError
from fdtui.linux.lean import TYPE_CHECKING
from fdtui.linux.procfs import Entry
from fdtui.linux.record import Owner, Record, Table, Wants
from fdtui.survey.entryrecord import record_of
from fdtui.survey.scan import Cancelled, Engine, Payload, Transform, never

if TYPE_CHECKING:
    from fdtui.acquire.helper_client import HelperClient
    from fdtui.survey.mapped import MappedFile

_AT_ONCE = 50  # tables asked for between two looks at `cancelled`


class HelpedEngine(Engine):
    """Another engine, and beside it the helper that `helper` returns, None while there is none."""

    def __init__(self, inner: Engine, helper: Callable[[], HelperClient | None]) -> None:
        super().__init__(inner.reason)
        self.name = inner.name  # type: ignore[misc]  # of the engine that does the work
        self._inner = inner
        self._helper = helper
        self._refused: set[int] = set()  # at the last look, with no helper to ask
        self._helped: set[int] = set()

    def tables(
        self,
        pids: Iterable[int] | None = None,
        wants: Wants = Wants.ALL,
        cancelled: Cancelled = never,
    ) -> Iterator[Table]:
        """Yield the tables that may be read, in order of pid, then those the helper reads."""
        refused: dict[int, Table] = {}
        for table in self._inner.tables(pids, wants, cancelled):
            pid = table.owner.pid
            self._refused.discard(pid)
            self._helped.discard(pid)
            if table.owner.error is None:
                yield table
            else:
                refused[pid] = table
        waiting = list(refused)
        while waiting and not cancelled():
            part, waiting = waiting[:_AT_ONCE], waiting[_AT_ONCE:]
            yield from self._by_helper({pid: refused[pid] for pid in part})

    def _by_helper(self, refused: dict[int, Table]) -> Iterator[Table]:
        client = self._helper()
        seen: dict[int, Table | None] = {}  # None: ended meanwhile
        if client is not None:
            try:
                for listed in client.tables(list(refused)):
                    if listed.error is not None:
                        if listed.error.errno in (errno.ENOENT, errno.ESRCH):
                            seen[listed.pid] = None
                    else:
                        owner = refused[listed.pid].owner
                        records = [_record(e) for e in listed.entries if isinstance(e.fd, int)]
                        seen[listed.pid] = Table(
                            owner._replace(error=None, fds=len(records)), records
                        )
            except FdtuiError:
                pass  # it has ended: what it did not tell stays refused
        for pid, table in refused.items():
            now = seen.get(pid, table)
            if now is not None:
                (self._helped if pid in seen else self._refused).add(pid)
                yield now

    def owner(self, pid: int) -> Owner | None:
        """None too for a table that must be read anew since a helper came or went."""
        stale = self._refused if self._helper() is not None else self._helped
        return None if pid in stale else self._inner.owner(pid)

    def pids(self) -> list[int]:
        return self._inner.pids()

    def transform(
        self,
        function: Transform,
        argument: Payload = None,
        pids: Iterable[int] | None = None,
        wants: Wants = Wants.ALL,
        cancelled: Cancelled = never,
    ) -> Iterator[bytes]:
        yield from self._inner.transform(function, argument, pids, wants, cancelled)

    def holders(self, dev: int, ino: int, cancelled: Cancelled = never) -> Iterator[Record]:
        yield from self._inner.holders(dev, ino, cancelled)

    def mappers(
        self,
        file: MappedFile,
        cancelled: Cancelled = never,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> list[int]:
        return self._inner.mappers(file, cancelled, meanwhile)

    def close(self) -> None:
        self._inner.close()


def _record(entry: Entry) -> Record:
    error = entry.error
    return record_of(entry)._replace(error=(error.call, error.errno) if error else None)
