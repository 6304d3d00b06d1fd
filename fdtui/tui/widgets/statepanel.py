"""Lines of facts that scroll when there are more than fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.strip import Strip

from fdtui.render.spans import Spans
from fdtui.tui.widgets.bigscroll import BigScroll

Layout = Callable[[int], list[Spans]]  # lines for so many cells


class StatePanel(BigScroll):
    """What `show` was given, laid out again at every width."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "go(-1)", "up", id="view.up", show=False),
        Binding("down,j", "go(1)", "down", id="view.down", show=False),
        Binding("pageup", "page(-1)", "page up", id="view.pageup", show=False),
        Binding("pagedown", "page(1)", "page down", id="view.pagedown", show=False),
        Binding("home,g", "page(-1000)", "start", id="view.first", show=False),
        Binding("end,G", "page(1000)", "end", id="view.last", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lay_out: Layout = lambda width: []
        self._top = 0
        self._lines: list[Spans] = []

    def show(self, layout: Layout) -> None:
        """Show other lines."""
        self._lay_out = layout
        self._settle()

    def _settle(self) -> None:
        width, height = self.size
        if width:
            self._lines = self._lay_out(width - 1)
            self._top = max(0, min(self._top, len(self._lines) - height))
        self.changed()

    def on_resize(self) -> None:
        """Another width."""
        self._settle()

    def bar(self) -> tuple[int, int, int]:
        return self._top, max(1, self.page_lines), max(1, len(self._lines))

    def scroll_rows(self, rows: int) -> None:
        self._top += rows
        self._settle()

    def scroll_to_share(self, part: int, whole: int) -> None:
        self._top = max(0, len(self._lines) - self.page_lines) * part // whole
        self._settle()

    def paint_body(self, width: int, height: int) -> list[Strip]:
        lines = self._lines[self._top : self._top + height]
        strips = [self.spans_line(line, width) for line in lines]
        return strips + [self.blank(width)] * (height - len(strips))

    def action_go(self, rows: int) -> None:
        """Scroll by lines."""
        self.scroll_rows(rows)

    def action_page(self, pages: int) -> None:
        """Scroll by pages."""
        self.scroll_rows(pages * max(1, self.page_lines))
