"""A process's descriptors under heads: how many of each kind, or which are one description."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from fdtui.render import units
from fdtui.render.spans import BLANK, Cell, Span, Spans
from fdtui.survey.descriptors import DescriptorRow, Fd, TableSnapshot
from fdtui.tui.screens.descriptorrows import DescriptorRows
from fdtui.tui.widgets.columns import PLAIN, Column, Placed, RowState
from fdtui.tui.widgets.pane import Details, Fact, Line

GROUPINGS = ("", "kind", "description")  # what `g` goes through
_ALONE = "alone"
_MOST_NUMBERS = 6  # named in a head
_MOST_IN_PANE = 16  # named in the pane


class Counts(NamedTuple):
    """Descriptors of each kind at an earlier time; `age` is how many seconds ago that was."""

    of_kind: Mapping[str, int]
    age: float = 0.0


class Head(NamedTuple):
    """What the rows below it have in common; `members` are their numbers."""

    key: str
    first: DescriptorRow
    members: Sequence[Fd]
    size: int
    elsewhere: int = 0  # further descriptors of the description, in other processes


def count_kinds(snapshot: TableSnapshot) -> dict[str, int]:
    """Count the descriptors of each kind, without cwd, root and exe."""
    counts: dict[str, int] = {}
    for row in snapshot.rows.values():
        if isinstance(row.entry.fd, int) and not row.closed:
            counts[row.kind.name] = counts.get(row.kind.name, 0) + 1
    return counts


def group_columns(columns: Sequence[Column]) -> tuple[Column, ...]:
    """The same columns, with the heads that groups need."""
    return tuple(
        replace(column, title="FDS") if column.key == "fd" else column for column in columns
    )


def details_of(head: Head, opened: bool) -> Details:
    """The pane's words about a head: which descriptors are below it."""
    many = units.plural(len(head.members), "descriptor")
    title: Spans = (Span(many, "strong"),)
    if head.key != _ALONE and not head.elsewhere:
        title = (*title, Span("  "), Span(head.first.kind.name, "muted"))
    shown, more = head.members[:_MOST_IN_PANE], len(head.members) - _MOST_IN_PANE
    numbers = (Span(" ".join(map(str, shown))), Span(f"  +{more}" if more > 0 else "", "muted"))
    facts: list[Line] = [Fact("numbers", numbers)]
    if head.elsewhere:
        facts.append(
            Fact("elsewhere", (Span(str(head.elsewhere)), Span("  in other processes", "muted")))
        )
    if head.size and head.key == head.first.kind.name:
        size = (Span(units.size_words(head.size)), Span("  each file once", "muted"))
        facts.append(Fact("size", size))
    word = " hides them" if opened else " shows them"
    return Details(title=title, hint=(Span("enter", "key"), Span(word, "muted")), left=facts)


