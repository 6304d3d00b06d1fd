"""How a row of a table becomes a line: gutter, cursor mark, cells, tints."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from fdtui.render.spans import Cell, Role, Span, Spans
from fdtui.tui.theme import Palette, Tint
from fdtui.tui.widgets.columns import Placed, RowState
from fdtui.tui.widgets.fit import as_spans, cells, fit, width_of

CURSOR_MARK = "▎"


class _Line:
    """Text collected into as few segments as its styles allow."""

    def __init__(self) -> None:
        self._segments: list[Segment] = []
        self._texts: list[str] = []
        self._style: Style | None = None
        self.width = 0

    def add(self, text: str, style: Style, width: int) -> None:
        if style is not self._style:
            self._close()
            self._style = style
        self._texts.append(text)
        self.width += width

    def blank(self, width: int, style: Style) -> None:
        """`width` blanks, in the style at hand unless that would show on them."""
        if width > 0:
            at_hand = self._style
            if at_hand is None or at_hand.underline or at_hand.strike:
                at_hand = style
            self.add(" " * width, at_hand, width)

    def strip(self) -> Strip:
        self._close()
        return Strip(self._segments, self.width)

    def _close(self) -> None:
        if self._texts:
            self._segments.append(Segment("".join(self._texts), self._style))
            self._texts = []


class RowPainter:
    """Paints the head and the rows of one layout, `width` cells each."""

    def __init__(self, palette: Palette, placed: Sequence[Placed], width: int) -> None:
        self._palette = palette
        self._placed = placed
        self._width = width

    def head(self, screen_width: int, sort: str, descending: bool) -> Strip:
        """The titles; the arrow stands before a right-aligned one, after a left-aligned one."""
        look = self._palette.style
        line = _Line()
        for placed in self._placed:
            title = placed.column.title_at(screen_width)
            parts: Spans = (Span(title, "muted"),)
            if placed.key == sort:
                arrow = Span("▼" if descending else "▲", "key", "never")
                name = Span(title, "strong")
                parts = (arrow, name) if placed.column.right else (name, arrow)
            wide = width_of(parts)
            lead = placed.x - line.width
            if placed.column.right:
                # The arrow may stand in the gap; the title never moves for it.
                lead += placed.width - wide
            elif wide > placed.width:
                parts = fit(parts, placed.width + max(0, placed.column.gap - 1))
            line.blank(max(0, lead), look("muted"))
            for part in parts:
                line.add(part.text, look(part.role), cells(part.text))
        line.blank(self._width - line.width, look("muted"))
        return line.strip().crop(0, self._width)

    def row(
        self, content: tuple[Cell, ...], below: tuple[Cell, ...], state: RowState, cursor: bool
    ) -> tuple[Strip, ...]:
        """The line of a row, and the one below it when there is one."""
        first = self._line(content, state, cursor, state.glyph, runs_on=False)
        if not below:
            return (first,)
        return first, self._line(below, state, cursor, "", runs_on=True)

    def _line(
        self, content: tuple[Cell, ...], state: RowState, cursor: bool, glyph: str, *, runs_on: bool
    ) -> Strip:
        palette = self._palette
        tint: Tint = "cursor" if cursor else "new" if state.new else ""
        ground = palette.style("text", tint)
        line = _Line()
        line.add(glyph or " ", palette.style(state.glyph_role, tint), 1)
        line.add(CURSOR_MARK if cursor else " ", palette.style("accent", tint), 1)
        end = self._width - 1  # a blank before the scroll bar
        for index, (placed, cell) in enumerate(zip(self._placed, content, strict=False)):
            width = placed.width
            if runs_on and index == len(content) - 1:
                width = end - placed.x
            parts = fit(as_spans(cell), width)
            rest = width - width_of(parts)
            right = placed.column.right and not runs_on
            line.blank(placed.x - line.width + (rest if right else 0), ground)
            for part in parts:
                line.add(part.text, self._look(part.role, state, tint), cells(part.text))
        line.blank(self._width - line.width, ground)
        return line.strip()

    def _look(self, role: Role, state: RowState, tint: Tint) -> Style:
        if state.struck:
            return self._palette.struck(tint)
        if state.muted and role != "faint":
            role = "muted"
        return self._palette.style(role, tint)
