"""The base of everything drawn line by line: roles become styles here, and repaints stay small.

Only lines that differ from what the terminal already shows are sent to it.
"""

from __future__ import annotations

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from fdtui.render.spans import Spans
from fdtui.tui.theme import Palette, Tint, palette_of


class LineView(Widget):
    """A widget whose lines are strips; a subclass paints them all, this one sends what differs."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    LineView { height: 1fr; width: 1fr; background: $background; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._palette_used: Palette | None = None
        self._strips: list[Strip] | None = None
        self._sent: list[Strip] = []
        self._flush_due = False

    def paint(self, width: int, height: int) -> list[Strip]:
        """All `height` lines, each of exactly `width` cells."""
        raise NotImplementedError

    def theme_changed(self) -> None:
        """Forget what was painted in the colours of another theme."""

    @property
    def palette(self) -> Palette:
        """The colours of the theme now shown."""
        palette = palette_of(self.app)
        if palette is not self._palette_used:
            self._palette_used = palette
            self._strips = None
            self.theme_changed()
        return palette

    def changed(self) -> None:
        """Say that what is shown may have changed; the lines that did are repainted soon, once."""
        self._strips = None
        if not self._flush_due and self.is_attached:
            self._flush_due = True
            self.call_next(self._flush)

    def _flush(self) -> None:
        self._flush_due = False
        width, height = self.size
        if not width or not height:
            return
        # What was sent, and not what was rendered: Textual asks for all lines to send a few.
        now, sent = self._lines_now(), self._sent
        self._sent = now
        if len(sent) != height:
            self.refresh()
            return
        stale = [y for y in range(height) if now[y] != sent[y]]
        if len(stale) * 2 > height:
            self.refresh()
            return
        start = 0
        for index, y in enumerate(stale):
            if index + 1 == len(stale) or stale[index + 1] != y + 1:
                self.refresh(Region(0, stale[start], width, y - stale[start] + 1))
                start = index + 1

    def _lines_now(self) -> list[Strip]:
        width, height = self.size
        _ = self.palette  # a new one empties the strips
        if self._strips is None or len(self._strips) != height:
            self._strips = self.paint(width, height)
        return self._strips

    def spans_line(self, parts: Spans, width: int, tint: Tint = "") -> Strip:
        """A strip of exactly `width` cells from spans on `tint`."""
        look = self.palette.style
        segments = [Segment(part.text, look(part.role, tint)) for part in parts if part.text]
        return Strip(segments).adjust_cell_length(width, look("text", tint))

    def blank(self, width: int, tint: Tint = "") -> Strip:
        """An empty strip of `width` cells."""
        return Strip([Segment(" " * width, self.palette.style("text", tint))], width)

    def render_line(self, y: int) -> Strip:
        """One line, as Textual and the tests ask for it."""
        strips = self._lines_now()
        return strips[y] if y < len(strips) else self.blank(self.size.width)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of `crop`, filtered; there is no border or padding to go through."""
        strips = self._lines_now()
        filters = self.get_line_filters()
        background = self.background_colors[1]
        width = self.size.width
        left, right = crop.column_span
        whole = left <= 0 and right >= width
        lines: list[Strip] = []
        for y in crop.line_range:
            strip = strips[y] if y < len(strips) else self.blank(width)
            for line_filter in filters:
                strip = strip.apply_filter(line_filter, background)
            lines.append(strip if whole else strip.crop(left, right))
        return lines

    def notify_style_update(self) -> None:
        """The theme or the style changed: nothing painted before is good."""
        self._strips = None
        self._sent = []
        super().notify_style_update()

    def _on_resize(self) -> None:
        self._strips = None
        self._sent = []
