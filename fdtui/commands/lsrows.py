"""What was asked of `ls`, and the rows that answer it: few calls, in workers where it pays."""

from __future__ import annotations

from collections.abc import Iterator

from fdtui.commands import lswork
from fdtui.commands.lswork import Job
from fdtui.linux.fdtable import read_table
from fdtui.linux.lean import TYPE_CHECKING, NamedTuple
from fdtui.linux.record import Owner, Table
from fdtui.survey.facts import Facts
from fdtui.survey.socks import Socks

if TYPE_CHECKING:
    from typing import Self

    from fdtui.survey.pooled import PooledEngine
    from fdtui.survey.scan import EngineName

_PEERS = frozenset({"peer", "peer.pid", "peer.fd", "peer.comm"})
_SHARING = frozenset({"shared", "sharing"})
_MOUNTS = frozenset({"mount", "source", "fstype"})


class Asked(NamedTuple):
    """The options, checked; `used` are the columns that filters and output need."""

    pids: tuple[int, ...] | None = None
    filters: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    sharing: bool = False
    peers: bool = False
    all: bool = False
    engine: EngineName = "auto"
    used: frozenset[str] = frozenset()

    def checked(self) -> Self:
        """Compile the filters once, and add what their columns need; FilterError for a mistake."""
        if not self.columns and not self.filters:
            return self
        from fdtui.survey import columns

        used = {found.name for name in self.columns if (found := columns.find(name))}
        if self.filters:
            for one in lswork.compiled(self.filters):
                used |= one.columns
        return self._replace(
            used=frozenset(used),
            sharing=self.sharing or bool(used & _SHARING),
            peers=self.peers or bool(used & _PEERS),
        )

    def job(self, form: str, columns: tuple[str, ...] = ()) -> Job:
        """Return what a worker needs to know."""
        return Job(
            form,
            columns,
            self.filters,
            self.all,
            "container" in self.used,
            bool(self.used & _MOUNTS),
        )


class Scan:
    """One pass over what was asked for.  Afterwards it tells what could not be seen."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.missing: list[int] = []  # processes asked for that are not there
        self.refused: list[Owner] = []
        self.processes = 0  # kernel threads are not counted: they have no descriptors
        self.owners: list[Owner] = []
        self._engine: PooledEngine | None = None
        self._socks = Socks()

    def parts(self, form: str, columns: tuple[str, ...] = ()) -> Iterator[bytes | memoryview]:
        """Yield what `lswork` makes of the rows, in order of pid and fd."""
        asked = self.asked
        job = asked.job(form, columns)
        if asked.pids is not None:
            yield lswork.made(self._looked(job), job)
        elif asked.sharing or asked.peers:
            yield from self._related(job)
        else:
            for part in self._chosen().transform(lswork.make, tuple(job)):
                owners, body = lswork.taken_apart(part)
                self._note(owners)
                yield body

    def _looked(self, job: Job) -> list[Facts]:
        """The rows of a few processes, with what only an acquired descriptor tells."""
        from fdtui.commands.lslook import looked

        pids = self.asked.pids or ()
        rows: list[Facts] = []
        for pid in pids:
            table = read_table(pid)
            if table is None:
                self.missing.append(pid)
                continue
            self._note([lswork.judged(table)])
            rows += looked(table, job, self._socks)
        if rows and (self.asked.sharing or self.asked.peers):
            from fdtui.commands.lsrelated import of_processes

            rows = of_processes(rows, self.asked.sharing, self.asked.peers, self.asked.engine)
        return sorted(lswork.fitting(rows, job), key=_place)

    def _related(self, job: Job) -> Iterator[bytes | memoryview]:
        """The rows of the machine, once everybody is known who could be related to them."""
        asked = self.asked
        if job.straight:
            from fdtui.commands.lsjoined import objects

            for part in objects(self._chosen(), asked.sharing, asked.peers):
                owners, body = lswork.taken_apart(part)
                self._note(owners)
                yield body
            return
        from fdtui.commands.lsrelated import Relations

        tables: list[Table] = list(self._chosen().tables())
        owners = [lswork.judged(table) for table in tables]
        self._note(owners)
        records = [record for table in tables for record in table.records]
        relations = Relations(owners, records, asked.sharing, asked.peers)
        for table in tables:
            rows = map(relations.add, lswork.facts(table, job, self._socks))
            yield lswork.made(lswork.fitting(rows, job), job)

    def _note(self, owners: list[Owner]) -> None:
        for owner in owners:
            if owner.kernel:
                continue
            self.processes += 1
            self.owners.append(owner)
            if owner.error is not None:
                self.refused.append(owner)

    def _chosen(self) -> PooledEngine:
        if self._engine is None:
            from fdtui.survey.scan import choose

            count = _descriptors() if self.asked.engine == "auto" else None
            self._engine = choose(self.asked.engine, count)
        return self._engine

    def close(self) -> None:
        """End workers and programs."""
        if self._engine is not None:
            self._engine.close()


def _place(facts: Facts) -> tuple[int, bool, int]:
    return facts.owner.pid, bool(facts.special), facts.record.fd


def _descriptors() -> int:
    from fdtui.survey.scan import all_pids, counts

    return sum(counts(all_pids()).values())
