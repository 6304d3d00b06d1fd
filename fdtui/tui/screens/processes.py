"""Processes, the home place: who runs, and how many descriptors each has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from fdtui.render import units
from fdtui.render.safe import safe
from fdtui.render.spans import Span, Spans
from fdtui.survey.comparisons import FilterError
from fdtui.survey.processcolumns import PROCESSES, getter, haystack
from fdtui.survey.processes import Snapshot
from fdtui.survey.typed import TypedFilter
from fdtui.tui.poller import Cancelled
from fdtui.tui.screens.filtering import FilteringPlace
from fdtui.tui.screens.place import Keys
from fdtui.tui.screens.processrows import COLUMNS, SORTS, ProcessRows
from fdtui.tui.widgets.columns import NARROW
from fdtui.tui.widgets.linetable import LineTable


class Processes(FilteringPlace):
    """The process table."""

    place = "1"
    home = True
    vocabulary = PROCESSES
    history = "process-filters"
    columns = COLUMNS
    sortable = tuple(SORTS)
    descending_first = frozenset(key for key, (_, descending) in SORTS.items() if descending)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "tree", "tree", id="processes.tree", show=False),
        Binding("i", "details", "details", id="processes.details", show=False),
        Binding("c", "by_change", "what leaks: sort by change", id="processes.change", show=False),
        Binding("o", "output", "what it prints (fd 1)", id="processes.output", show=False),
        Binding(
            "f", "who", "who has a path or port", id="processes.who", show=False, priority=True
        ),
        Binding(
            "w",
            "redirect",
            "redirect what it prints",
            id="processes.redirect",
            show=False,
            priority=True,
        ),
        Binding("p", "helper", "ask for a helper", id="processes.helper", show=False),
    ]

    def __init__(self) -> None:
        super().__init__("fds")
        self._tree = False
        self._at_top = False  # the cursor waits for something to leak
        self._snapshot: Snapshot | None = None
        self._rows = ProcessRows(())
        self._filter = TypedFilter(getter, haystack, PROCESSES)

    def crumbs(self) -> tuple[list[str], str]:
        sweep = self.fdtui.last_sweep
        if sweep is None:
            return ["Processes"], ""
        processes = units.plural(sweep.alive, "process", "processes")
        return ["Processes"], f"{processes}, {units.plural(sweep.descriptors, 'descriptor')}"

    def keys(self) -> tuple[Keys, Sequence[tuple[str, str]]]:
        tree = ("t", "flat" if self._tree else "tree")
        freeze = ("space", "thaw" if self.fdtui.frozen_at is not None else "freeze")
        ask = [("/", "filter"), ("f", "who has")]
        left: Keys = (
            [("enter", "open"), ("o", "output")],
            ask,
            [("D", "deleted"), ("c", "leaks"), tree],
            [("< >", "sort"), ("w", "redirect")],
            [freeze, ("y", "yank"), ("i", "details")],
        )
        if self.app.size.width < NARROW:
            return left, (("?", "keys"), ("q", "quit"))
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
        text, rows = self.filter_text, self._snapshot.rows
        wanted = self._filter.read(text, rows, words=text.startswith(("/", "~", ".")))
        self._rows = ProcessRows(
            rows,
            sort=self.sort,
            descending=self.descending,
            fits=wanted.matches if text.strip() else None,
            tree=self._tree,
        )
        if text:
            self.table.set_empty(
                (
                    Span(f'No process matches "{safe(text)}".'),
                    Span("  esc clears the filter", "muted"),
                ),
                (Span("f", "key"), Span(" asks who has a path, a port or a pipe", "muted")),
            )
        self.table.set_source(self._rows)
        if self._at_top and len(self._rows):
            self.table.move_to(0)
            self._at_top = not units.trend_change(self._rows.row(0).trend)
        if text or self.typing:
            self.show_note()

    def mistake(self) -> FilterError | None:
        return self._filter.mistake

    def filter_note(self) -> Spans:
        count = (Span(units.plural(len(self._rows), "process", "processes"), "muted"),)
        rows = map(self._rows.row, range(len(self._rows)))
        is_pid = any(str(row.pid) == self.filter_text.strip() for row in rows)
        if is_pid or not self._is_question():
            return count
        # While it is typed `f` is a letter; with no process to be kept, enter asks.
        key = "f" if not self.typing else "enter f" if len(self._rows) else "enter"
        return (*count, Span(f"   {key}", "key"), Span(" who has it", "muted"))

    def filter_kept(self) -> None:
        """No process, but a path or a port: show who on the whole machine has it."""
        if self._is_question() and not len(self._rows):
            from fdtui.tui.screens.whohas import WhoHas

            text = self.filter_text.strip()
            self.clear_filter()
            self.app.push_screen(WhoHas(text))

    def _is_question(self) -> bool:
        """Is what the filter says something that a process can have?"""
        from fdtui.survey.who import is_question

        expression = self.mistake() is not None or self._filter.filter.columns
        return (
            self._snapshot is not None and not expression and is_question(self.filter_text.strip())
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While something is typed, `f` and `w` are letters like any other."""
        if action in ("who", "redirect"):
            return not self.typing
        return super().check_action(action, parameters)

    async def action_who(self) -> None:
        """Ask who has a path, a port, an inode, a pipe; the filter is proposed."""
        from fdtui.tui.screens.whohas import ask_who_has

        await ask_who_has(self, self.filter_text if self._is_question() else "")

    def action_by_change(self) -> None:
        """Sort by how many descriptors were gained; the cursor goes to what gained most."""
        self._at_top = True
        self.sort_by("trend")

    def on_line_table_highlighted(self, message: LineTable.Highlighted) -> None:
        """Moved by somebody: it stays where it was moved to."""
        self._at_top = self._at_top and message.index == 0

    def action_output(self) -> None:
        """Look into the standard output of the selected process."""
        if len(self._rows):
            row = self._rows.row(self.table.rows.cursor)
            self.fdtui.open_process(row.pid, 1)

    async def action_redirect(self) -> None:
        """Ask where the standard output of the selected process shall lead instead."""
        from fdtui.tui.screens.actions import output_of, redirect_row

        if len(self._rows):
            row = self._rows.row(self.table.rows.cursor)
            if (output := output_of(self.fdtui.machine.procfs, row)) is None:
                self.show_result(f"{safe(row.name)} {row.pid} has no fd 1 that can be seen")
            else:
                await redirect_row(self, output)

    def action_tree(self) -> None:
        """Show who started whom, or a flat list."""
        self._tree = not self._tree
        self.rebuild()
        self.show_bars()

    def on_line_table_opened(self, message: LineTable.Opened) -> None:
        """Show the descriptors of the process."""
        from fdtui.tui.screens.descriptors import Descriptors

        if message.index < len(self._rows):  # there may be fewer by now
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
