"""A table of any number of rows that costs what is on the screen; the cursor stays on its row."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from fdtui.tui.widgets.columns import Column, RowSource
from fdtui.tui.widgets.tablebody import TableBody


class LineTable(TableBody):
    """Rows of a `RowSource`: keys, the mouse, and what the screen is told about them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "go('up')", "up", id="table.up", show=False),
        Binding("down,j", "go('down')", "down", id="table.down", show=False),
        Binding("pageup", "go('pageup')", "page up", id="table.pageup", show=False),
        Binding("pagedown", "go('pagedown')", "page down", id="table.pagedown", show=False),
        Binding("home,g", "go('first')", "first", id="table.first", show=False),
        Binding("end,G", "go('last')", "last", id="table.last", show=False),
        Binding("enter", "open", "open", id="table.open", show=False),
    ]

    @dataclass
    class Highlighted(Message):
        """The cursor is on another row; `key` is None when there are no rows."""

        table: LineTable
        key: Hashable | None
        index: int

        def can_replace(self, message: Message) -> bool:
            """A slow screen needs only the last one."""
            return isinstance(message, LineTable.Highlighted) and message.table is self.table

    @dataclass
    class Opened(Message):
        """Enter or a double click on a row."""

        table: LineTable
        key: Hashable
        index: int

    @dataclass
    class HeaderClicked(Message):
        """A click on the head of a column."""

        table: LineTable
        column: str

    @dataclass
    class Viewport(Message):
        """Other rows are on the screen: `count` of them from index `first`."""

        table: LineTable
        first: int
        count: int

        def can_replace(self, message: Message) -> bool:
            """A slow screen needs only the last one."""
            return isinstance(message, LineTable.Viewport) and message.table is self.table

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        row_lines: int = 1,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(columns, row_lines=row_lines, id=id, classes=classes)
        self._told: tuple[Hashable | None, range] = (None, range(0))

    @property
    def cursor_key(self) -> Hashable | None:
        """Key of the selected row; None while there are no rows."""
        return self.rows.key

    def set_source(self, source: RowSource) -> None:
        """Show other rows, or the same ones after they changed; cursor and view stay in place."""
        self.rows.replace(source, self.page_rows)
        self._tell()

    def select(self, key: Hashable) -> bool:
        """Put the cursor on the row of `key`; False when there is none."""
        index = self.rows.source.index(key)
        if index is not None:
            self.move_to(index)
        return index is not None

    def move_to(self, index: int) -> None:
        """Put the cursor on row `index`, or the nearest there is, and show it."""
        self.rows.move_to(index, self.page_rows)
        self._tell()

    def scroll_rows(self, rows: int) -> None:
        self.rows.top += rows
        self.rows.settle(self.page_rows)
        self._tell()

    def scroll_to_share(self, part: int, whole: int) -> None:
        self.rows.top = (len(self.rows.source) - self.page_rows) * part // whole
        self.rows.settle(self.page_rows)
        self._tell()

    def action_go(self, where: str) -> None:
        """Move the cursor: up, down, pageup, pagedown, first, last."""
        page = self.page_rows
        if where in {"pageup", "pagedown"}:
            self.rows.turn(1 if where == "pagedown" else -1, page)
            self._tell()
            return
        steps = {"up": self.rows.cursor - 1, "down": self.rows.cursor + 1, "first": 0}
        self.move_to(steps.get(where, len(self.rows.source) - 1))

    def action_open(self) -> None:
        """Open the selected row."""
        if (key := self.rows.key) is not None:
            self.post_message(self.Opened(self, key, self.rows.cursor))

    def row_at(self, y: int) -> int | None:
        """Index of the row on line `y` of the widget."""
        index = self.rows.top + (y - self.head_lines) // self.pitch
        return index if y >= self.head_lines and index in self.visible_range() else None

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Select the row under the pointer."""
        index = self.row_at(event.y)
        if index is not None and event.x < self.size.width - 1:
            self.move_to(index)

    def on_click(self, event: events.Click) -> None:
        """A column's head, or a row for the second time."""
        if event.y < self.head_lines:
            for placed in reversed(self.placed):
                if event.x >= placed.x - (1 if placed.column.right else 0):
                    self.post_message(self.HeaderClicked(self, placed.key))
                    return
        elif event.chain == 2 and self.row_at(event.y) == self.rows.cursor:
            self.action_open()

    def on_resize(self) -> None:
        """Another page: keep the cursor in view."""
        self.rows.move_to(self.rows.cursor, self.page_rows)
        self._tell()

    def _tell(self) -> None:
        """Repaint, and say what is other than was said last."""
        key, seen = self.rows.key, self.visible_range()
        if self.size.height and (key, seen) != self._told:
            told_key, told_seen = self._told
            self._told = (key, seen)
            if key != told_key:
                self.post_message(self.Highlighted(self, key, self.rows.cursor))
            if seen != told_seen:
                self.post_message(self.Viewport(self, seen.start, len(seen)))
        self.changed()
