"""Repeated scans of the whole machine: only what changed is read again.

A process whose start time and number of descriptors are as before is believed for a while; the
rest of the allowed time goes to those believed longest, so every table is read again in turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from fdtui.linux.lean import NamedTuple
from fdtui.linux.record import Table, Wants
from fdtui.survey.scan import Cancelled, Engine, never

_LEAST_COST = 1e-6  # seconds a descriptor, whatever a coarse clock says


class Change(NamedTuple):
    """What one table is now: `before` None for a new process, `now` None for one that ended."""

    pid: int
    before: Table | None
    now: Table | None


class Sweeper:
    """`for change in sweeper.sweep(): ...`; `tables` is the machine as last seen."""

    def __init__(
        self,
        engine: Engine,
        wants: Wants = Wants.ALL,
        duty: float = 0.05,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`duty`: share of the time between two sweeps spent on tables that seem unchanged."""
        self.tables: dict[int, Table] = {}
        self.complete = False  # every process has been read once
        self._engine = engine
        self._wants = wants
        self._duty = duty
        self._clock = clock
        self._read_at: dict[int, float] = {}
        self._last_sweep: float | None = None
        self._cost = 10e-6  # seconds a descriptor, as measured

    def sweep(self, cancelled: Cancelled = never) -> Iterator[Change]:
        """Probe every process (6 us), read what changed and some of the rest; yield differences.

        The first sweep yields every table as it is read, so that rows can be shown at once.
        """
        started = self._clock()
        allowed = 0.0
        if self._last_sweep is not None:
            allowed = (started - self._last_sweep) * self._duty
        self._last_sweep = started
        pids = self._engine.pids()
        for pid in set(self.tables) - set(pids):
            yield self._ended(pid)
        due = pids if not self.complete else self._due(pids, allowed)
        read: set[int] = set()
        descriptors = 0
        spent = 0.0  # without what the caller does between two changes
        began = self._clock()
        for table in self._engine.tables(due, self._wants, cancelled):
            pid = table.owner.pid
            read.add(pid)
            descriptors += len(table.records) + 1
            before = self.tables.get(pid)
            self.tables[pid] = table
            self._read_at[pid] = started
            if before != table:
                spent += self._clock() - began
                yield Change(pid, before, table)
                began = self._clock()
        if cancelled():
            return
        if descriptors:
            spent += self._clock() - began
            self._cost = max(spent / descriptors, _LEAST_COST)
        for pid in set(due) - read:  # ended since they were listed
            if pid in self.tables:
                yield self._ended(pid)
        self.complete = True

    def _ended(self, pid: int) -> Change:
        del self._read_at[pid]
        return Change(pid, self.tables.pop(pid), None)

    def _due(self, pids: list[int], allowed: float) -> list[int]:
        """Those that changed for certain, and as many of the others as `allowed` seconds pay."""
        due, quiet = [], []
        for pid in pids:
            known = self.tables.get(pid)
            if known is None:
                due.append(pid)
                continue
            owner = self._engine.owner(pid)
            if owner is None or owner != known.owner._replace(error=None):
                due.append(pid)
            else:
                quiet.append(pid)
        budget = allowed / self._cost
        for pid in sorted(quiet, key=self._read_at.__getitem__):
            budget -= len(self.tables[pid].records) + 1
            if budget < 0:
                break
            due.append(pid)
        return due
