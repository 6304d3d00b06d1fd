"""Where a text view is in its bytes: movement by rows over lines that nobody has counted.

A move that needs bytes which have not been read yet is kept and finished when they are there.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from fdtui.render.textlines import (
    HANG,
    SCAN_BACK,
    Measure,
    TextRow,
    char_boundary,
    is_crlf,
    lay_out,
    line_start,
)
from fdtui.render.window import PAGE, BytesModel, ReadError


class _Move(NamedTuple):
    """What is still to be done: go up so many rows, to the end, or to an offset."""

    kind: Literal["up", "end", "offset"]
    rows: int = 0
    offset: int = 0


class TextAnchor:
    """The first byte on the screen, and how to get to others."""

    def __init__(self, model: BytesModel, measure: Measure) -> None:
        self.top = 0
        self._first = True
        self._model = model
        self._measure = measure
        self._width = 80
        self._page = 1
        self._lines = 1
        self._move: _Move | None = None
        self._need: tuple[int, int] | None = None

    def shape(self, width: int, page: int, lines: int) -> None:
        """Cells of a line, rows of text that the last page has, rows of every other page."""
        if width != self._width and not self._first:
            # Wraps fall elsewhere now: start at the line that is shown.
            self._move = self._move or _Move("offset", 0, self.top)
        self._width, self._page, self._lines = width, max(1, page), lines

    def to_end(self) -> None:
        """Show the last page."""
        self._move = _Move("end")

    def to_offset(self, offset: int, lead: int = 0) -> None:
        """Show the line of a byte, `lead` rows down the screen."""
        self._move = _Move("offset", lead, offset)

    def by_rows(self, rows: int) -> None:
        """Go down, or up."""
        if rows < 0:
            held = self._move.rows if self._move is not None and self._move.kind == "up" else 0
            self._move = _Move("up", held - rows)
            return
        self._move = None
        laid = self._forward(self.top, self._first, rows + self._lines)
        if laid:
            # The last page stays full.
            at_end = laid[-1].end >= self._model.end
            most = len(laid) - self._page if at_end else len(laid) - 1
            row = laid[max(0, min(rows, most))]
            self.top, self._first = row.offset, row.first

    def resolve(self) -> list[TextRow]:
        """Finish the move at hand as far as the bytes go; the rows to show."""
        self._need = None
        if self.top > self._model.end:
            self._move = _Move("end")
        if self._move is not None and self._done(self._move):
            self._move = None
        rows = self._forward(self.top, self._first, self._lines)
        at_end = not rows or rows[-1].end >= self._model.end
        short = at_end and len(rows) < self._page and self.top > 0 and self._move is None
        if short and self._up(self.top, self._page - len(rows)):
            # The file ends too soon: as much as fits is shown, as at the end of any list.
            rows = self._forward(self.top, self._first, self._lines)
        return rows

    def lacking(self) -> tuple[int, int] | None:
        """The range that the view would need now: (offset, length), or None."""
        if self._need is not None:
            return self._need
        start = self.top // PAGE * PAGE
        return max(0, start - PAGE), PAGE + self._lines * self._width + PAGE

    def _done(self, move: _Move) -> bool:
        if move.kind == "up":
            return self._up(self.top, move.rows)
        if move.kind == "end":
            return self._up(self._model.end, self._page)
        found = self._start_of_line(move.offset)
        if found is None:
            return False
        start, first = found
        if move.offset < self._model.end and self._model.row(move.offset, 1) is None:
            return self._ask(start, move.offset - start + self._lines * self._width)
        row = TextRow(start, start, "", first, False)
        for row in self._rows(start, move.offset + 1 - start + 4 * self._width, first):
            if row.offset <= move.offset < row.end:
                break
        self.top, self._first = row.offset, row.first
        return not move.rows or self._up(self.top, move.rows)

    def _up(self, offset: int, rows: int) -> bool:
        """Put the top `rows` rows above `offset`, or at the start; False when bytes are lacking."""
        back = min(offset, max(PAGE, rows * self._width))
        while True:
            known = self._model.known_from(offset, back)
            if known > offset - back:
                return self._ask(offset - back, back)
            start: int | None = offset - back
            first = True
            if start:
                head = self._model.read(offset - back, back)
                newline = head.find(b"\n", 0, len(head) - 1)
                start = offset - back + newline + 1 if newline >= 0 else None
                if start is None and back >= min(offset, SCAN_BACK):
                    # Whole rows of a line without an end, so that going down again meets them.
                    skip = back % max(1, self._width - HANG)
                    start, first = offset - back + skip, False
                    start += char_boundary(head[skip:])
            if start is not None:
                laid = self._rows(start, offset - start, first)
                if len(laid) >= rows or back >= offset or back >= SCAN_BACK:
                    if laid:
                        row = laid[-rows] if len(laid) >= rows else laid[0]
                        self.top, self._first = row.offset, row.first
                    return True
            back = min(offset, back * 4, SCAN_BACK) if back < SCAN_BACK else back

    def _start_of_line(self, offset: int) -> tuple[int, bool] | None:
        """Where the line of a byte starts, False if farther back; None while bytes are lacking."""
        back = min(offset, PAGE)
        while True:
            if self._model.known_from(offset, back) > offset - back:
                self._ask(offset - back, back + self._lines * self._width)
                return None
            data = self._model.read(offset - back, back)
            start = line_start(data, offset - back, from_start=back == offset)
            if start is not None:
                return start, True
            if back >= SCAN_BACK:
                return offset - back + char_boundary(data), False
            back = min(offset, back * 4, SCAN_BACK)

    def _ask(self, offset: int, length: int) -> bool:
        self._need = (offset, length)
        return False

    def _forward(self, start: int, first: bool, rows: int) -> list[TextRow]:
        """At most `rows` rows from `start` on, as far as the bytes are known."""
        room = max(PAGE, rows * self._width)
        while True:
            laid = self._rows(start, room, first, rows)
            known = len(self._model.read(start, room))
            if len(laid) >= rows or known < room or room > 64 * rows * self._width:
                return laid[:rows]
            room *= 4

    def _rows(
        self, start: int, length: int, first: bool = True, most: int | None = None
    ) -> list[TextRow]:
        """Rows of the bytes from `start` on, as far as they are known; an error is one row."""
        data = self._model.read(start, length)
        rows: list[TextRow] = []
        crlf, done, end = is_crlf(data), start, start + len(data)
        for error in (*self._model.errors_in(start, len(data)), ReadError(end, 0, "")):
            stop = max(done, error.offset)
            part = data[done - start : stop - start]
            for row in lay_out(part, done, self._width, self._measure, first=first, crlf=crlf):
                rows.append(row)
                if most is not None and len(rows) > most:
                    return rows
            done, first = min(end, max(stop, error.offset + error.length)), True
            if done > stop:
                rows.append(TextRow(stop, done, "", True, True))
        return rows
