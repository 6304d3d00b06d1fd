"""The scan engine for everybody: reads /proc, whole machines with several processes."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Iterator, Sequence

from fdtui.linux.fdtable import as_records, fds_of_file, read_record, read_rows, read_table
from fdtui.linux.lean import TYPE_CHECKING
from fdtui.linux.record import Owner, Record, Row, Table, Wants
from fdtui.survey.pooled import PooledEngine
from fdtui.survey.scan import (
    Cancelled,
    Payload,
    Transform,
    all_pids,
    batched,
    counts,
    never,
)

if TYPE_CHECKING:
    from typing import ClassVar

    from fdtui.survey.gathered import Gathered
    from fdtui.survey.workers import Job

_WORKERS_PAY_FROM = 3_000  # descriptors: below, starting workers costs more than they save
_JOB = 1_500  # descriptors of one job, about 10 ms
_AHEAD = 6  # jobs done here while workers start, 80 ms
_PROCESS_COST = 8  # an empty table costs as much as that many descriptors
_FRAME = 512  # rows in one answer of a worker


_Batch = list[tuple[tuple[object, ...], list[Row]]]  # tables as marshal carries them


class ProcEngine(PooledEngine):
    """readlink, fdinfo and statx of each descriptor, as far as they are wanted."""

    name: ClassVar[str] = "proc"

    def tables(
        self,
        pids: Iterable[int] | None = None,
        wants: Wants = Wants.ALL,
        cancelled: Cancelled = never,
    ) -> Iterator[Table]:
        wanted = all_pids() if pids is None else sorted(set(pids))
        jobs = self._jobs(wanted, lambda part: (_WORK, (part, int(wants), "", None)))
        if jobs is None:
            yield from self._alone(wanted, wants, cancelled)
            return
        if self._workers is None:
            # Rows are there at once, and workers have their start.
            self._pool.start()
            half = min(_AHEAD, len(jobs) // 2)
            ahead, jobs = jobs[:half], jobs[half:]
            yield from self._alone(
                [pid for job in ahead for pid in job.payload[0]], wants, cancelled
            )
            if cancelled():
                return
        for frame in self._pool.run(jobs, cancelled):
            yield from _tables(marshal.loads(frame))  # noqa: S302  from our own child

    def transform(
        self,
        function: Transform,
        argument: Payload = None,
        pids: Iterable[int] | None = None,
        wants: Wants = Wants.ALL,
        cancelled: Cancelled = never,
    ) -> Iterator[bytes]:
        from fdtui.survey.workers import qualified

        wanted = all_pids() if pids is None else sorted(set(pids))
        name = qualified(function)
        jobs = self._jobs(wanted, lambda part: (_WORK, (part, int(wants), name, argument)))
        if jobs is not None:
            yield from self._pool.run(jobs, cancelled)
            return
        yield from batched(self._alone(wanted, wants, cancelled), function, argument)

    def holders(self, dev: int, ino: int, cancelled: Cancelled = never) -> Iterator[Record]:
        for pid, fd in self._candidates(dev, ino, cancelled):
            record = read_record(pid, fd)
            if record is not None and (record.dev, record.ino) == (dev, ino):
                yield record

    def gathered(self, beside: Sequence[Job]) -> tuple[Gathered, list[bytes]]:
        from fdtui.survey.gathered_proc import OUTLINED, GatheredTables, outlined

        pids = all_pids()
        jobs = self._jobs(pids, lambda part: (OUTLINED, part))
        if jobs is None:
            return GatheredTables(outlined(pids)), self._here(beside)
        frames = self._pool.run([*beside, *jobs], never)
        others = [next(frames) for _ in beside]
        return GatheredTables(frames), others

    def _candidates(self, dev: int, ino: int, cancelled: Cancelled) -> Iterator[tuple[int, int]]:
        pids = all_pids()
        jobs = self._jobs(pids, lambda part: (_FIND, (part, dev, ino)))
        if jobs is not None:
            for frame in self._pool.run(jobs, cancelled):
                yield from marshal.loads(frame)  # noqa: S302  from our own child
            return
        for pid in pids:
            if cancelled():
                return
            yield from ((pid, fd) for fd in fds_of_file(pid, dev, ino))

    def _alone(self, pids: list[int], wants: Wants, cancelled: Cancelled) -> Iterator[Table]:
        for pid in pids:
            if cancelled():
                return
            table = read_table(pid, wants)
            if table is not None:
                yield table

    def _jobs(
        self, pids: list[int], job: Callable[[list[int]], tuple[str, Payload]]
    ) -> list[Job] | None:
        """Share the processes out by their counts; None when one process is faster alone."""
        if self._size < 2 or len(pids) < 2:
            return None
        sizes = counts(pids)
        if sum(sizes.values()) < _WORKERS_PAY_FROM:
            return None
        from fdtui.survey.workers import Job

        jobs: list[Job] = []
        part: list[int] = []
        cost = 0
        for pid, size in sizes.items():
            part.append(pid)
            cost += size + _PROCESS_COST
            if cost >= _JOB:
                jobs.append(Job(*job(part)))
                part, cost = [], 0
        if part:
            jobs.append(Job(*job(part)))
        return jobs


def work(payload: tuple[list[int], int, str, Payload]) -> Iterator[bytes]:
    """In a worker: read the tables of (pids, wants, transform or "", argument)."""
    pids, wants, name, argument = payload
    function: Transform | None = None
    if name:
        from fdtui.survey.workers import named

        function = named(name)
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


def find(payload: tuple[list[int], int, int]) -> Iterator[bytes]:
    """In a worker: (pid, fd) of one file, from (pids, st_dev, st_ino)."""
    pids, dev, ino = payload
    yield marshal.dumps([(pid, fd) for pid in pids for fd in fds_of_file(pid, dev, ino)])


def _finish(batch: _Batch, function: Transform | None, argument: Payload) -> bytes:
    return marshal.dumps(batch) if function is None else function(_tables(batch), argument)


def _tables(batch: _Batch) -> list[Table]:
    return [Table(Owner._make(owner), as_records(rows)) for owner, rows in batch]


_WORK, _FIND = f"{__name__}:work", f"{__name__}:find"
