"""A place that is a table: filter line, sort column, the keys that all tables share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from fdtui.render.spans import Span, Spans, shown
from fdtui.tui.screens.place import PlaceScreen
from fdtui.tui.widgets.bars import InfoLine
from fdtui.tui.widgets.columns import Column
from fdtui.tui.widgets.linetable import LineTable

if TYPE_CHECKING:
    from fdtui.tui.widgets.assist import Assist
    from fdtui.tui.widgets.inputline import InputLine


class TablePlace(PlaceScreen):
    """Rows sorted by one column and filtered by one line.  Subclasses make the rows."""

    columns: ClassVar[Sequence[Column]] = ()
    sortable: ClassVar[Sequence[str]] = ()  # column keys, left to right
    descending_first: ClassVar[frozenset[str]] = frozenset()  # the largest is what one looks for
    BINDINGS: ClassVar[list[BindingType]] = [
        # With priority: what is typed right behind the key must find the line in focus already.
        Binding("slash", "filter", "filter", id="table.filter", show=False, priority=True),
        Binding("less_than_sign", "sort(-1)", "sort left", id="table.sort_left", show=False),
        Binding("greater_than_sign", "sort(1)", "sort right", id="table.sort_right", show=False),
        Binding("r", "reverse", "reverse", id="table.reverse", show=False),
        Binding("y", "yank", "yank", id="row.yank", show=False),
    ]

    def __init__(self, sort: str = "") -> None:
        super().__init__()
        self.sort = sort
        self.descending = sort in self.descending_first
        self.filter_text = ""
        self._input: InputLine | None = None

    # What a subclass provides

    def rebuild(self) -> None:
        """Sort and filter what is known, and hand it to the table."""

    def filter_note(self) -> Spans:
        """What the filter line says at its right: a count, or why the filter cannot be meant."""
        return ()

    def assist(self) -> Assist | None:
        """What helps while a filter is typed."""
        return None

    def filter_kept(self) -> None:
        """Enter was pressed behind a filter."""

    # The widgets

    def body(self) -> ComposeResult:
        """The filter line, hidden until asked for, and the table."""
        yield from self.filter_widgets()
        yield LineTable(self.columns, id="table")

    def filter_widgets(self) -> ComposeResult:
        """The line that shows what was kept; the one that is typed into comes after the paint."""
        kept = InfoLine(id="kept")
        kept.display = False
        yield kept

    @property
    def table(self) -> LineTable:
        """The table."""
        return self.query_one("#table", LineTable)

    def on_mount(self) -> None:
        """Mark the sort column; keys go to the table."""
        self.table.set_sort(self.sort, descending=self.descending)
        self.table.focus()
        self.call_after_refresh(self._mount_input)

    async def _mount_input(self) -> InputLine:
        # Not before the first paint: Input and its style sheet cost a tenth of it.
        from fdtui.tui.widgets.inputline import InputLine

        if self._input is None:
            self._input = InputLine(id="input")
            await self.mount(self._input, before="#kept")
        return self._input

    @property
    def typing(self) -> bool:
        """Keys go into the line."""
        return self._input is not None and self._input.has_focus_within

    # Sorting

    def action_sort(self, step: int) -> None:
        """Take the next column to the left or right that is on the screen."""
        here = {placed.key for placed in self.table.placed}
        able = [key for key in self.sortable if key in here]
        if able:
            place = able.index(self.sort) if self.sort in able else 0
            self.sort_by(able[(place + step) % len(able)])

    def sort_by(self, column: str) -> None:
        """Sort by a column, in the direction one usually wants."""
        self.sort = column
        self.descending = column in self.descending_first
        self._sorted()

    def action_reverse(self) -> None:
        """Turn the order round."""
        self.descending = not self.descending
        self._sorted()

    def on_line_table_header_clicked(self, message: LineTable.HeaderClicked) -> None:
        """A click on a head sorts by it; on the sorted one it reverses."""
        if message.column == self.sort:
            self.action_reverse()
        elif message.column in self.sortable:
            self.sort_by(message.column)

    def _sorted(self) -> None:
        self.table.set_sort(self.sort, descending=self.descending)
        self.rebuild()

    # Filtering

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While something is typed, `/` is a letter like any other."""
        if action == "filter":
            return not self.typing
        return super().check_action(action, parameters)

    async def action_filter(self) -> None:
        """Open the filter line on what was kept."""
        line = await self._mount_input()
        self.query_one("#kept", InfoLine).display = False
        line.open("/", self.filter_text, assist=self.assist())

    def on_input_line_changed(self, message: InputLine.Changed) -> None:
        """Filter while it is typed."""
        if message.prompt == "/":
            self.set_filter(message.value)
            message.line.note(self.filter_note())

    def on_input_line_submitted(self, message: InputLine.Submitted) -> None:
        """Keep the filter."""
        if message.prompt == "/":
            self.set_filter(message.value)
            self.table.focus()
            self._show_kept()
            self.filter_kept()

    def on_input_line_cancelled(self, message: InputLine.Cancelled) -> None:
        """Clear it."""
        if message.prompt == "/":
            self.clear_filter()

    def set_filter(self, text: str) -> None:
        """Filter by this text."""
        if text != self.filter_text:
            self.filter_text = text
            self.rebuild()

    def clear_filter(self) -> None:
        """Show every row again."""
        self.set_filter("")
        self.table.focus()
        self._show_kept()

    def _show_kept(self) -> None:
        kept = self.query_one("#kept", InfoLine)
        kept.display = bool(self.filter_text)
        kept.show((Span("/", "key"), Span(" "), *shown(self.filter_text)), self.filter_note())

    def action_back(self) -> None:
        """Clear a filter first, then go back."""
        if self.filter_text:
            self.clear_filter()
        else:
            super().action_back()
