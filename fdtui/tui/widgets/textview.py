"""Bytes as wrapped text with their offsets; anchored on a byte, so that no file is too long."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.strip import Strip

from fdtui.render.spans import Span, Spans
from fdtui.render.textlines import TextRow, is_crlf
from fdtui.render.units import offset_digits
from fdtui.render.window import BytesModel
from fdtui.tui.widgets.byteview import ByteView
from fdtui.tui.widgets.fit import pad
from fdtui.tui.widgets.textanchor import TextAnchor
from fdtui.tui.widgets.textpaint import TextPainter


class TextView(ByteView):
    """Lines of text; the margin has the offset of each, `·` where one goes on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "go('up')", "up", id="view.up", show=False),
        Binding("down,j", "go('down')", "down", id="view.down", show=False),
        Binding("pageup", "go('pageup')", "page up", id="view.pageup", show=False),
        Binding("pagedown", "go('pagedown')", "page down", id="view.pagedown", show=False),
        Binding("home,g", "go('first')", "start", id="view.first", show=False),
        Binding("end,G", "go('last')", "end", id="view.last", show=False),
    ]

    def __init__(self, model: BytesModel, *, id: str | None = None) -> None:
        super().__init__(model, id=id)
        self.place = TextAnchor(model, cell_len)
        self._rows: list[TextRow] = []

    @property
    def digits(self) -> int:
        """Hex digits of the margin."""
        return offset_digits(self.last_offset)

    @property
    def top(self) -> int:
        """Offset of the first byte shown."""
        return self.place.top

    @property
    def text_width(self) -> int:
        """Cells of a line: from behind the margin to the blank before the scroll bar."""
        return max(12, self.size.width - self.digits - 4 - 2)

    @property
    def ends_with_target(self) -> bool:
        """The target stands behind the last byte, and gets a row there."""
        return self.target is not None and self.target >= self.model.end

    def shown_bytes(self) -> tuple[int, int]:
        if not self._rows:
            return self.place.top, self.page_lines * self.text_width
        return self.place.top, self._rows[-1].end - self.place.top

    def bar(self) -> tuple[int, int, int]:
        start, shown = self.shown_bytes()
        end = self.model.end
        if start + shown >= end and start > 0:
            # The last page reaches the end of the bar, however short its lines are.
            return start, max(1, end - start), end
        return start, max(1, shown), max(end, start + shown)

    # Moving

    def settle(self) -> None:
        page = max(1, self.page_lines)
        if not self.size.height:
            return
        place = self.place
        place.shape(self.text_width, page - (1 if self.ends_with_target else 0), page)
        if self.following:
            place.to_end()
        self._rows = place.resolve()
        lacking = place.lacking()
        if lacking is not None:
            self.want(*lacking)
        self.changed()

    def scroll_rows(self, rows: int) -> None:
        self.following = False
        self.place.by_rows(rows)
        self.settle()
        self.post_message(self.Moved(self))

    def scroll_to_share(self, part: int, whole: int) -> None:
        if part == whole:
            self.action_go("last")
        else:
            self.move_to(self.model.end * part // whole)

    def move_to(self, offset: int, *, margin: bool = False) -> None:
        """Show the line of a byte, with `margin` a third down the screen."""
        self.following = False
        lead = self.page_lines // 3 if margin else 0
        shown, length = self.shown_bytes()
        if not (margin and shown <= offset < shown + length):
            self.place.to_offset(max(0, min(offset, self.model.end)), lead)
        self.settle()
        self.post_message(self.Moved(self))

    def action_go(self, where: str) -> None:
        """Move the view: up, down, pageup, pagedown, first, last."""
        page = max(1, self.page_lines)
        steps = {"up": -1, "down": 1, "pageup": -page, "pagedown": page}
        if where in steps:
            self.scroll_rows(steps[where])
        elif where == "first":
            self.move_to(0)
        else:
            self.following = False
            self.place.to_end()
            self.settle()
            self.post_message(self.Moved(self))

    def on_resize(self) -> None:
        """Another page, and lines of another length."""
        self.settle()

    # Painting

    def paint_head(self, width: int) -> list[Strip]:
        data = self.model.read(*self.shown_bytes())
        ends = "\\r\\n" if is_crlf(data) else "\\n"
        note: Spans = (Span(f"utf-8, lines end in {ends}", "muted"),)
        left: Spans = (
            Span("OFFSET".rjust(self.digits + 2) + "  ", "muted"),
            Span("TEXT", "muted"),
        )
        room = max(0, width - 1 - len(note[0].text))
        return [self.spans_line((*pad(left, room), *note), width)]

    def paint_body(self, width: int, height: int) -> list[Strip]:
        rows = self._rows[:height]
        painter = TextPainter(self.palette, self.digits, width)
        lines = [self._line(painter, row) for row in rows]
        at_end = not rows or rows[-1].end >= self.model.end
        if self.ends_with_target and at_end and len(lines) < height:
            lines.append(painter.target_line(self.target or 0, self.target_words()))
        if not self.model.end and self._empty and height > 2:
            lines += [self.blank(width), self.spans_line((Span("  "), *self._empty), width)]
        return (lines + [self.blank(width)] * height)[:height]

    def _line(self, painter: TextPainter, row: TextRow) -> Strip:
        length, target = row.end - row.offset, self.target
        errors = self.model.errors_in(row.offset, length)
        return painter.line(
            row,
            matches=self.matches_in(row.offset, length),
            target=target if target is not None and row.offset <= target < row.end else None,
            new=row.first and bool(self.model.marks_in(row.offset, length)),
            error=errors[0].text if errors else None,
        )
