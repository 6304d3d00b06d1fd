"""Processes as rows of a table: columns, order, filter, tree."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from fdtui.render import units
from fdtui.render.safe import safe
from fdtui.render.spans import BLANK, Cell, Span, shown
from fdtui.survey.processes import ProcessRow
from fdtui.tui.widgets.columns import (
    CLOSED,
    ERROR,
    LOCKED,
    NEW,
    PLAIN,
    Column,
    Placed,
    RowState,
)

NEARLY_FULL = 80  # per cent of the limit: from here on a row calls for attention
COLUMNS = (
    Column("pid", "PID", (7, 7, 7), right=True),
    Column("user", "USER", (8, 8, 8), drop_below=56),
    Column("fds", "FDS", (7, 7, 7), right=True, gap=1),
    Column("limit", "LIMIT %", (7, 7, 7), right=True, gap=1, drop_below=64),
    Column("trend", "TREND", (8, 12, 12), drop_below=72),
    Column("change", "", (0, 5, 5), right=True, gap=1, drop_below=100),
    Column("name", "NAME", (13, 15, 24)),
    Column("command", "COMMAND", flexible=True),
)
SORTS: dict[str, tuple[Callable[[ProcessRow], object], bool]] = {
    # column: what it sorts by, and whether the largest comes first
    "pid": (lambda row: row.pid, False),
    "user": (lambda row: (row.user, row.pid), False),
    "fds": (lambda row: row.fds, True),
    "limit": (lambda row: row.limit_percent or 0.0, True),
    "trend": (lambda row: units.trend_change(row.trend), True),
    "name": (lambda row: (row.name.lower(), row.pid), False),
    "command": (lambda row: row.command.lower(), False),
}

_NAME_LEAST = 7  # cells of a name that the lines of the tree leave


def tree_order(rows: Sequence[ProcessRow]) -> list[tuple[ProcessRow, str]]:
    """Parents before their children, each with the lines that lead to it."""
    children: dict[int, list[ProcessRow]] = {}
    here = {row.pid for row in rows}
    for row in rows:
        parent = row.ppid if row.ppid in here and row.ppid != row.pid else 0
        children.setdefault(parent, []).append(row)
    out: list[tuple[ProcessRow, str]] = []
    # An own stack: a chain of a thousand forks must not meet Python's recursion limit.
    stack = [(row, "", "") for row in reversed(children.get(0, []))]
    while stack:
        row, lead, hang = stack.pop()
        out.append((row, lead))
        below = children.get(row.pid, []) if row.pid else []
        for child in reversed(below):
            last = child is below[-1]
            stack.append((child, hang + ("└ " if last else "├ "), hang + ("  " if last else "│ ")))
    return out


class ProcessRows:
    """One snapshot, sorted and filtered; cells are made when a row is painted."""

    def __init__(
        self,
        rows: Sequence[ProcessRow],
        *,
        sort: str = "fds",
        descending: bool = True,
        fits: Callable[[ProcessRow], bool] | None = None,
        tree: bool = False,
        ascii_only: bool = False,
    ) -> None:
        kept = list(rows if fits is None else filter(fits, rows))
        key, _ = SORTS[sort]
        kept.sort(key=key, reverse=descending)  # type: ignore[arg-type]  # each key is comparable to itself
        self._leads: list[str] = []
        if tree:
            ordered = tree_order(kept)
            self._rows = [row for row, _ in ordered]
            self._leads = [lead for _, lead in ordered]
        else:
            self._rows = kept
        self._index: dict[Hashable, int] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, index: int) -> ProcessRow:
        """The process in that row."""
        return self._rows[index]

    def key(self, index: int) -> Hashable:
        """Pid and start time."""
        return self._rows[index].key

    def index(self, key: Hashable) -> int | None:
        """Where that process is now."""
        if self._index is None:
            self._index = {row.key: place for place, row in enumerate(self._rows)}
        return self._index.get(key)

    def state(self, index: int) -> RowState:
        """Ended, nearly full, new, or not to be looked into."""
        row = self._rows[index]
        if row.gone:
            return CLOSED
        if (row.limit_percent or 0) >= NEARLY_FULL:
            return ERROR
        if row.new:
            return NEW
        return LOCKED if row.refused else PLAIN

    def cells(self, index: int, columns: Sequence[Placed]) -> Sequence[Cell]:
        """One cell for each column."""
        row = self._rows[index]
        return [self._cell(row, index, column) for column in columns]

    def _cell(self, row: ProcessRow, index: int, placed: Placed) -> Cell:
        match placed.key:
            case "pid":
                return Span(str(row.pid))
            case "user":
                return shown(row.user, "muted")
            case "fds":
                return Span(units.count(row.fds), "text") if row.fds >= 0 else Span("?", "muted")
            case "limit":
                return self._limit(row)
            case "trend":
                return self._trend(row, placed.width)
            case "change":
                change = units.trend_change(row.trend)
                return Span(f"{change:+,}", "muted") if change else BLANK
            case "name":
                lead = self._leads[index] if self._leads else ""
                room = placed.width - _NAME_LEAST
                if len(lead) > room:  # far down: the nearest lines, and the name
                    lead = "…" + lead[len(lead) - room + 1 :]
                name = shown(row.name, "strong")
                return (Span(lead, "faint"), *name) if lead else name
            case _:
                if row.kernel:
                    return Span(f"[{safe(row.name)}]", "faint")
                return shown(row.command, "muted")

    def _limit(self, row: ProcessRow) -> Cell:
        percent = row.limit_percent
        if percent is None:
            return BLANK
        text = units.percent(row.fds, row.limit)
        return Span(text, "danger" if percent >= NEARLY_FULL else "text")

    def _trend(self, row: ProcessRow, width: int) -> Cell:
        text = units.trend(row.trend, width).rjust(width)
        if (row.limit_percent or 0) >= NEARLY_FULL:
            return Span(text, "danger")
        big = abs(max(row.trend, default=0) - min(row.trend, default=0)) >= 8
        return Span(text, "muted" if big else "faint")
