"""Which rows of a table are on the screen and which one is selected, whatever comes and goes."""

from __future__ import annotations

from collections.abc import Hashable

from fdtui.tui.widgets.columns import NoRows, RowSource


class RowWindow:
    """A cursor and a first visible row over a source; `page` is always the rows that fit."""

    def __init__(self) -> None:
        self.source: RowSource = NoRows()
        self.cursor = 0
        self.top = 0

    @property
    def key(self) -> Hashable | None:
        """Key of the selected row; None while there are no rows."""
        return self.source.key(self.cursor) if len(self.source) else None

    def visible(self, page: int) -> range:
        """Indices of the rows on the screen."""
        return range(self.top, min(len(self.source), self.top + page))

    def replace(self, source: RowSource, page: int) -> None:
        """Take other rows: the cursor stays on its row, and that on its line of the screen.

        Rows that arrive above an unscrolled table push the others down, as one expects of a list
        that is sorted; when the selected row is gone, its neighbour takes its place.
        """
        old = self.source
        key = self.key
        top_key = old.key(self.top) if self.top < len(old) else None
        in_view = self.cursor in self.visible(page)
        self.source = source
        index = source.index(key) if len(old) else None
        moved = source.index(top_key) if top_key is not None and self.top else None
        if index is None:
            if moved is not None:
                self.cursor += moved - self.top
                self.top = moved
        else:
            if in_view and (self.top or index >= page):
                self.top += index - self.cursor
            elif not in_view and moved is not None:
                self.top = moved
            self.cursor = index
        self.settle(page)

    def settle(self, page: int) -> None:
        """Stay within the rows there are."""
        rows = len(self.source)
        self.cursor = max(0, min(self.cursor, rows - 1))
        self.top = max(0, min(self.top, rows - page))

    def move_to(self, index: int, page: int) -> None:
        """Select row `index`, or the nearest there is, and bring it into view."""
        self.cursor = max(0, min(index, len(self.source) - 1))
        if self.cursor < self.top:
            self.top = self.cursor
        elif self.cursor >= self.top + page:
            self.top = self.cursor - page + 1
        self.settle(page)

    def turn(self, pages: int, page: int) -> None:
        """Move view and cursor by whole pages."""
        self.top += pages * page
        self.cursor += pages * page
        self.settle(page)
        self.move_to(self.cursor, page)
