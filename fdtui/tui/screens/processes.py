"""Processes, the home place: who runs, and how many descriptors each has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from fdtui.render import units
from fdtui.render.safe import safe
from fdtui.render.spans import Span, Spans
from fdtui.survey.processes import Snapshot
from fdtui.tui.poller import Cancelled
from fdtui.tui.screens.place import Keys
from fdtui.tui.screens.processrows import COLUMNS, SORTS, ProcessRows
from fdtui.tui.screens.tableplace import TablePlace
from fdtui.tui.widgets.columns import NARROW
from fdtui.tui.widgets.linetable import LineTable


class Processes(TablePlace):
    """The process table."""

    place = "1"
    home = True
    columns = COLUMNS
    sortable = tuple(SORTS)
    descending_first = frozenset(key for key, (_, descending) in SORTS.items() if descending)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "tree", "tree", id="processes.tree", show=False),
        Binding("i", "details", "details", id="processes.details", show=False),
        Binding("p", "helper", "ask for a helper", id="processes.helper", show=False),
    ]

    def __init__(self) -> None:
        super().__init__("fds")
        self._tree = False
        self._snapshot: Snapshot | None = None
        self._rows = ProcessRows(())

    def crumbs(self) -> tuple[list[str], str]:
        sweep = self.fdtui.last_sweep
        if sweep is None:
            return ["Processes"], ""
        processes = units.plural(sweep.alive, "process", "processes")
        return ["Processes"], f"{processes}, {units.plural(sweep.descriptors, 'descriptor')}"

    def keys(self) -> tuple[Keys, Sequence[tuple[str, str]]]:
        narrow = self.app.size.width < NARROW
        tree = ("t", "flat" if self._tree else "tree")
        freeze = ("space", "thaw" if self.fdtui.frozen_at is not None else "freeze")
        filters = [("/", "filter"), ("< >", "sort")]
        if narrow:
            left: Keys = ([("enter", "open"), tree], filters, [freeze])
            return left, (("?", "keys"), ("q", "quit"))
        left = (
            [("enter", "descriptors"), tree],
            [*filters, ("r", "reverse")],
            [freeze, ("y", "yank"), ("i", "details")],
        )
        return left, (("ctrl+p", "palette"), ("?", "keys"), ("q", "quit"))

    def look(self, cancelled: Cancelled) -> object:
        return self.fdtui.process_table.sweep(cancelled)

    def seen(self, result: object) -> None:
        assert isinstance(result, Snapshot)
        self._snapshot = self.fdtui.last_sweep = result
        self.rebuild()
        self.show_bars()

    def rebuild(self) -> None:
        if self._snapshot is None:
            return
        self._rows = ProcessRows(
            self._snapshot.rows,
            sort=self.sort,
            descending=self.descending,
            words=self.filter_text.lower().split(),
            tree=self._tree,
        )
        if self.filter_text:
            text = safe(self.filter_text)
            self.table.set_empty(
                (Span(f'No process matches "{text}".'), Span("  esc clears the filter", "muted"))
            )
        self.table.set_source(self._rows)

    def filter_note(self) -> Spans:
        return (Span(units.plural(len(self._rows), "process", "processes"), "muted"),)

    def action_tree(self) -> None:
        """Show who started whom, or a flat list."""
        self._tree = not self._tree
        self.rebuild()
        self.show_bars()

    def on_line_table_opened(self, message: LineTable.Opened) -> None:
        """Show the descriptors of the process."""
        from fdtui.tui.screens.descriptors import Descriptors

        row = self._rows.row(message.index)
        self.app.push_screen(Descriptors(row.pid, row.start_time, name=row.name))

    def action_yank(self) -> None:
        """Offer what can be copied of the selected process."""
        from fdtui.tui.screens.yank import Yank, process_choices

        if len(self._rows):
            row = self._rows.row(self.table.rows.cursor)
            self.app.push_screen(Yank(f"{safe(row.name)} {row.pid}", process_choices(row)))

    def action_helper(self) -> None:
        """Start a helper that sees into the processes that cannot be looked into."""
        from fdtui.tui.screens.pulling import start_helper

        sweep = self.fdtui.last_sweep
        if sweep is not None and not sweep.hidden:
            self.show_result(f"all {sweep.alive:,} processes can be looked into already")
        else:
            start_helper(self)

    def action_details(self) -> None:
        """Show what psutil knows of the selected process."""
        from fdtui.tui.screens.processdetail import ProcessDetail

        if len(self._rows):
            self.app.push_screen(ProcessDetail(self._rows.row(self.table.rows.cursor)))
