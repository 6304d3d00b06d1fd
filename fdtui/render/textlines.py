"""Bytes as lines of text, wrapped, with the way back from every character to its byte.

There is no index of lines: layout starts anywhere, and goes back at most 64 KiB for a line's start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fdtui.linux.lean import NamedTuple
from fdtui.render.safe import classify

SCAN_BACK = 65536
"""Bytes that the start of a line is looked for; a longer line is entered in its middle."""
HANG = 2
_TAB = 8
_MARKS_PER_BASE = 2

Measure = Callable[[str], int]


class TextRow(NamedTuple):
    """One row of the screen: the bytes it shows and how.

    `starts` has for each character of `text` the byte it comes from, relative to `offset`; None
    when each character is one byte. `escapes` are the characters that stand for what cannot be
    shown.
    """

    offset: int
    end: int
    text: str
    first: bool
    ended: bool
    starts: tuple[int, ...] | None = None
    escapes: tuple[tuple[int, int], ...] = ()

    def chars(self, start: int, end: int) -> tuple[int, int]:
        """The characters that show the bytes from `start` to before `end` (file offsets)."""
        low, high = start - self.offset, end - self.offset
        if self.starts is None:
            return max(0, min(low, len(self.text))), max(0, min(high, len(self.text)))
        inside = [index for index, byte in enumerate(self.starts) if low <= byte < high]
        return (inside[0], inside[-1] + 1) if inside else (0, 0)


class _Unit(NamedTuple):
    """What is not broken by a wrap: its text, cells, bytes, and whether it is an escape."""

    text: str
    cells: int
    size: int
    escaped: bool


def _size(char: str) -> int:
    """Bytes of a character in UTF-8; a lone byte through surrogateescape is one."""
    code = ord(char)
    if code < 0x80 or 0xDC80 <= code <= 0xDCFF:
        return 1
    return 2 if code < 0x800 else 3 if code < 0x10000 else 4


def _units(text: str, measure: Measure) -> Iterator[_Unit]:
    marks = _MARKS_PER_BASE
    for char in text:
        if char == "\t":
            marks = _MARKS_PER_BASE
            yield _Unit("\t", 0, 1, False)
            continue
        escape = classify(char)
        if escape == "":
            marks += 1
            escape = None if marks <= _MARKS_PER_BASE else f"<{ord(char):04X}>"
        else:
            marks = 0 if escape is None else _MARKS_PER_BASE
        if escape is None:
            yield _Unit(char, measure(char), _size(char), False)
        else:
            yield _Unit(escape, len(escape), _size(char), True)


def _wrap_plain(line: str, offset: int, width: int, first: bool) -> Iterator[TextRow]:
    """Rows of a line whose characters are all one byte and one cell."""
    while True:
        room = width if first else max(1, width - HANG)
        if len(line) <= room:
            yield TextRow(offset, offset + len(line), line, first, False)
            return
        blank = line.rfind(" ", room * 3 // 4, room)
        cut = blank + 1 if blank >= 0 else room
        yield TextRow(offset, offset + cut, line[:cut], first, False)
        line, offset, first = line[cut:], offset + cut, False


class _RowBuilder:
    """Collects units into a row."""

    def __init__(self, offset: int, first: bool) -> None:
        self.offset, self.first = offset, first
        self.units: list[_Unit] = []
        self.cells = 0

    def add(self, unit: _Unit) -> None:
        self.units.append(unit)
        self.cells += unit.cells

    def row(self) -> TextRow:
        text: list[str] = []
        starts: list[int] = []
        escapes: list[tuple[int, int]] = []
        byte = 0
        for unit in self.units:
            if unit.escaped:
                escapes.append((len(starts), len(starts) + len(unit.text)))
            text.append(unit.text)
            starts += [byte] * len(unit.text)
            byte += unit.size
        return TextRow(
            self.offset,
            self.offset + byte,
            "".join(text),
            self.first,
            False,
            # As a row of plain text has it: the same bytes give the same row from wherever.
            None if starts == list(range(byte)) else tuple(starts),
            tuple(escapes),
        )

    def break_after(self, room: int) -> int:
        """Where to break: behind the last blank of the last quarter, or at the end."""
        cells = self.cells
        for index in range(len(self.units) - 1, -1, -1):
            cells -= self.units[index].cells
            if cells < room * 3 // 4:
                break
            if self.units[index].text.isspace():
                return index + 1
        return len(self.units)


def _wrap_units(
    text: str, offset: int, width: int, first: bool, measure: Measure
) -> Iterator[TextRow]:
    row = _RowBuilder(offset, first)
    for unit in _units(text, measure):
        room = width if row.first else max(1, width - HANG)
        tab = unit.text == "\t"
        while row.units and row.cells + (1 if tab else unit.cells) > room:
            cut = row.break_after(room)
            rest = row.units[cut:]
            row.units = row.units[:cut]
            done = row.row()
            yield done
            row = _RowBuilder(done.end, False)
            for left in rest:
                row.add(left)
            room = max(1, width - HANG)
        if tab:
            cells = min(_TAB - row.cells % _TAB, room - row.cells)
            row.add(_Unit(" " * cells, cells, 1, False))
        else:
            row.add(unit)
    yield row.row()


def lay_out(
    data: bytes, base: int, width: int, measure: Measure, *, first: bool = True, crlf: bool = False
) -> Iterator[TextRow]:
    """Rows of `width` cells for bytes that start at file offset `base`.

    `first` is False when `base` lies within a line; `crlf` hides the carriage return of line ends.
    """
    start, width = 0, max(1, width)
    while start < len(data):
        stop = data.find(b"\n", start)
        ended = stop >= 0
        end = stop + 1 if ended else len(data)
        line = data[start : stop if ended else end]
        if crlf and ended and line.endswith(b"\r"):
            line = line[:-1]
        text = line.decode("utf-8", "surrogateescape")
        if text.isascii() and text.isprintable():
            rows = _wrap_plain(text, base + start, width, first)
        else:
            rows = _wrap_units(text, base + start, width, first, measure)
        last: TextRow | None = None
        for row in rows:
            if last is not None:
                yield last
            last = row
        if last is not None:
            yield last._replace(end=base + end, ended=ended)
        start, first = end, True


def line_start(data: bytes, base: int, *, from_start: bool) -> int | None:
    """Start of the line that the end of `data` lies in; `from_start`: `base` begins the file.

    None when it lies before `data`.
    """
    newline = data.rfind(b"\n")
    if newline >= 0:
        return base + newline + 1
    return base if from_start else None


def is_crlf(data: bytes) -> bool:
    """Whether every line of `data` that ends there ends in carriage return and newline."""
    ends = data.count(b"\n")
    return ends > 0 and data.count(b"\r\n") == ends


def char_boundary(data: bytes) -> int:
    """How many bytes at the start of `data` belong to a character that began before it."""
    for index, byte in enumerate(data[:4]):
        if byte & 0xC0 != 0x80:
            return index
    return 0
