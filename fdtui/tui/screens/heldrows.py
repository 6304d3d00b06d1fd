"""Rows of the Held place: holds of two lines each, and the session log."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from fdtui.keeper.api import Hold
from fdtui.kinds import BY_NAME
from fdtui.render import units
from fdtui.render.spans import BLANK, Cell, Span, Spans, shown
from fdtui.survey.descriptors import DescriptorRow
from fdtui.tui.screens.descriptorrows import target_in
from fdtui.tui.session import Line, SessionLog
from fdtui.tui.widgets.columns import ATTENTION, PLAIN, Column, Placed, RowState
from fdtui.tui.widgets.fit import width_of
from fdtui.tui.widgets.wrap import wrap

HOLDS = (
    Column("kind", "KIND", (10, 10, 10)),
    Column("from", "FROM", (22, 22, 22)),
    Column("via", "VIA", (11, 11, 11)),
    Column("age", "AGE", (6, 6, 6), right=True, gap=1),
    Column("in_target", "IN TARGET", (0, 22, 22)),
    Column("what", "WHAT", flexible=True),
)
LOG = (
    Column("at", "", (8, 8, 8)),
    Column("verb", "", (10, 10, 10)),
    Column("words", "", flexible=True),
)
_BEFORE = 26  # cells before the words of the log, and one that stays free behind them
_ABOUT = 20  # cells of whom a line is about


class HeldRows:
    """Holds as rows of two lines."""

    def __init__(self, holds: Sequence[Hold], now: float) -> None:
        self._holds = holds
        self._now = now

    def __len__(self) -> int:
        return len(self._holds)

    def hold(self, index: int) -> Hold:
        """The hold in that row."""
        return self._holds[index]

    def key(self, index: int) -> Hashable:
        """The number of the hold."""
        return self._holds[index].acquired.id

    def index(self, key: Hashable) -> int | None:
        """Where it is now."""
        return next((i for i, h in enumerate(self._holds) if h.acquired.id == key), None)

    def state(self, index: int) -> RowState:
        """Pinned, or outliving its origin: worth a mark."""
        hold = self._holds[index]
        outlives = hold.in_target in ("closed", "exited")
        return ATTENTION if hold.pinned or outlives else PLAIN

    def cells(self, index: int, columns: Sequence[Placed]) -> Sequence[Cell]:
        """The first line."""
        hold = self._holds[index]
        return [self._cell(hold, placed.key, placed.width) for placed in columns]

    def _cell(self, hold: Hold, key: str, width: int) -> Cell:
        acquired = hold.acquired
        kind = BY_NAME[acquired.kind]
        target = acquired.target
        match key:
            case "kind":
                return (Span(kind.family.glyph, "muted"), Span(f" {kind.label}", "strong"))
            case "from":
                # What was sent is called by its label; its sender is often gone already.
                place = f"{target.pid} fd {target.fd}" if target.fd >= 0 else f"from {target.pid}"
                return (*shown(acquired.comm), Span(f" {place}", "muted", "never"))
            case "via":
                return Span(acquired.via)
            case "age":
                return Span(units.age(max(0.0, self._now - hold.since)))
            case "in_target":
                return self._in_target(hold)
            case _:
                return target_in(DescriptorRow(acquired.entry, kind, acquired.info), width)

    def _in_target(self, hold: Hold) -> Cell:
        pinned = ", pinned" if hold.pinned else ""
        if hold.in_target == "open":
            return Span(f"open{pinned}")
        if hold.acquired.target.fd < 0:
            return Span(f"not known{pinned}", "muted")
        ago = units.age(max(0.0, self._now - hold.changed_at))
        return Span(f"{hold.in_target} {ago} ago{pinned}", "attention")

    def below(self, index: int, columns: Sequence[Placed]) -> Sequence[Cell]:
        """The second line: what holding costs."""
        cost = self._holds[index].cost
        words: Spans = (
            shown(cost)
            if cost
            else (
                Span("nothing: the file has a name and no lock, and nobody waits for it", "muted"),
            )
        )
        return [Span("  costs", "muted"), words]


class LogRow(NamedTuple):
    """A row of the log: of a line's first row the time and verb are shown."""

    line: Line
    words: Spans
    first: bool


class LogRows:
    """The session log, oldest first; what is too long for a row goes on in the next."""

    def __init__(self, log: SessionLog, width: int) -> None:
        """`width`: cells of the screen."""
        room = max(_ABOUT, width - _BEFORE)
        self._lines = [
            LogRow(line, words, not n)
            for line in log
            for n, words in enumerate(
                wrap(_log_words(line), room, 2 if line.failed else _ABOUT + 2)
            )
        ]

    def __len__(self) -> int:
        return len(self._lines)

    def key(self, index: int) -> Hashable:
        """Lines never move."""
        return index

    def index(self, key: Hashable) -> int | None:
        """Lines never move."""
        return key if isinstance(key, int) and key < len(self._lines) else None

    def state(self, index: int) -> RowState:
        """Failures carry a mark."""
        row = self._lines[index]
        return ATTENTION if row.line.failed and row.first else PLAIN

    def cells(self, index: int, columns: Sequence[Placed]) -> Sequence[Cell]:
        """Time, verb, about what, words."""
        line, words, first = self._lines[index]
        cells: dict[str, Cell] = {"words": words}
        if first:
            cells["at"] = Span(time.strftime("%H:%M:%S", time.localtime(line.at)), "muted")
            cells["verb"] = shown(line.verb)
        return [cells.get(placed.key, BLANK) for placed in columns]


def _log_words(line: Line) -> Spans:
    """Whom it is about, in a column of its own; a sentence or a command goes over both."""
    if not line.about or line.failed:
        return shown("  ".join(part for part in (line.about, line.detail) if part))
    about = shown(line.about)
    blank = " " * (max(0, _ABOUT - width_of(about)) + 2)
    return (*about, Span(blank), *shown(line.detail, "muted")) if line.detail else about
