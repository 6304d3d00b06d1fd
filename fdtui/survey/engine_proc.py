"""The scan engine for everybody: reads /proc, whole machines with several processes."""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Iterator
from typing import ClassVar

from fdtui.linux.fdtable import as_records, read_record, read_rows, read_table
from fdtui.linux.record import Owner, Record, Row, Table, Wants
from fdtui.survey.scan import (
    Cancelled,
    Engine,
    Payload,
    Transform,
    all_pids,
    batched,
    counts,
    never,
)
from fdtui.survey.workers import Job, Pool, named, qualified, worker_count

_WORKERS_PAY_FROM = 3_000  # descriptors: below, starting workers costs more than they save
_JOB = 1_500  # descriptors of one job, about 10 ms
_PROCESS_COST = 8  # an empty table costs as much as that many descriptors
_FRAME = 512  # rows in one answer of a worker


_Batch = list[tuple[tuple[object, ...], list[Row]]]  # tables as marshal carries them


class ProcEngine(Engine):
    """readlink, fdinfo and statx of each descriptor, as far as they are wanted."""

    name: ClassVar[str] = "proc"

    def __init__(self, reason: str = "", size: int | None = None) -> None:
        super().__init__(reason)
        self._size = worker_count() if size is None else size
        self._pool: Pool | None = None

    def tables(
        self,
        pids: Iterable[int] | None = None,
        wants: Wants = Wants.ALL,
        cancelled: Cancelled = never,
    ) -> Iterator[Table]:
        wanted = all_pids() if pids is None else sorted(set(pids))
        jobs = self._jobs(wanted, wants, None, None)
        if jobs is None:
            yield from self._alone(wanted, wants, cancelled)
            return
        for frame in self._run(jobs, cancelled):
            yield from _tables(marshal.loads(frame))  # noqa: S302  from our own child

    def transform(
        self,
        function: Transform,
        argument: Payload = None,
        pids: Iterable[int] | None = None,
        wants: Wants = Wants.ALL,
        cancelled: Cancelled = never,
    ) -> Iterator[bytes]:
        wanted = all_pids() if pids is None else sorted(set(pids))
        jobs = self._jobs(wanted, wants, function, argument)
        if jobs is not None:
            yield from self._run(jobs, cancelled)
            return
        yield from batched(self._alone(wanted, wants, cancelled), function, argument)

    def holders(self, dev: int, ino: int, cancelled: Cancelled = never) -> Iterator[Record]:
        wants = Wants.LINK | Wants.STAT
        for found in self.transform(only_file, (dev, ino), None, wants, cancelled):
            for pid, fd in marshal.loads(found):  # noqa: S302  from our own child
                record = read_record(pid, fd)
                if record is not None and (record.dev, record.ino) == (dev, ino):
                    yield record

    def _alone(self, pids: list[int], wants: Wants, cancelled: Cancelled) -> Iterator[Table]:
        for pid in pids:
            if cancelled():
                return
            table = read_table(pid, wants)
            if table is not None:
                yield table

    def _jobs(
        self, pids: list[int], wants: Wants, function: Transform | None, argument: Payload
    ) -> list[Job] | None:
        """Share the processes out by their counts; None when one process is faster alone."""
        if self._size < 2 or len(pids) < 2:
            return None
        sizes = counts(pids)
        if sum(sizes.values()) < _WORKERS_PAY_FROM:
            return None
        name = qualified(function) if function else ""
        jobs: list[Job] = []
        part: list[int] = []
        cost = 0
        for pid, size in sizes.items():
            part.append(pid)
            cost += size + _PROCESS_COST
            if cost >= _JOB:
                jobs.append(Job(_WORK, (part, int(wants), name, argument)))
                part, cost = [], 0
        if part:
            jobs.append(Job(_WORK, (part, int(wants), name, argument)))
        return jobs

    def _run(self, jobs: list[Job], cancelled: Cancelled) -> Iterator[bytes]:
        if self._pool is None:
            self._pool = Pool(self._size)
        return self._pool.run(jobs, cancelled)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.close()
            self._pool = None


def work(payload: tuple[list[int], int, str, Payload]) -> Iterator[bytes]:
    """In a worker: read the tables of (pids, wants, transform or "", argument)."""
    pids, wants, name, argument = payload
    function: Transform | None = named(name) if name else None
    batch: _Batch = []
    size = 0
    for pid in pids:
        read = read_rows(pid, Wants(wants))
        if read is None:
            continue
        batch.append((tuple(read[0]), read[1]))
        size += len(read[1]) + 1
        if size >= _FRAME:
            yield _finish(batch, function, argument)
            batch, size = [], 0
    if batch:
        yield _finish(batch, function, argument)


def only_file(tables: list[Table], file: tuple[int, int]) -> bytes:
    """In a worker: marshalled (pid, fd) of the records of one (st_dev, st_ino)."""
    dev, ino = file
    return marshal.dumps(
        [(r.pid, r.fd) for table in tables for r in table.records if r.ino == ino and r.dev == dev]
    )


def _finish(batch: _Batch, function: Transform | None, argument: Payload) -> bytes:
    return marshal.dumps(batch) if function is None else function(_tables(batch), argument)


def _tables(batch: _Batch) -> list[Table]:
    return [Table(Owner._make(owner), as_records(rows)) for owner, rows in batch]


_WORK = qualified(work)
