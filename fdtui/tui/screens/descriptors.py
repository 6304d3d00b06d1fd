"""Descriptors: the fd table of one process, live, with a pane for the selected row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from fdtui.acquire.base import Target
from fdtui.errors import FdtuiError
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.render import units
from fdtui.render.objects import as_object
from fdtui.render.panefacts import pane_facts
from fdtui.render.safe import safe
from fdtui.render.spans import Span, Spans
from fdtui.survey.descriptors import DescriptorRow, DescriptorTable, Fd, TableSnapshot
from fdtui.tui.poller import Cancelled
from fdtui.tui.screens.descriptorrows import COLUMNS, SORTS, DescriptorRows, target_cell
from fdtui.tui.screens.place import Keys
from fdtui.tui.screens.tableplace import TablePlace
from fdtui.tui.widgets.columns import NARROW
from fdtui.tui.widgets.linetable import LineTable
from fdtui.tui.widgets.pane import DetailPane, Details, Fact, WithPane

GLANCE_DEADLINE = 0.5  # seconds the poller waits for what only an acquired descriptor tells
_AHEAD = 50  # rows filled before and after those on the screen


class Descriptors(TablePlace):
    """One process's table."""

    place = "1"
    drilled = True
    columns = COLUMNS
    sortable = tuple(SORTS)
    descending_first = frozenset(key for key, (_, descending) in SORTS.items() if descending)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "steal", "steal", id="fd.steal", show=False),
        Binding("p", "pull", "pull", id="fd.pull", show=False),
        Binding("o", "open_anew", "open anew", id="fd.reopen", show=False),
    ]

    def __init__(
        self,
        pid: int,
        start_time: int,
        *,
        name: str = "",
        select: Fd | None = None,
        look: bool = False,
    ) -> None:
        super().__init__("fd")
        self.pid = pid
        self.start_time = start_time
        self.process_name = name
        self._select = select
        self._look_at_once = look
        self._table: DescriptorTable | None = None
        self._snapshot = TableSnapshot()
        self._rows = DescriptorRows(self._snapshot)
        self._wanted: Sequence[Fd] | None = ()

    def body(self) -> ComposeResult:
        yield from self.filter_widgets()
        pane = DetailPane(id="pane")
        yield WithPane(LineTable(self.columns, id="table"), pane=pane)

    # Looking

    def look(self, cancelled: Cancelled) -> object:
        machine = self.fdtui.machine
        if self._table is None:
            self._table = DescriptorTable(machine.procfs, self.pid, self.start_time, machine.clock)
            if not self.process_name:
                self._learn_name()
        if self.fdtui.last_sweep is None:
            self.fdtui.last_sweep = self.fdtui.process_table.sweep(cancelled)
        wanted = self._wanted
        snapshot = self._table.sweep(wanted, self._glance, cancelled)
        if wanted is not None and not wanted and snapshot.fds:
            # The first look: nobody has seen which rows are on the screen yet.
            snapshot = self._table.sweep(snapshot.fds[: 2 * _AHEAD], self._glance, cancelled)
        return snapshot

    def _learn_name(self) -> None:
        try:
            self.process_name = self.fdtui.machine.procfs.stat(self.pid).comm
        except OSError:
            self.process_name = "?"

    def _glance(self, fds: Sequence[Fd]) -> dict[Fd, tuple[Entry, Info]]:
        """Ask the keeper to borrow each for microseconds; runs in the poller's thread."""
        keeper = self.fdtui.ready_keeper
        if keeper is None:
            return {}
        targets = [Target(self.pid, self.start_time, fd) for fd in fds if isinstance(fd, int)]
        try:
            seen = keeper.glance(targets).result(GLANCE_DEADLINE)
        except TimeoutError as error:
            raise FdtuiError("the keeper did not answer in time") from error
        return {target.fd: got for target, got in zip(targets, seen, strict=True) if got}

    def seen(self, result: object) -> None:
        assert isinstance(result, TableSnapshot)
        self._snapshot = result
        self.rebuild()
        if self._select is not None and self.table.select(self._select):
            self._select = None
            if self._look_at_once:
                self._look_at_once = False
                self.action_look()
        self.show_bars()

    def rebuild(self) -> None:
        self._rows = DescriptorRows(
            self._snapshot,
            sort=self.sort,
            descending=self.descending,
            words=self.filter_text.lower().split(),
            held=self.fdtui.held_fds(self.pid),
        )
        self._say_why_empty()
        self.table.set_source(self._rows)
        self._want()
        self._show_pane()

    def _say_why_empty(self) -> None:
        who = f"{safe(self.process_name)} {self.pid}"
        if self.filter_text:
            text = safe(self.filter_text)
            self.table.set_empty(
                (Span(f'No descriptor matches "{text}".'), Span("  esc clears the filter", "muted"))
            )
        elif self._snapshot.refused is not None:
            refused = self._snapshot.refused
            owner = self._owner()
            self.table.set_empty(
                (
                    Span(f"{who} cannot be looked into: "),
                    Span(f"{refused.name} on /proc/{self.pid}/fd", "attention"),
                    Span(f" (runs as {owner})."),
                ),
                (Span("p", "key"), Span(" asks sudo for a helper")),
            )
        elif self._snapshot.ended:
            self.table.set_empty((Span(f"{who} has ended"),))
        else:
            self.table.set_empty((Span(f"{who} has no open descriptor"),))

    def _owner(self) -> str:
        sweep = self.fdtui.last_sweep
        for row in sweep.rows if sweep else ():
            if row.pid == self.pid:
                return safe(row.user)
        return "?"

    def _want(self) -> None:
        """Say which rows the poller fills: all of them where order or filter depend on them."""
        if self.filter_text or self.sort != "fd":
            self._wanted = None
            return
        visible = self.table.visible_range()
        first, last = max(0, visible.start - _AHEAD), min(len(self._rows), visible.stop + _AHEAD)
        wanted = [self._rows.fd(index) for index in range(first, last)]
        missing = any(self._rows.row(index) is None for index in visible if index < last)
        self._wanted = wanted
        if missing:
            self.fdtui.poller.poke()

    def set_filter(self, text: str) -> None:
        super().set_filter(text)
        self.fdtui.poller.poke()

    def sort_by(self, column: str) -> None:
        super().sort_by(column)
        self.fdtui.poller.poke()

    def on_line_table_viewport(self, _: LineTable.Viewport) -> None:
        """Other rows are on the screen: fill them."""
        self._want()

    def on_line_table_highlighted(self, _: LineTable.Highlighted) -> None:
        """Another row: its details."""
        self._show_pane()

    # Words

    def crumbs(self) -> tuple[list[str], str]:
        snapshot = self._snapshot
        who = f"{self.process_name} {self.pid}" + (" (ended)" if snapshot.ended else "")
        counts = units.plural(snapshot.count, "descriptor")
        if snapshot.limit > 0:
            counts += f", limit {units.count(snapshot.limit)}"
        return ["Processes", who], counts

    def short_counts(self) -> str:
        snapshot = self._snapshot
        if snapshot.limit <= 0:
            return units.count(snapshot.count)
        return f"{units.count(snapshot.count)} of {units.count(snapshot.limit)}"

    def keys(self) -> tuple[Keys, Sequence[tuple[str, str]]]:
        take = [("enter", "look"), ("s", "steal"), ("p", "pull"), ("o", "open anew")]
        narrow = self.app.size.width < NARROW
        freeze = ("space", "thaw" if self.fdtui.frozen_at is not None else "freeze")
        rest: Keys = (
            ([("y", "yank")],)
            if narrow
            else ([("y", "yank")], [("/", "filter"), ("< >", "sort")], [freeze])
        )
        return (take, *rest), (("?", "keys"), ("esc", "back"))

    def filter_note(self) -> Spans:
        return (Span(units.plural(len(self._rows), "descriptor"), "muted"),)

    def _current(self) -> DescriptorRow | None:
        return self._rows.row(self.table.rows.cursor) if len(self._rows) else None

    def _show_pane(self) -> None:
        row = self._current()
        pane = self.query_one("#pane", DetailPane)
        if row is None:
            pane.show(Details())
            return
        entry = row.entry
        title = f"fd {entry.fd}" if isinstance(entry.fd, int) else str(entry.fd)
        narrow = self.app.size.width < NARROW
        pane.show(
            Details(
                title=(Span(title, "strong"), Span("  "), Span(row.kind.name, "muted")),
                subject=target_cell(row),
                hint=(
                    Span("enter", "key"),
                    Span(" looks" if narrow else " looks by pidfd_getfd", "muted"),
                ),
                left=[Fact(key, value) for key, value in pane_facts(entry, row.kind, row.info)],
                right=(),
            )
        )

    # Doing

    def _target(self) -> Target | None:
        if not len(self._rows):
            return None
        fd = self._rows.fd(self.table.rows.cursor)
        return Target(self.pid, self.start_time, fd) if isinstance(fd, int) else None

    def on_line_table_opened(self, _: LineTable.Opened) -> None:
        """Look into the selected descriptor."""
        self.action_look()

    def action_look(self) -> None:
        """Borrow it and view it."""
        from fdtui.tui.screens.looking import look

        if (target := self._target()) is not None:
            look(self, target, self.process_name)
        else:
            self.show_result(
                "cwd, root and exe are no descriptors: there is nothing to look through"
            )

    def action_steal(self) -> None:
        """Take it by pidfd_getfd, and keep it."""
        from fdtui.tui.screens.looking import steal

        if (target := self._target()) is not None:
            steal(self, target, self.process_name)

    def action_pull(self) -> None:
        """Have somebody send it."""
        from fdtui.tui.screens.looking import pull

        if (target := self._target()) is not None:
            pull(self, target, self.process_name)

    def action_open_anew(self) -> None:
        """Open the same file again: a private description."""
        from fdtui.tui.screens.looking import open_anew

        if (target := self._target()) is not None:
            open_anew(self, target, self.process_name)

    def action_yank(self) -> None:
        """Offer what can be copied of the selected descriptor."""
        from fdtui.tui.screens.yank import Yank, descriptor_choices

        row = self._current()
        if row is None:
            return
        entry = row.entry
        sweep = self.fdtui.last_sweep
        uid = next((p.uid for p in (sweep.rows if sweep else ()) if p.pid == self.pid), -1)
        json_row = as_object(
            entry,
            start_time=self.start_time,
            comm=self.process_name,
            uid=uid,
            kind=row.kind,
            info=row.info,
        )
        subject = f"{safe(self.process_name)} {self.pid} fd {entry.fd}"
        self.app.push_screen(
            Yank(subject, descriptor_choices(self.pid, entry.fd, entry.link, json_row))
        )
