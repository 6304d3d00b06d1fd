"""What the bytes at the cursor could mean, and what the marks of the viewer stand for."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip

from fdtui.render.inspector import Reading, ordered, single, utf8, utf16
from fdtui.render.spans import Span, Spans
from fdtui.render.units import offset_words
from fdtui.tui.widgets.fit import fit, pad, width_of
from fdtui.tui.widgets.lineview import LineView

CELLS = 36
"""Cells of a row beside the bytes; two blanks on either side."""
ROWS_BELOW = 6
# Below the bytes: one byte, a number of up to 26 cells with its label, the same in the other order.
_NUMBER = 26
_ONE, _OTHER = 15, 6 + _NUMBER


class Inspector(LineView):
    """Rows that never move: beside the bytes a column of them, below the bytes three columns."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.below = False
        self._offset: int | None = None
        self._data = b""
        self._marks: Sequence[Spans] = ()

    def show(self, offset: int | None, data: bytes, marks: Sequence[Spans]) -> None:
        """The bytes from the cursor on, eight of them if there are, and the legend of the marks."""
        self._offset, self._data, self._marks = offset, data, marks
        self.changed()

    def paint(self, width: int, height: int) -> list[Strip]:
        lines = self._below() if self.below else self._beside()
        lines = [*lines[:height], *([()] * (height - len(lines)))]
        indent, room = Span("  "), max(0, width - 3)
        return [self.spans_line((indent, *fit(line, room)), width) for line in lines]

    @property
    def _at(self) -> Spans:
        return (Span("-" if self._offset is None else offset_words(self._offset), "strong"),)

    def _beside(self) -> list[Spans]:
        data = self._data
        head: Spans = (Span("INSPECTOR", "muted"),)
        lines: list[Spans] = [_between(head, self._at)]
        lines += [_reading(row) for row in single(data)]
        lines += [(), (Span("LITTLE ENDIAN", "muted"),)]
        lines += [_reading(row) for row in ordered(data, "little")]
        lines += [(), (Span("BIG ENDIAN", "muted"),)]
        lines += [_reading(row) for row in ordered(data, "big")]
        lines += [(), _reading(utf8(data)), _utf16(data)]
        if self._marks:
            lines += [(), (Span("MARKS", "muted"),), *self._marks]
        return lines

    def _below(self) -> list[Spans]:
        """Six rows: one byte and characters, then what differs between the byte orders."""
        data = self._data
        little = {row.label: row for row in ordered(data, "little")}
        big = {row.label: row for row in ordered(data, "big")}
        first = [*single(data), utf8(data)._replace(label="utf8"), Reading("", "", "muted")]
        pairs = ("u16", "u32", "u64", "f64", "time32")
        head = (
            *pad((Span("AT ", "muted"), *self._at), _ONE + 1),
            *pad((Span("LITTLE ENDIAN", "muted"),), _OTHER, right=True),
            Span("  "),
            *pad((Span("BIG ENDIAN", "muted"),), _NUMBER, right=True),
        )
        lines: list[Spans] = [head]
        for left, label in zip(first, pairs, strict=True):
            one = _between((Span(left.label, "muted"),), _value(left), _ONE)
            other = _between((Span(label, "muted"),), _value(little[label]), _OTHER)
            last = pad(_value(big[label]), _NUMBER, right=True)
            lines.append((*one, Span(" "), *other, Span("  "), *last))
        return lines


def _value(row: Reading) -> Spans:
    return (Span(row.value, row.role),)


def _reading(row: Reading) -> Spans:
    return _between((Span(row.label, "muted"),), _value(row))


def _utf16(data: bytes) -> Spans:
    little, big = utf16(data, "little"), utf16(data, "big")
    value = (Span(little.value, little.role), Span("  "), Span(big.value, big.role))
    return _between((Span("utf-16 le be", "muted"),), value)


def _between(left: Spans, right: Spans, width: int = CELLS) -> Spans:
    """Something at either end of `width` cells."""
    right = fit(right, width - 2)
    return (*pad(left, width - width_of(right)), *right)
