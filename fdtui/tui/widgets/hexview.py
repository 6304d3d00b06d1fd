"""Bytes in hex and text, exact to the last of 2**63, the target's offset between them."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.strip import Strip

from fdtui.render.hexdump import (
    CHANGED,
    CURRENT,
    CURSOR,
    EDITED,
    MATCH,
    Geometry,
    Overlay,
    geometry,
    ruler,
)
from fdtui.render.spans import Span
from fdtui.render.window import PAGE, BytesModel
from fdtui.tui.theme import Palette
from fdtui.tui.widgets.byteview import ByteView, page_around
from fdtui.tui.widgets.hexedit import HexEdit
from fdtui.tui.widgets.hexpaint import HexPainter, HexRow


class HexView(ByteView):
    """Rows of 8, 16 or 32 bytes and a byte cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "go('up')", "up", id="view.up", show=False),
        Binding("down,j", "go('down')", "down", id="view.down", show=False),
        Binding("left", "go('left')", "left", id="view.left", show=False),
        Binding("right", "go('right')", "right", id="view.right", show=False),
        Binding("pageup", "go('pageup')", "page up", id="view.pageup", show=False),
        Binding("pagedown", "go('pagedown')", "page down", id="view.pagedown", show=False),
        Binding("home,g", "go('first')", "start", id="view.first", show=False),
        Binding("end,G", "go('last')", "end", id="view.last", show=False),
    ]

    def __init__(self, model: BytesModel, *, id: str | None = None) -> None:
        super().__init__(model, id=id)
        self.cursor = 0
        self.top = 0
        self._geometry = geometry(80, 0)
        self.editing: HexEdit | None = None
        self._paints: tuple[Palette, HexPainter] | None = None

    # Where things are

    @property
    def geometry(self) -> Geometry:
        """The cells of a row at this width; a new one keeps the first byte shown."""
        per_row = self._geometry.per_row
        found = geometry(self.size.width or 80, self.last_offset)
        if found != self._geometry:
            self.top = self.top * per_row // found.per_row
            self._geometry = found
        return found

    @property
    def row_count(self) -> int:
        """Rows there are, with the one behind the last byte when the target is there."""
        per_row, end = self.geometry.per_row, self.model.end
        rows = -(-end // per_row)
        behind = self.target is not None and self.target >= end
        if behind and (self.target != end or end % per_row == 0):
            rows += 1
        return max(1, rows)

    def shown_bytes(self) -> tuple[int, int]:
        per_row = self.geometry.per_row
        start = self.top * per_row
        return start, max(0, min(self.model.end - start, self.page_lines * per_row))

    def bar(self) -> tuple[int, int, int]:
        return self.top, max(1, self.page_lines), self.row_count

    # Moving

    def settle(self) -> None:
        per_row, page = self.geometry.per_row, max(1, self.page_lines)
        last_top = max(0, self.row_count - page)
        if self.following:
            self.top = last_top
            self.cursor = self.model.end - 1
        self.top = max(0, min(self.top, last_top))
        self.cursor = max(0, min(self.cursor, self.model.end - 1))
        self.want(*page_around(self.top * per_row - PAGE, page * per_row + 2 * PAGE))
        self.changed()

    def scroll_rows(self, rows: int) -> None:
        self.following = False
        self.top += rows
        self.settle()
        self.post_message(self.Moved(self))

    def scroll_to_share(self, part: int, whole: int) -> None:
        self.scroll_rows(max(0, self.row_count - self.page_lines) * part // whole - self.top)

    def move_to(self, offset: int, *, margin: bool = False) -> None:
        """Put the cursor on a byte and show it; with `margin` a jump lands a third down."""
        per_row, page = self.geometry.per_row, max(1, self.page_lines)
        self.following = False
        self.cursor = max(0, min(offset, self.model.end - 1))
        row = self.cursor // per_row
        if margin and not self.top <= row < self.top + page:
            self.top = row - page // 3
        elif row < self.top:
            self.top = row
        elif row >= self.top + page:
            self.top = row - page + 1
        self.settle()
        self.post_message(self.Moved(self))

    def action_go(self, where: str) -> None:
        """Move the cursor: up, down, left, right, pageup, pagedown, first, last."""
        per_row, page = self.geometry.per_row, max(1, self.page_lines)
        if where in {"pageup", "pagedown"}:
            rows = page if where == "pagedown" else -page
            self.top = max(0, min(self.top + rows, self.row_count - page))
            self.move_to(self.cursor + rows * per_row)
            return
        steps = {"up": -per_row, "down": per_row, "left": -1, "right": 1}
        if where in steps:
            moved = self.cursor + steps[where]
            self.move_to(moved if 0 <= moved < self.model.end else self.cursor)
        else:
            self.move_to(0 if where == "first" else self.model.end - 1)
            if where == "last":
                self.scroll_rows(self.row_count)

    def on_key(self, event: events.Key) -> None:
        """While bytes are edited, digits are for them and not for other bindings."""
        if self.editing is None:
            return
        key = event.character if event.is_printable and event.character else event.key
        cursor = self.editing.key(key, self.cursor, self.model.read(self.cursor, 1))
        if cursor is not None:
            event.stop()
            event.prevent_default()
            self.move_to(cursor)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Put the cursor on the byte under the pointer."""
        index = self.geometry.index_at(event.x)
        if event.y >= self.head_lines and index is not None:
            row = self.top + event.y - self.head_lines
            offset = row * self.geometry.per_row + index
            if offset < self.model.end:
                self.move_to(offset)

    def on_resize(self) -> None:
        """Another page."""
        self.settle()

    # Painting

    def paint_head(self, width: int) -> list[Strip]:
        geo = self.geometry
        return [self.spans_line(ruler(geo, self.cursor % geo.per_row), width)]

    def paint_body(self, width: int, height: int) -> list[Strip]:
        geo, rows = self.geometry, self.row_count
        start, length = self.top * geo.per_row, height * geo.per_row
        overlays = [(a, b, CHANGED) for a, b in self.model.marks_in(start, length)]
        overlays += [
            (a, b, CURRENT if now else MATCH) for a, b, now in self.matches_in(start, length)
        ]
        if self.editing is not None:
            overlays += [(at, at + 1, EDITED) for at in self.editing.edits.touched(start, length)]
        overlays.append((self.cursor, self.cursor + 1, CURSOR))
        lines = [
            self._row((self.top + y) * geo.per_row, overlays, width, first=y == 0)
            for y in range(min(height, rows - self.top))
        ]
        if not self.model.end and self._empty and height > 2:
            lines += [self.blank(width), self.spans_line((Span("  "), *self._empty), width)]
        return (lines + [self.blank(width)] * height)[:height]

    def _row(self, offset: int, overlays: list[Overlay], width: int, *, first: bool) -> Strip:
        painter, geo, model = self._painter(), self.geometry, self.model
        behind = offset + geo.per_row
        here = tuple(
            (max(0, a - offset), min(b, behind) - offset, kind)
            for a, b, kind in overlays
            if a < behind and b > offset
        )
        errors = model.errors_in(offset, geo.per_row)
        data = (model.row(offset, geo.per_row) or b"") if offset < model.end else b""
        if self.editing is not None:
            data = self.editing.edits.over(offset, data)
        target = None if self.target is None else self.target - offset
        if target is not None and not (0 <= target <= len(data) and target < geo.per_row):
            target = None
        words = ""
        if errors:
            error = errors[0]
            # One row says it: the first of the block, or the first of it that is on the screen.
            words = error.text if error.offset >= offset or first else " "
        elif offset >= model.end and (self.target or 0) > model.end:
            words, target, offset = self.target_words(), 0, self.target or 0
        row = HexRow(offset, data, here, target, words)
        return painter.line(row, geo, width)

    def _painter(self) -> HexPainter:
        palette = self.palette
        if self._paints is None or self._paints[0] is not palette:
            self._paints = (palette, HexPainter(palette))
        return self._paints[1]
