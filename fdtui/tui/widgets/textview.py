"""Bytes as wrapped text with their offsets; anchored on a byte, so that no file is too long."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.strip import Strip

from fdtui.render.hexdump import MARKER, offset_pieces
from fdtui.render.spans import Span, Spans
from fdtui.render.textlines import HANG, TextRow, is_crlf
from fdtui.render.units import offset_digits
from fdtui.render.window import BytesModel
from fdtui.tui.theme import Tint
from fdtui.tui.widgets.byteview import ByteView
from fdtui.tui.widgets.fit import pad
from fdtui.tui.widgets.textanchor import TextAnchor


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
        return offset_digits(max(self.model.end, self.target or 0))

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
        lines = [self._line(row, width) for row in rows]
        at_end = not rows or rows[-1].end >= self.model.end
        if self.ends_with_target and at_end and len(lines) < height:
            lines.append(self._target_line(width))
        if not self.model.end and self._empty and height > 2:
            lines += [self.blank(width), self.spans_line((Span("  "), *self._empty), width)]
        return (lines + [self.blank(width)] * height)[:height]

    def _margin(self, row: TextRow, *, new: bool, target: bool, match: bool) -> list[Segment]:
        look = self.palette.style
        mark = self.gutter_mark(target=target, changed=new, match=match)
        if not row.first:
            dot = "·".rjust(self.digits + 1)
            return [Segment(mark.text, look(mark.role)), Segment(dot, look("faint"))]
        zeros, said = offset_pieces(row.offset, self.digits)
        tint: Tint = "changed" if new else ""
        return [
            Segment(mark.text + " ", look(mark.role, tint)),
            Segment(zeros, look("faint", tint)),
            Segment(said, look("key" if target and not new else "muted", tint)),
        ]

    def _line(self, row: TextRow, width: int) -> Strip:
        look, model = self.palette.style, self.model
        length = row.end - row.offset
        matches = self.matches_in(row.offset, length)
        target = self.target
        here = target is not None and row.offset <= target < row.end
        new = row.first and bool(model.marks_in(row.offset, length))
        segments = self._margin(row, new=new, target=here, match=bool(matches))
        segments.append(Segment("  " if row.first else " " * (2 + HANG), look()))
        # Later ones are laid over earlier ones: escapes, matches, the target's character.
        styles: list[tuple[int, int, Style]] = [
            (start, end, look("attention")) for start, end in row.escapes
        ]
        for start, end, current in matches:
            styles.append((*row.chars(start, end), look("text", "current" if current else "match")))
        text = row.text
        error = model.error_at(row.offset, length)
        if error is not None:
            text, styles = error.text, [(0, len(error.text), look("danger"))]
        elif here and target is not None:
            start, end = row.chars(target, target + 1)
            if start == end:  # the end of the line
                text, start, end = text + " ", len(text), len(text) + 1
            styles.append((start, end, self.palette.marked()))
        segments += _styled(text, styles, look())
        return Strip(segments).adjust_cell_length(width, look())

    def _target_line(self, width: int) -> Strip:
        zeros, said = offset_pieces(self.target or 0, self.digits)
        return self.spans_line(
            (
                Span("@ ", "key"),
                Span(zeros, "faint"),
                Span(said + "  " + MARKER + " ", "key"),
                Span(self.target_words(), "accent"),
            ),
            width,
        )


def _styled(text: str, runs: list[tuple[int, int, Style]], plain: Style) -> list[Segment]:
    """`text` in segments, later runs laid over earlier ones."""
    if not runs:
        return [Segment(text, plain)] if text else []
    edges = sorted({0, len(text), *(edge for start, end, _ in runs for edge in (start, end))})
    segments: list[Segment] = []
    for low, high in pairwise(edges):
        style = plain
        for start, end, look in runs:
            if start <= low < end:
                style = look
        segments.append(Segment(text[low:high], style))
    return segments
