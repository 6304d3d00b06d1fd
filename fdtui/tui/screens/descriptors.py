"""Descriptors: the fd table of one process, live, with a pane for the selected row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from fdtui.acquire.base import Target
from fdtui.linux.record import Owner
from fdtui.render import units
from fdtui.render.objects import as_object
from fdtui.render.panefacts import pane_facts
from fdtui.render.safe import safe
from fdtui.render.spans import Span, Spans
from fdtui.survey.descriptors import DescriptorRow, Fd, TableSnapshot
from fdtui.survey.processes import ProcessRow
from fdtui.tui.poller import Cancelled
from fdtui.tui.screens.descriptorrows import COLUMNS, SORTS, DescriptorRows, target_cell
from fdtui.tui.screens.groupingplace import GroupingPlace
from fdtui.tui.screens.neighbourcells import Detail, pane_lines
from fdtui.tui.screens.place import Keys
from fdtui.tui.screens.tablelook import AHEAD, TableLook, TableView
from fdtui.tui.screens.taking import Selected
from fdtui.tui.widgets.columns import NARROW
from fdtui.tui.widgets.linetable import LineTable
from fdtui.tui.widgets.pane import DetailPane, Details, Fact, Line, WithPane


class Descriptors(GroupingPlace):
    """One process's table."""

    place = "1"
    drilled = True
    columns = COLUMNS
    sortable = tuple(SORTS)
    descending_first = frozenset(key for key, (_, descending) in SORTS.items() if descending)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("backspace", "back", "return", id="fd.return", show=False),
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
        self._look: TableLook | None = None
        self._view = TableView(TableSnapshot(), {}, Detail(-1))
        self._snapshot = self._view.snapshot
        self._rows = DescriptorRows(self._snapshot)
        self._selected: Fd | None = None

    def body(self) -> ComposeResult:
        yield from self.filter_widgets()
        pane = DetailPane(id="pane")
        yield WithPane(LineTable(self.columns, id="table"), pane=pane)

    # Looking

    def look(self, cancelled: Cancelled) -> object:
        app = self.fdtui
        if self._look is None:
            self._look = TableLook(
                app.machine, self.pid, self.start_time, lambda: app.ready_keeper, app.poller.poke
            )
            self.process_name = self.process_name or self._look.comm(self.pid)
        if app.last_sweep is None:
            app.last_sweep = app.process_table.sweep(cancelled)
        view, again = self._look.look(cancelled)
        if again:
            app.poller.poke()  # rows first; who shares them comes with the next look
        return view

    def seen(self, result: object) -> None:
        assert isinstance(result, TableView)
        self._view = result
        self._snapshot = result.snapshot
        self.rebuild()
        if self._select is not None and self.table.select(self._select):
            self._select = None
            if self._look_at_once:
                self._look_at_once = False
                self.action_look()
        self.show_bars()

    def rebuild(self) -> None:
        held = self.fdtui.held_fds(self.pid)
        self._rows = self.make_rows(self._view, self._owner(), held, self._selected)
        self._say_why_empty()
        self.table.set_source(self._rows)
        self._want()
        self._show_pane()
        if self.filter_text or self.typing:
            self.show_note()

    def _say_why_empty(self) -> None:
        who = f"{safe(self.process_name)} {self.pid}"
        if self.filter_text:
            self.say_nothing_fits("No descriptor")
        elif self._snapshot.refused is not None:
            refused = self._snapshot.refused
            process = self._process()
            owner = safe(process.user) if process else "?"
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

    def _process(self) -> ProcessRow | None:
        sweep = self.fdtui.last_sweep
        return next((row for row in (sweep.rows if sweep else ()) if row.pid == self.pid), None)

    def _owner(self) -> Owner:
        """The process as filters know it."""
        process, pid = self._process(), self.pid
        count = self._snapshot.count
        if process is None:
            return Owner(pid, self.start_time, self.process_name, -1, count, None, -1, False)
        return Owner(
            pid,
            self.start_time,
            self.process_name,
            process.uid,
            count,
            None,
            process.ppid,
            process.kernel,
        )

    def _want(self) -> None:
        """Say which rows the poller fills: all of them where order or filter depend on them."""
        if self._look is None:
            return
        if self.filter_text or self.sort != "fd" or self.grouping:
            self._look.wanted = None
            return
        visible = self.table.visible_range()
        first, last = max(0, visible.start - AHEAD), min(len(self._rows), visible.stop + AHEAD)
        self._look.wanted = [self._rows.fd(index) for index in range(first, last)]
        if any(self._rows.row(index) is None for index in visible if index < last):
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

    def on_line_table_highlighted(self, message: LineTable.Highlighted) -> None:
        """Another row: its details, and its sharers marked."""
        fd = message.key
        self._selected = fd if isinstance(fd, (int, str)) else None
        if self._look is not None and self._look.selected != self._selected:
            self._look.selected = self._selected
            self.fdtui.poller.poke()  # for who shares and watches this one
        self.rebuild()
        self.show_bars()

    @property
    def ready(self) -> bool:
        """Is every row known that the order and the filter depend on?"""
        snapshot = self._snapshot
        some = self.filter_text or self.sort != "fd" or self.grouping
        every = not some or snapshot.ended or all(fd in snapshot.rows for fd in snapshot.fds)
        return super().ready and every

    # Words

    def crumbs(self) -> tuple[list[str], str]:
        snapshot = self._snapshot
        who = f"{self.process_name} {self.pid}" + (" (ended)" if snapshot.ended else "")
        counts = units.plural(snapshot.count, "descriptor")
        if snapshot.refused is not None and snapshot.rows:
            counts += f", not refreshed: {snapshot.refused.name}"
        elif snapshot.limit > 0:
            counts += f", limit {units.count(snapshot.limit)}"
        by = [f"by {self.grouping}"] if self.grouping else []
        return ["Processes", who, *by], counts

    def short_counts(self) -> str:
        snapshot = self._snapshot
        if snapshot.limit <= 0:
            return units.count(snapshot.count)
        return f"{units.count(snapshot.count)} of {units.count(snapshot.limit)}"

    def keys(self) -> tuple[Keys, Sequence[tuple[str, str]]]:
        freeze = ("space", "thaw" if self.fdtui.frozen_at is not None else "freeze")
        table = [("u", "group"), ("/", "filter"), ("< >", "sort")]
        right = (("?", "keys"), ("esc", "back"))
        if self.known and not len(self._rows):
            return ([("p", "helper")] if self.table_refused() else [], table, [freeze]), right
        if word := self.toggles(self._rows, self.table.rows.cursor):
            return ([("enter", word)], table, [freeze]), right
        take = [("enter", "look"), ("s", "steal"), ("p", "pull"), ("o", "open anew")]
        act = [("x", "act"), ("d", "dump"), ("!", "run"), ("w", "redirect")]
        return (take, act, table, [freeze, ("y", "yank")]), right

    def filter_note(self) -> Spans:
        return (Span(units.plural(len(self._rows), "descriptor"), "muted"),)

    def _current(self) -> DescriptorRow | None:
        return self._rows.row(self.table.rows.cursor) if len(self._rows) else None

    def _show_pane(self) -> None:
        row = self._current()
        pane = self.query_one("#pane", DetailPane)
        if row is None:
            pane.show(self.head_details(self._rows, self.table.rows.cursor))
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
                    Span(" looks" if narrow else f" looks by {self._method()}", "muted"),
                ),
                left=[
                    Fact(key, value)
                    for key, value in pane_facts(entry, row.kind, row.info, row.rate, brief=narrow)
                ],
                right=self._right(entry.fd),
            )
        )

    def _method(self) -> str:
        """The first method that can work here."""
        process, app = self._process(), self.fdtui
        others = process is not None and app.machine.uid not in (0, process.uid)
        return "helper" if others and app.helper_user else "pidfd_getfd"

    def _right(self, fd: Fd) -> list[Line]:
        detail = self._view.detail
        neighbour = self._view.neighbours.get(fd)
        brief = self.app.size.width < NARROW
        return pane_lines(self.pid, neighbour, detail if detail.fd == fd else Detail(fd), brief)

    # Doing

    def selected(self) -> Selected | None:
        row = self._current()
        if row is None:
            return None
        entry = row.entry
        target = Target(self.pid, self.start_time, entry.fd) if isinstance(entry.fd, int) else None
        neighbour, process = self._view.neighbours.get(entry.fd), self._process()
        json_row = as_object(
            entry,
            start_time=self.start_time,
            comm=self.process_name,
            uid=process.uid if process else -1,
            kind=row.kind,
            info=row.info,
        )
        return Selected(
            self.pid,
            entry.fd,
            self.process_name,
            entry.link,
            target,
            neighbour.peers if neighbour else (),
            json_row,
        )

    def table_refused(self) -> bool:
        return self._snapshot.refused is not None

    def on_line_table_opened(self, _: LineTable.Opened) -> None:
        """Look into the selected descriptor; show or hide the rows of a head."""
        if not self.toggle(self._rows, self.table.rows.cursor):
            self.action_look()
