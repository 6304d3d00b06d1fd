"""What the poller's thread does for the Descriptors place: rows first, then who is around them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from fdtui.acquire.base import Target
from fdtui.errors import FdtuiError
from fdtui.keeper.api import Keeper
from fdtui.kinds.base import DEVICE, TERMINAL
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.render.objects import mode_of
from fdtui.render.units import size_cell
from fdtui.survey.descriptors import DescriptorRow, DescriptorTable, Fd, TableSnapshot
from fdtui.survey.neighbours import Neighbour
from fdtui.tui.machine import Machine
from fdtui.tui.poller import SLOWDOWN, Cancelled
from fdtui.tui.screens.neighbourcells import MOST_MEMBERS, Detail

GLANCE_DEADLINE = 0.5  # seconds to wait for what only an acquired descriptor tells
AHEAD = 50  # rows filled before and after those on the screen
_AROUND_EVERY = 2.0  # seconds, at least, between two searches for sharers and peers


class TableView(NamedTuple):
    """One look: the table, and what was found around it so far."""

    snapshot: TableSnapshot
    neighbours: Mapping[Fd, Neighbour]
    detail: Detail
    container: str = ""  # or systemd unit, as far as it was looked up


class TableLook:
    """Looks at one process; `wanted` and `selected` are set by the screen at any time."""

    def __init__(
        self,
        machine: Machine,
        pid: int,
        start_time: int,
        keeper: Callable[[], Keeper | None],
        found: Callable[[], object],
    ) -> None:
        self.wanted: Sequence[Fd] | None = ()  # rows to fill; None: all
        self.selected: Fd | None = None
        self._machine = machine
        self._pid = pid
        self._start_time = start_time
        self._keeper = keeper
        self._found = found  # called from a thread when there is more to show
        self._searching = False
        self._table = DescriptorTable(machine.procfs, pid, start_time, machine.clock)
        self._finder = machine.neighbours(machine.procfs)
        self._neighbours: Mapping[Fd, Neighbour] = {}
        self._selected_detail = Detail(-1)
        self._due = 0.0
        self._looked = False
        self._container: str | None = None

    def look(self, cancelled: Cancelled) -> tuple[TableView, bool]:
        """Return the view, and whether it is worth looking again at once."""
        wanted = self.wanted
        snapshot = self._table.sweep(wanted, self._glance, cancelled)
        if wanted is not None and not wanted and snapshot.fds:
            # The first look: nobody has seen yet which rows are on the screen.
            snapshot = self._table.sweep(snapshot.fds[: 2 * AHEAD], self._glance, cancelled)
        first, self._looked = not self._looked, True
        if not first:
            if self._container is None:
                self._container = self._contained()
            if self.selected != self._selected_detail.fd and not self._searching:
                self._selected_detail = self._detail(snapshot)
            self._look_around(snapshot, cancelled)
        view = TableView(snapshot, self._neighbours, self._selected_detail, self._container or "")
        return view, first

    def comm(self, pid: int) -> str:
        """Return a process's name."""
        try:
            return self._machine.procfs.stat(pid).comm
        except OSError:
            return "?"

    def _contained(self) -> str:
        """Return the container or systemd unit that the process runs in, "" for neither."""
        if not self._machine.live:
            return ""
        from fdtui.survey.containers import Containers

        found = Containers().of(self._pid)
        return found.label if found is not None else ""

    def _glance(self, fds: Sequence[Fd]) -> dict[Fd, tuple[Entry, Info]]:
        """Ask the keeper to borrow each for microseconds."""
        keeper = self._keeper()
        if keeper is None:
            return {}
        targets = [Target(self._pid, self._start_time, fd) for fd in fds if isinstance(fd, int)]
        try:
            seen = keeper.glance(targets).result(GLANCE_DEADLINE)
        except TimeoutError as error:
            raise FdtuiError("the keeper did not answer in time") from error
        return {target.fd: got for target, got in zip(targets, seen, strict=True) if got}

    def _look_around(self, snapshot: TableSnapshot, cancelled: Cancelled) -> None:
        """Start a search for sharers and peers when one is due.

        In a thread of its own: on a machine with 100,000 descriptors it takes a third of a second,
        and the table should not wait for it.
        """
        if time.monotonic() < self._due or self._searching or snapshot.ended:
            return
        self._searching = True
        threading.Thread(
            target=self._search, args=(snapshot, cancelled), name="neighbours", daemon=True
        ).start()

    def _search(self, snapshot: TableSnapshot, cancelled: Cancelled) -> None:
        began = time.monotonic()
        entries = [row.entry for row in snapshot.rows.values() if not row.closed]
        try:
            found = self._finder.of_process(self._pid, entries, cancelled)
            if not cancelled():
                self._neighbours = dict(found.items())
                self._selected_detail = self._detail(snapshot)
        except OSError:
            pass  # a process or namespace vanished midway: what was known stays
        finally:
            ended = time.monotonic()
            self._due = ended + max(_AROUND_EVERY, SLOWDOWN * (ended - began))
            self._searching = False
            self._found()

    def _detail(self, snapshot: TableSnapshot) -> Detail:
        """Say of the selected row who its sharers are and how they likely came."""
        fd = self.selected
        row = snapshot.rows.get(fd) if fd is not None else None
        neighbour = self._neighbours.get(fd) if fd is not None else None
        if row is None or neighbour is None or not isinstance(fd, int):
            return Detail(-1)
        # Half the machine has /dev/null open: a device opened apart shares nothing.
        device = row.kind.family in (DEVICE, TERMINAL)
        apart = () if device else self._finder.opened_apart(row.entry, neighbour)
        return Detail(
            fd,
            self._finder.sharers(self._pid, fd, neighbour.sharers[:MOST_MEMBERS]),
            self.comm(self._pid),
            tuple(
                (*one, self.comm(one[0]), self._difference(row, *one))
                for one in apart[:MOST_MEMBERS]
            ),
            tuple(
                (one.pid, one.fd, one.comm, "" if one.sure else "likely: kcmp was refused")
                for one in self._finder.watched_by(row.entry)[:MOST_MEMBERS]
            ),
        )

    def _difference(self, row: DescriptorRow, pid: int, fd: int) -> str:
        """Say how another description of the same file differs: `r-  4.1K behind`."""
        entry = self._machine.procfs.entry(pid, fd)
        mode = {"r": "r-", "w": "-w"}.get(mode_of(entry) or "", mode_of(entry) or "")
        other = row.kind.position(entry)
        if other is None or row.pos is None or other == row.pos:
            return mode
        where = "behind" if other < row.pos else "ahead"
        return f"{mode}  {size_cell(abs(other - row.pos))} {where}"
