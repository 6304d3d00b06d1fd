"""Columns of a table, where they stand at a width, and where its rows come from."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from fdtui.render.spans import Cell, Role

NARROW, WIDE = 100, 160
"""Screens narrower than the first and from the second on have column widths of their own."""
_LEFT, _RIGHT = 2, 2  # gutter and cursor mark; a blank and the scroll bar
_LEAST_FLEXIBLE = 8
_ROOMY_FLEXIBLE = 24  # cells a path can be told by


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its cells on narrow, middle and wide screens (0: not shown there).

    `gap` is the blank before it, `drop_below` the screen width under which it goes. Flush right
    columns grow for good when a wider number comes; the `flexible` one takes what is left.
    """

    key: str
    title: str
    width: tuple[int, int, int] = (0, 0, 0)
    right: bool = False
    flexible: bool = False
    gap: int = 2
    drop_below: int = 0
    short_title: str = ""

    def width_at(self, screen_width: int) -> int:
        """Its cells on a screen of that width."""
        if screen_width < self.drop_below:
            return 0
        return self.width[0 if screen_width < NARROW else 1 if screen_width < WIDE else 2]

    def title_at(self, screen_width: int) -> str:
        """Its head on a screen of that width."""
        return self.short_title if self.short_title and screen_width < NARROW else self.title


class Placed(NamedTuple):
    """A column where it stands in a table: the key, its first cell, its cells."""

    key: str
    x: int
    width: int
    column: Column


class RowState(NamedTuple):
    """What is true of a whole row: the mark at its start, its tint, whether it is quiet or gone."""

    glyph: str = ""
    glyph_role: Role = "text"
    new: bool = False
    muted: bool = False
    struck: bool = False


PLAIN = RowState()
NEW = RowState("+", "good", new=True)
CLOSED = RowState("-", "muted", muted=True, struck=True)
ERROR = RowState("!", "danger")
ATTENTION = RowState("!", "attention")
HELD = RowState("*", "strong")
LOCKED = RowState("×", "faint", muted=True)


class RowSource(Protocol):
    """The rows of a table; asked only for those that are on the screen."""

    def __len__(self) -> int: ...

    def key(self, index: int) -> Hashable:
        """What a row is, whatever its place: the cursor stays on it."""
        ...

    def index(self, key: Hashable) -> int | None:
        """Where the row of `key` is now; None when it is gone."""
        ...

    def cells(self, index: int, columns: Sequence[Placed]) -> Sequence[Cell]:
        """One cell for each of `columns`."""
        ...

    def state(self, index: int) -> RowState:
        """What is true of the whole row."""
        ...


@runtime_checkable
class TwoLineSource(RowSource, Protocol):
    """Rows of two lines, for tables made with `row_lines=2`."""

    def below(self, index: int, columns: Sequence[Placed]) -> Sequence[Cell]:
        """Cells of the second line; the last of them runs on to the end of the row."""
        ...


class NoRows:
    """A table before its first rows."""

    def __len__(self) -> int:
        return 0

    def key(self, index: int) -> Hashable:
        """There is none."""
        raise IndexError(index)

    def index(self, key: Hashable) -> int | None:
        """There is none."""
        return None

    def cells(self, index: int, columns: Sequence[Placed]) -> Sequence[Cell]:
        """There are none."""
        return ()

    def state(self, index: int) -> RowState:
        """Nothing to say."""
        return PLAIN


def place(
    columns: Sequence[Column], screen_width: int, table_width: int, grown: Mapping[str, int]
) -> tuple[Placed, ...]:
    """Where `columns` stand in a table of `table_width` cells on a screen of `screen_width`."""
    wanted: list[tuple[Column, int]] = []
    for column in columns:
        if column.flexible:
            wanted.append((column, 0))
        elif width := column.width_at(screen_width):
            wanted.append((column, max(width, grown.get(column.key, 0))))
    used = sum(width for _, width in wanted) + sum(column.gap for column, _ in wanted[1:])
    rest = table_width - _LEFT - _RIGHT - used
    if rest < _ROOMY_FLEXIBLE and table_width < screen_width:
        # A pane at the side has the room: the columns are those of a screen without it.
        return place(columns, table_width, table_width, grown)
    rest = max(_LEAST_FLEXIBLE, rest)
    placed: list[Placed] = []
    x, end = _LEFT, table_width - _RIGHT
    for column, width in wanted:
        if placed:
            x += column.gap
        cells = min(rest if column.flexible else width, end - x)
        if cells <= 0:
            break
        placed.append(Placed(column.key, x, cells, column))
        x += cells
    return tuple(placed)
