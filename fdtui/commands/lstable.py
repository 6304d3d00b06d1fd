"""`ls` as a table: the same whether or not it goes to a terminal, apart from colour and width."""

from __future__ import annotations

import marshal
import os
import sys
from collections.abc import Callable, Sequence

from fdtui.commands.lscells import is_number
from fdtui.commands.lsrows import Scan

USUAL = ("pid", "user", "command", "fd", "kind", "mode", "pos", "size", "target")
_LEAST = 12  # cells that the last column keeps however narrow the terminal is
_OURS = dict.fromkeys(map(ord, "←→…"))
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


def columns_of(scan: Scan) -> tuple[str, ...]:
    """The columns asked for, or the usual ones with what was asked for besides."""
    asked = scan.asked
    if asked.columns:
        return asked.columns
    more = [name for name, on in (("shared", asked.sharing), ("sharing", asked.sharing)) if on]
    if asked.peers:
        more.append("peer")
    return (*USUAL[:-1], *more, USUAL[-1])


def print_table(scan: Scan) -> None:
    """Print every row; a terminal gets lines as long as it is wide."""
    names = columns_of(scan)
    rows: list[tuple[str, ...]] = []
    for part in scan.parts("cells", names):
        rows += marshal.loads(part)  # noqa: S302  from our own workers
    print_rows(names, rows)


def print_rows(names: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
    """Print heads and rows; numbers to the right, the last column as it is."""
    heads = tuple(name.upper() for name in names)
    write(heads, rows, [is_number(name) for name in names])


def write(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]], numeric: Sequence[bool]) -> None:
    """Print a table."""
    narrow = all(cell.isascii() or _narrow(cell) for row in rows for cell in row)
    measure = len if narrow else cells_of
    widths = [max(map(measure, column)) for column in zip(heads, *rows, strict=True)]
    last = len(heads) - 1
    room = None
    if sys.stdout.isatty():
        room = max(_LEAST, terminal_width() - sum(widths[:last]) - last)
    head = " ".join(_padded(heads, widths, numeric))
    if coloured():
        head = f"{_BOLD}{head}{_PLAIN}"
    lines = [head]
    for row in rows:
        cells = row
        if room is not None and measure(row[last]) > room:
            cells = (*row[:last], _shortened(row[last], room, measure))
        lines.append(" ".join(_padded(cells, widths, numeric)))
    lines.append("")
    out("\n".join(lines))


def _padded(row: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> list[str]:
    last = len(row) - 1
    padded = []
    for index, cell in enumerate(row):
        # str.ljust counts characters.
        width = widths[index] if cell.isascii() else widths[index] - cells_of(cell) + len(cell)
        if numeric[index]:
            padded.append(cell.rjust(width))
        else:
            padded.append(cell if index == last else cell.ljust(width))
    return padded


def _shortened(text: str, room: int, measure: Callable[[str], int]) -> str:
    from fdtui.render.units import shorten_path

    short = room
    while measure(found := shorten_path(text, short)) > room:
        short -= 1
    return found


def _narrow(text: str) -> bool:
    """Is it of ASCII and our own arrows, which have a cell each?"""
    return text.translate(_OURS).isascii()


def cells_of(text: str) -> int:
    """Cells that a terminal gives a text."""
    if text.isascii() or _narrow(text):
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(
        0 if category(char) in ("Mn", "Me") else 2 if east_asian_width(char) in "WF" else 1
        for char in text
    )


def coloured() -> bool:
    """Is this a terminal whose user wants colours?  https://no-color.org"""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def terminal_width() -> int:
    """COLUMNS, or what the terminal says."""
    try:
        return int(os.environ["COLUMNS"]) or 80
    except (KeyError, ValueError):
        pass
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except OSError:
        return 80


def out(text: str) -> None:
    """Write text; what the locale cannot say is escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.buffer.write(text.encode(encoding, "backslashreplace"))
    sys.stdout.buffer.flush()