class GroupedRows(DescriptorRows):
    """Heads, most members first; the members of those that are opened stand below them."""

    def group(self, grouping: str, opened: frozenset[str], before: Counts) -> None:
        """Put heads over the rows; what is not known yet, and cwd, root and exe, has none."""
        self._grouping, self._before = grouping, before
        members: dict[str, list[Fd]] = {}
        rest: list[Fd] = []
        for fd in self._fds:
            row = self._filled.get(fd)
            if row is None or not isinstance(fd, int):
                rest.append(fd)
            else:
                members.setdefault(self._group_of(row), []).append(fd)
        heads = [self._head(key, fds) for key, fds in members.items()]
        heads.sort(key=lambda head: (head.key == _ALONE, -len(head.members) - head.elsewhere))
        self._lines: list[Head | Fd] = []
        for head in heads:
            self._lines.append(head)
            if head.key in opened:
                self._lines.extend(head.members)
        self._lines.extend(rest)
        self._places = {self.key(index): index for index in range(len(self._lines))}

    def _group_of(self, row: DescriptorRow) -> str:
        if self._grouping == "kind":
            return row.kind.name
        neighbour = self._neighbours.get(row.entry.fd)
        shares = neighbour is not None and neighbour.sharers and neighbour.sharing_id
        return neighbour.sharing_id or _ALONE if neighbour is not None and shares else _ALONE

    def _head(self, key: str, fds: Sequence[Fd]) -> Head:
        rows = [self._filled[fd] for fd in fds]
        sizes = {
            (row.entry.stat.dev, row.entry.stat.ino) if row.entry.stat else row.entry.fd: row.size
            for row in rows
        }
        neighbour = self._neighbours.get(fds[0])
        every = len(neighbour.sharers) + 1 if neighbour is not None and key != _ALONE else 0
        elsewhere = max(0, every - len(fds)) if self._grouping == "description" else 0
        return Head(key, rows[0], fds, sum(size or 0 for size in sizes.values()), elsewhere)

    # A row source

    def __len__(self) -> int:
        return len(self._lines)

    def head(self, index: int) -> Head | None:
        """The head in that row, where it is one."""
        line = self._lines[index]
        return line if isinstance(line, Head) else None

    def fd(self, index: int) -> Fd:
        """The number in that row; the first below a head."""
        line = self._lines[index]
        return line.members[0] if isinstance(line, Head) else line

    def row(self, index: int) -> DescriptorRow | None:
        """The row, when it is one and was filled already."""
        line = self._lines[index]
        return None if isinstance(line, Head) else self._filled.get(line)

    def key(self, index: int) -> Hashable:
        """What the line is, whatever its place."""
        line = self._lines[index]
        return ("group", line.key) if isinstance(line, Head) else line

    def index(self, key: Hashable) -> int | None:
        """Where that line is now."""
        return self._places.get(key)

    def state(self, index: int) -> RowState:
        """Heads have none."""
        return PLAIN if self.head(index) is not None else super().state(index)

    def cells(self, index: int, columns: Sequence[Placed]) -> Sequence[Cell]:
        """One cell for each column."""
        head = self.head(index)
        if head is None:
            return super().cells(index, columns)
        roomy = any(placed.key == "peer" for placed in columns)
        return [self._head_cell(head, placed.key, roomy) for placed in columns]

    def _head_cell(self, head: Head, key: str, roomy: bool) -> Cell:
        match key:
            case "fd":
                return Span(units.count(len(head.members)), "strong")
            case "kind" if self._grouping == "kind":
                kind = head.first.kind
                return (Span(kind.family.glyph, "muted"), Span(f" {kind.label}", "strong"))
            case "kind" if head.key != _ALONE:
                kind = head.first.kind
                return (Span(kind.family.glyph, "muted"), Span(f" {kind.label}"))
            case "size" if self._grouping == "kind":
                return Span(units.size_cell(head.size), "strong") if head.size else BLANK
            case "shared" if self._grouping == "description" and head.key != _ALONE:
                return Span(f"×{len(head.members) + head.elsewhere}", "strong")
            case "peer" if head.elsewhere:
                return Span(f"+{head.elsewhere} elsewhere", "muted")
            case "target":
                return self._change(head) if self._grouping == "kind" else self._who(head, roomy)
            case _:
                return BLANK

    def _change(self, head: Head) -> Spans:
        """How many more of this kind there are than when one came here, and which they are."""
        change = len(head.members) - self._before.of_kind.get(head.key, 0)
        numbers = Span(" ".join(map(str, head.members[:_MOST_IN_PANE])), "muted")
        if not change:
            return (numbers,)
        return (
            Span(f"{change:+,}", "attention" if change > 0 else "text", "never"),
            Span(f" in {units.age(self._before.age)}  ", "muted", "never"),
            numbers,
        )

    def _who(self, head: Head, roomy: bool) -> Spans:
        if head.key == _ALONE:
            return (Span("each a description of its own", "muted"),)
        numbers = ", ".join(map(str, head.members[:_MOST_NUMBERS]))
        more = len(head.members) - _MOST_NUMBERS
        numbers += f" and {more} more" if more > 0 else ""
        outside = f" +{head.elsewhere}" if head.elsewhere and not roomy else ""
        return (
            Span(f"fd {numbers}", "strong", "never"),
            Span(f"{outside}  ", "muted", "never"),
            *self._with_peer(head.first),
        )
