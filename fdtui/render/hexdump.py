"""Rows of bytes in hex and text: where each cell stands, and which class each byte is of."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fdtui.linux.lean import NamedTuple
from fdtui.render.spans import Role, Span, Spans
from fdtui.render.units import offset_digits

MARKER = "┃"

# Classes of bytes, which the screen gives a style each; the last ones are laid over the first.
NUL, OTHER, TEXT, CHANGED, MATCH, CURRENT, CURSOR, TARGET, MARK, EDITED = range(10)
_TINTED = CHANGED

_CLASS = bytes(NUL if b == 0 else TEXT if 0x20 <= b < 0x7F else OTHER for b in range(256))
_SHOW = bytes(b if 0x20 <= b < 0x7F else 0xB7 for b in range(256))  # Latin-1 for ·
_RUN = re.compile(rb"(.)\1*", re.DOTALL)
_ROLES: tuple[Role, ...] = ("faint", "muted", "text")

Overlay = tuple[int, int, int]
"""First and behind the last byte of a row, and the class they take."""


class Geometry(NamedTuple):
    """Cells of a row: digits of the offset and where it starts, bytes, hex and text."""

    digits: int
    per_row: int
    offset_x: int
    hex_x: int
    text_x: int
    width: int
    """Cells of the row up to the scroll bar."""

    def cell(self, index: int) -> int:
        """First cell of byte `index` of a row."""
        return self.hex_x + 3 * index + index // 8

    def index_at(self, x: int) -> int | None:
        """Which byte of a row a cell belongs to, in hex or text."""
        if self.text_x <= x < self.text_x + self.per_row:
            return x - self.text_x
        for index in range(self.per_row):
            if 0 <= x - self.cell(index) < 3:
                return index
        return None


def geometry(width: int, last: int) -> Geometry:
    """The widest rows that fit a view of `width` cells with its scroll bar, offsets up to `last`.

    n digits and b bytes need n + 4b + b/8 + 6 cells. One more digit than fits takes the blank
    before the scroll bar, the next one the blank before the offset; then rows get shorter.
    """
    digits = offset_digits(last)
    per_row = 8
    for wanted in (16, 32):
        if digits + 4 * wanted + wanted // 8 + 6 - 2 <= width and (
            digits > 8 or digits + 4 * wanted + wanted // 8 + 6 <= width
        ):
            per_row = wanted
    over = digits + 4 * per_row + per_row // 8 + 6 - width
    offset_x = 1 if over >= 2 else 2
    hex_x = offset_x + digits + 2
    text_x = hex_x + 3 * per_row + per_row // 8
    blank = 0 if over >= 1 else 1
    return Geometry(digits, per_row, offset_x, hex_x, text_x, text_x + per_row + blank)


def offset_pieces(offset: int, digits: int) -> tuple[str, str]:
    """The offset for the margin: its leading zeros, and the digits that say something."""
    text = f"{offset:0{digits}x}"
    said = text.lstrip("0") or "0"
    return text[: len(text) - len(said)], said


def hex_text(data: bytes, per_row: int) -> str:
    """Two digits a byte, groups of eight one more blank apart, padded to where the text starts."""
    digits = data.hex(" ")
    groups = " ".join(digits[start : start + 24] for start in range(0, len(digits), 24))
    return groups.ljust(3 * per_row + per_row // 8)


def shown_text(data: bytes) -> str:
    """One character a byte, `·` for what is no printable ASCII."""
    return data.translate(_SHOW).decode("latin-1")


def row_pieces(
    data: bytes, geo: Geometry, overlays: Sequence[Overlay] = (), target: int | None = None
) -> list[tuple[str, int]]:
    """A row from its first hex cell on: texts and the class of each.

    `overlays` are laid over the classes in their order; `target` is the index before which the
    target's offset lies, 0 and the number of bytes included.
    """
    classes: bytes = data.translate(_CLASS)
    marks = classes
    if overlays:
        over = bytearray(classes)
        for start, end, kind in overlays:
            over[start:end] = bytes([kind]) * (min(end, len(over)) - start)
        marks = classes = bytes(over)
    if target is not None and target < len(data):
        marks = classes[:target] + bytes([TARGET]) + classes[target + 1 :]
    digits, text = hex_text(data, geo.per_row), shown_text(data)
    pieces: list[tuple[str, int]] = []
    done = 0
    for run in _RUN.finditer(classes):
        start, end = run.span()
        kind = run[1][0]
        last = end - 1
        cell, stop = 3 * start + start // 8, 3 * end + end // 8
        if kind >= _TINTED:
            stop = 3 * last + last // 8 + 2
        if cell > done:
            pieces.append((digits[done:cell], TEXT))
        pieces.append((digits[cell:stop], kind))
        done = stop
    if done < len(digits):
        pieces.append((digits[done:], TEXT))
    if target is not None and target > 0:
        _insert(pieces, 3 * target + target // 8 - 1)
    for run in _RUN.finditer(marks):
        pieces.append((text[run.start() : run.end()], run[1][0]))
    return pieces


def _insert(pieces: list[tuple[str, int]], cell: int) -> None:
    """Put the marker into the blank at `cell`."""
    for index, (text, kind) in enumerate(pieces):
        if cell < len(text):
            parts = [(text[:cell], kind), (MARKER, MARK), (text[cell + 1 :], kind)]
            pieces[index : index + 1] = [part for part in parts if part[0]]
            return
        cell -= len(text)


def hex_row(offset: int, data: bytes, per_row: int = 16, digits: int = 8) -> Spans:
    """One row of bytes that stand still: offset, hex, text."""
    geo = Geometry(digits, per_row, 0, 0, 0, 0)
    zeros, said = offset_pieces(offset, digits)
    pieces = row_pieces(data, geo)
    return (
        Span(zeros, "faint"),
        Span(said + "  ", "muted"),
        *(Span(text, _ROLES[kind]) for text, kind in pieces),
    )


def ruler(geo: Geometry, cursor: int) -> Spans:
    """The head above the rows; the column of the cursor's byte is strong."""
    spans = [Span("OFFSET".rjust(geo.offset_x + geo.digits) + "  ", "muted")]
    for index in range(geo.per_row):
        gap = "" if index == 0 else "  " if index % 8 == 0 else " "
        spans.append(Span(gap, "muted"))
        spans.append(Span(f"{index:02x}", "strong" if index == cursor else "muted"))
    spans.append(Span(" " * (geo.text_x - geo.cell(geo.per_row - 1) - 2), "muted"))
    for index in range(geo.per_row):
        spans.append(Span(f"{index % 16:x}", "strong" if index == cursor else "muted"))
    return tuple(spans)
