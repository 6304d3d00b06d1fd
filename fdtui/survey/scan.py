"""Scans of many descriptor tables: the engines' interface, and the choice between them.

`proc` works for everybody; `bpf` needs CAP_BPF and CAP_PERFMON.  Both give the same rows; only
bpf also tells `ofd` (which descriptors are one description) and `sock` (endpoints and queues).
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType

from fdtui.errors import CallFailed
from fdtui.linux.fdtable import owner_of
from fdtui.linux.lean import TYPE_CHECKING, Any, Literal
from fdtui.linux.record import Owner, Record, Table, Wants

if TYPE_CHECKING:
    from typing import ClassVar, Self

    from fdtui.survey.mapped import MappedFile
    from fdtui.survey.pooled import PooledEngine

Cancelled = Callable[[], bool]
Payload = Any  # what marshal carries: tuples, lists, dicts, numbers, str, bytes, None
Transform = Callable[[list[Table], Payload], bytes]
EngineName = Literal["auto", "proc", "bpf"]

BATCH = 512  # records given to a transform at once
BPF_PAYS_FROM = 4_000  # descriptors: below, loading the program (20 ms) costs more than /proc


def never() -> bool:
    """The `cancelled` of a scan that runs to its end."""
    return False


class Engine(ABC):
    """Reads descriptor tables.  One scan at a time; close() ends workers and programs.

    A process that vanishes is left out, a refusal is an error in the row: no scan is aborted.
    """

    name: ClassVar[str]

    def __init__(self, reason: str = "") -> None:
        self.reason = reason  # why this engine, for the status line and doctor

    @abstractmethod
    def tables(
        self,
        pids: Iterable[int] | None = None,
        wants: Wants = Wants.ALL,
        cancelled: Cancelled = never,
    ) -> Iterator[Table]:
        """Yield the tables of these processes, or of all, in order of pid."""

    @abstractmethod
    def transform(
        self,
        function: Transform,
        argument: Payload = None,
        pids: Iterable[int] | None = None,
        wants: Wants = Wants.ALL,
        cancelled: Cancelled = never,
    ) -> Iterator[bytes]:
        """Yield what `function` makes of batches of tables and `argument`, in order of pid.

        It may run in worker processes, so it is a module's function, and pure.
        """

    @abstractmethod
    def holders(self, dev: int, ino: int, cancelled: Cancelled = never) -> Iterator[Record]:
        """Yield the descriptors of one file, by st_dev and st_ino."""

    def mappers(
        self,
        file: MappedFile,
        cancelled: Cancelled = never,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> list[int]:
        """Return the processes that seem to have a file mapped, for a closer look at each.

        `meanwhile` is called while workers search, or before.
        """
        from fdtui.survey.mapped import mentioned

        return mentioned(file, self.pids(), cancelled, meanwhile)

    def sweep(
        self,
        pids: Iterable[int] | None = None,
        wants: Wants = Wants.ALL,
        cancelled: Cancelled = never,
    ) -> Iterator[list[Record]]:
        """Yield batches of records; a table that was refused is one record with fd -1."""
        for table in self.tables(pids, wants, cancelled):
            if table.owner.error is not None:
                yield [refused_record(table)]
            elif table.records:
                yield table.records

    def pids(self) -> list[int]:
        """Return the processes there are, in order."""
        return all_pids()

    def owner(self, pid: int) -> Owner | None:
        """Return what can be told of a process without reading its table; None when it is gone."""
        return owner_of(pid)

    @abstractmethod
    def close(self) -> None:
        """Free what the engine holds; it can be used again."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()


def batched(tables: Iterable[Table], function: Transform, argument: Payload) -> Iterator[bytes]:
    """Apply a transform to so many tables at once that its calls do not count."""
    batch: list[Table] = []
    size = 0
    for table in tables:
        batch.append(table)
        size += len(table.records) + 1
        if size >= BATCH:
            yield function(batch, argument)
            batch, size = [], 0
    if batch:
        yield function(batch, argument)


def refused_record(table: Table) -> Record:
    """The one row of a table that could not be listed."""
    owner = table.owner
    # fmt: off
    return Record(
        owner.pid, -1, "", -1, -1, -1, -1, -1, -1, -1, 0, -1, -1, -1, -1, "", "", 0, None,
        owner.error,
    )
    # fmt: on


def all_pids() -> list[int]:
    """Every process that /proc lists, in order."""
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())


def counts(pids: Iterable[int]) -> dict[int, int]:
    """Descriptors of each process still there (2 us each); 1 before Linux 6.2 or when refused."""
    found = {}
    for pid in pids:
        try:
            found[pid] = os.stat(f"/proc/{pid}/fd").st_size or 1
        except PermissionError:
            found[pid] = 1
        except OSError:
            continue
    return found


def worker_count() -> int:
    """As many as there are processors for us, at most 4 (10 MB each); 0 when one is all."""
    processors = len(os.sched_getaffinity(0))
    return min(processors, 4) if processors > 1 else 0


def choose(
    engine: EngineName = "auto", descriptors: int | None = None, workers: int | None = None
) -> PooledEngine:
    """Return the engine to use, its `reason` filled.

    `descriptors`: how many are about to be read once; None when many or often.  `bpf` raises
    CallFailed when it cannot be had, `auto` falls back to proc and says why.
    """
    # Imported when needed: `ls -p PID` is over before these are read.
    from fdtui.survey.engine_proc import ProcEngine

    if engine == "proc":
        return ProcEngine("as asked", workers)
    if engine == "auto" and descriptors is not None and descriptors < BPF_PAYS_FROM:
        few = f"{descriptors} descriptors are read faster than a program is loaded"
        return ProcEngine(few, workers)
    from fdtui.linux.bpf.iterator import TaskFile, available
    from fdtui.survey.engine_bpf import BpfEngine

    if engine == "bpf":
        return BpfEngine(TaskFile.load(), "as asked", workers)
    reason = available()
    if reason is None:
        try:
            return BpfEngine(TaskFile.load(), "privileged, and the kernel can", workers)
        except CallFailed as failed:
            reason = str(failed)
    return ProcEngine(reason, workers)
