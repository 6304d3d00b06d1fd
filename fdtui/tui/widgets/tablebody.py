"""What a table shows: rows and columns laid out and painted, nothing built before it is seen."""

from __future__ import annotations

from collections.abc import Sequence

from textual.cache import LRUCache
from textual.strip import Strip

from fdtui.render.spans import Cell, Span, Spans
from fdtui.tui.widgets.bigscroll import BigScroll
from fdtui.tui.widgets.columns import Column, Placed, TwoLineSource, place
from fdtui.tui.widgets.fit import as_spans, width_of
from fdtui.tui.widgets.rowpaint import RowPainter
from fdtui.tui.widgets.rowwindow import RowWindow


class TableBody(BigScroll):
    """Rows of a source under the heads of their columns."""

    head_lines = 1
    shows_cursor = True
    """A row is selected; False for a table that is only read."""

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        row_lines: int = 1,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.rows = RowWindow()
        self._columns = tuple(columns)
        self._row_lines = row_lines
        self._sort: tuple[str, bool] = ("", False)
        self._grown: dict[str, int] = {}
        self._placed: tuple[Placed, ...] = ()
        self._layout: object = None
        self._cells: dict[int, tuple[Cell, ...]] = {}
        self._empty: Sequence[Spans] = ()
        self._painted: LRUCache[object, tuple[Strip, ...]] = LRUCache(512)

    @property
    def pitch(self) -> int:
        """Lines from row to row: rows of two lines have an empty one between while all fit."""
        if self._row_lines == 1:
            return 1
        return 3 if 3 * len(self.rows.source) - 1 <= self.page_lines else 2

    @property
    def page_rows(self) -> int:
        """Rows that fit on the screen; all of them while it has no size yet."""
        if not self.size.height:
            return 1 << 62
        return max(1, (self.page_lines + self.pitch - self._row_lines) // self.pitch)

    @property
    def content_lines(self) -> int:
        """Lines that the head and all rows take, for a table no taller than its rows."""
        rows = len(self.rows.source)
        if not rows:
            return self.head_lines + (1 + len(self._empty) if self._empty else 0)
        return self.head_lines + rows * self.pitch - (self.pitch - self._row_lines)

    @property
    def placed(self) -> tuple[Placed, ...]:
        """Where the columns stand."""
        return self._placed

    def visible_range(self) -> range:
        """Indices of the rows on the screen."""
        return self.rows.visible(self.page_rows)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Show other columns of the same rows."""
        self._columns = tuple(columns)
        self.changed()

    def set_sort(self, key: str, *, descending: bool) -> None:
        """Mark the column that the rows are sorted by."""
        self._sort = (key, descending)
        self.changed()

    def set_empty(self, *lines: Spans) -> None:
        """What to say when there are no rows, a line each; text starts where rows' text does."""
        self._empty = tuple((Span("  "), *line) for line in lines)
        self.changed()

    def bar(self) -> tuple[int, int, int]:
        return self.rows.top, self.page_rows, len(self.rows.source)

    def theme_changed(self) -> None:
        self._painted.clear()

    def paint_head(self, width: int) -> list[Strip]:
        self.rows.settle(self.page_rows)
        self._place()
        if not self.head_lines:
            return []
        painter = RowPainter(self.palette, self._placed, width)
        return [painter.head(self.app.size.width, *self._sort)]

    def paint_body(self, width: int, height: int) -> list[Strip]:
        painter = RowPainter(self.palette, self._placed, width)
        blank = self.blank(width)
        lines: list[Strip] = []
        if not len(self.rows.source) and self._empty:
            lines = [blank, *(self.spans_line(spans, width) for spans in self._empty)]
        between = [blank] * (self.pitch - self._row_lines)
        for index in self.rows.visible(self.page_rows):
            lines.extend(self._row(painter, index))
            lines.extend(between)
        return (lines + [blank] * height)[:height]

    def _place(self) -> None:
        """Lay out the columns; a number wider than its column widens that for good."""
        self._lay_out()
        source, grown = self.rows.source, self._grown
        numbers = [
            (index, placed)
            for index, placed in enumerate(self._placed)
            if placed.column.right and not placed.column.flexible
        ]
        self._cells.clear()
        before = dict(grown)
        for index in self.rows.visible(self.page_rows):
            cells = self._cells[index] = tuple(source.cells(index, self._placed))
            for at, placed in numbers:
                need = width_of(as_spans(cells[at])) if at < len(cells) else 0
                if need > placed.width and need > grown.get(placed.key, 0):
                    grown[placed.key] = need
        if grown != before:
            self._lay_out()
            self._cells.clear()

    def _lay_out(self) -> None:
        widths = self.app.size.width, self.size.width
        layout = (self._columns, *widths, tuple(self._grown.items()))
        if layout != self._layout:
            self._layout = layout
            self._placed = place(self._columns, *widths, self._grown)
            self._painted.clear()

    def _row(self, painter: RowPainter, index: int) -> tuple[Strip, ...]:
        source = self.rows.source
        cells = self._cells.get(index) or tuple(source.cells(index, self._placed))
        below: tuple[Cell, ...] = ()
        if self._row_lines == 2 and isinstance(source, TwoLineSource):
            below = tuple(source.below(index, self._placed))
        key = (cells, below, source.state(index), self.shows_cursor and index == self.rows.cursor)
        strips = self._painted.get(key)
        if strips is None:
            strips = self._painted[key] = painter.row(*key)
        return strips
