"""Descriptors as rows of a table: columns, order, filter; cells are made when painted."""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Mapping, Sequence

from fdtui.linux.abi import OpenFlags
from fdtui.linux.procfs import Entry
from fdtui.linux.pseudofs import internal_devices
from fdtui.render import units
from fdtui.render.objects import mode_of
from fdtui.render.spans import BLANK, Cell, Span, Spans, shown
from fdtui.survey.descriptors import DescriptorRow, Fd, TableSnapshot
from fdtui.survey.neighbours import Neighbour
from fdtui.tui.screens.neighbourcells import peer_cell, peer_words, shared_cell
from fdtui.tui.widgets.columns import (
    CLOSED,
    ERROR,
    HELD,
    NEW,
    PLAIN,
    Column,
    Placed,
    RowState,
)
from fdtui.tui.widgets.fit import width_of

COLUMNS = (
    Column("fd", "FD", (4, 4, 4), right=True),
    Column("kind", "KIND", (10, 10, 10)),
    Column("mode", "MODE", (4, 4, 4), gap=1, drop_below=54),
    Column("flags", "FLAGS", (0, 5, 5), gap=1, drop_below=104),
    Column("pos", "POS", (6, 6, 6), right=True, gap=1, drop_below=62),
    Column("moved", "", (1, 1, 1), gap=0, drop_below=62),
    Column("size", "SIZE", (6, 6, 6), right=True, gap=1, drop_below=48),
    Column("part", "%", (0, 4, 4), right=True, gap=1, drop_below=104),
    Column("shared", "SHARED", (3, 6, 6), right=True, drop_below=68, short_title="SHR"),
    Column("peer", "PEER", (0, 20, 26), drop_below=100),
    Column("target", "TARGET", flexible=True),
)
_FLAGS = (
    ("a", OpenFlags.O_APPEND),
    ("n", OpenFlags.O_NONBLOCK),
    ("c", OpenFlags.O_CLOEXEC),
    ("d", OpenFlags.O_DIRECT),
    ("s", OpenFlags.O_DSYNC),
)
_MODES = {"r": (True, False), "w": (False, True), "rw": (True, True), "path": (False, False)}

_READ = 4  # of Entry.access
_LAST = 1 << 62
# Kinds whose peer says more than their target, where there is no room for both.
_ONLY_PEER = frozenset({"pipe", "fifo", "unix", "eventfd"})


def _number(fd: Fd) -> tuple[int, str]:
    return (fd, "") if isinstance(fd, int) else (_LAST, fd)


SORTS: dict[str, tuple[Callable[[DescriptorRow], object], bool]] = {
    "fd": (lambda row: _number(row.entry.fd), False),
    "kind": (lambda row: (row.kind.name, _number(row.entry.fd)), False),
    "mode": (lambda row: (mode_of(row.entry) or "", _number(row.entry.fd)), False),
    "pos": (lambda row: -1 if row.pos is None else row.pos, True),
    "size": (lambda row: -1 if row.size is None else row.size, True),
    "target": (lambda row: (row.entry.link, _number(row.entry.fd)), False),
}


class DescriptorRows:
    """One snapshot of a table, sorted and filtered."""

    def __init__(
        self,
        snapshot: TableSnapshot,
        *,
        sort: str = "fd",
        descending: bool = False,
        kept: Container[Fd] | None = None,
        neighbours: Mapping[Fd, Neighbour] | None = None,
        held: frozenset[int] = frozenset(),
        selected: Fd | None = None,
    ) -> None:
        """`kept`: the numbers that a filter left."""
        self._filled = snapshot.rows
        self._neighbours = neighbours or {}
        self._held = held
        of_selected = self._neighbours.get(selected) if selected is not None else None
        self._selected_set = of_selected.sharing_id if of_selected else None
        fds: Sequence[Fd] = snapshot.fds
        if kept is not None:
            fds = [fd for fd in fds if fd in kept]
        if sort != "fd":
            key, _ = SORTS[sort]
            known = [fd for fd in fds if fd in self._filled]
            known.sort(key=lambda fd: key(self._filled[fd]), reverse=descending)  # type: ignore[arg-type, return-value]  # each key is comparable to itself
            fds = [*known, *(fd for fd in fds if fd not in self._filled)]
        elif descending:
            fds = fds[::-1]
        self._fds = fds
        self._index: dict[Hashable, int] | None = None

    def __len__(self) -> int:
        return len(self._fds)

    def fd(self, index: int) -> Fd:
        """The number in that row."""
        return self._fds[index]

    def row(self, index: int) -> DescriptorRow | None:
        """The row, when it was filled already."""
        return self._filled.get(self._fds[index])

    def key(self, index: int) -> Hashable:
        """The number: what the person has in mind while the table moves."""
        return self._fds[index]

    def index(self, key: Hashable) -> int | None:
        """Where that number is now."""
        if self._index is None:
            self._index = {fd: place for place, fd in enumerate(self._fds)}
        return self._index.get(key)

    def state(self, index: int) -> RowState:
        """Failed, closed, new, held."""
        row = self.row(index)
        if row is None:
            return PLAIN
        if row.closed:
            return CLOSED
        if row.entry.error is not None:
            return ERROR
        if row.new:
            return NEW
        return HELD if row.entry.fd in self._held else PLAIN

    def cells(self, index: int, columns: Sequence[Placed]) -> Sequence[Cell]:
        """One cell for each column; a row that was not filled yet shows its number."""
        row = self.row(index)
        if row is None:
            number = Span(str(self.fd(index)), "strong")
            return [number if placed.key == "fd" else BLANK for placed in columns]
        return [self._cell(row, placed, columns) for placed in columns]

    def _cell(self, row: DescriptorRow, placed: Placed, columns: Sequence[Placed]) -> Cell:
        entry = row.entry
        match placed.key:
            case "fd":
                return Span(str(entry.fd), "strong")
            case "kind":
                return (Span(row.kind.family.glyph, "muted"), Span(f" {row.kind.label}"))
            case "mode":
                return mode_cell(entry)
            case "flags":
                return flags_cell(entry)
            case "pos":
                if row.pos is None:
                    return BLANK
                return Span(units.size_cell(row.pos), "strong" if row.moved else "text")
            case "moved":
                return Span(" ↑↓"[row.moved] if row.moved else "", "strong")
            case "size":
                return BLANK if row.size is None else Span(units.size_cell(row.size))
            case "part":
                return part_cell(row)
            case "shared":
                neighbour = self._neighbours.get(entry.fd)
                if neighbour is None:
                    return BLANK
                same = (
                    neighbour.sharing_id is not None and neighbour.sharing_id == self._selected_set
                )
                return shared_cell(neighbour, same)
            case "peer":
                neighbour = self._neighbours.get(entry.fd)
                return peer_cell(neighbour) if neighbour else BLANK
            case _:
                if not any(column.key == "peer" for column in columns):
                    return self._with_peer(row)
                return target_in(row, placed.width)

    def _with_peer(self, row: DescriptorRow) -> Spans:
        """The target where there is no room for the peer: the other end is what matters."""
        target = _shortened(target_cell(row))
        neighbour = self._neighbours.get(row.entry.fd)
        peers = neighbour.peers if neighbour else ()
        if peers and row.kind.name in _ONLY_PEER:
            return (Span("→ ", "muted"), *peer_words(peers))
        if peers and (way := _way(target)):
            return (target[0], Span(f" {way} "), *peer_words(peers))
        return target


def target_in(row: DescriptorRow, width: int) -> Spans:
    """The target; where it has not the room, what of it matters most."""
    target = target_cell(row)
    return target if width_of(target) <= width else _shortened(target)


def _way(target: Spans) -> str:
    """`→` or `←` where the target is a connection: `ESTAB 10.2.0.17:8443 ← 10.2.9.4:51822`."""
    if len(target) != 2 or target[0].role != "strong":  # a state, two addresses
        return ""
    return next((way for way in "→←" if f" {way} " in target[1].text), "")


def _shortened(target: Spans) -> Spans:
    """A connection by its other end, a listener's queue without the word for it."""
    if way := _way(target):
        return (target[0], Span(f" {way} {target[1].text.partition(way)[2].strip()}"))
    last = target[-1:]
    if last and last[0].role == "muted" and last[0].text.endswith(" waiting"):
        return (*target[:-1], last[0]._replace(text=last[0].text.removesuffix(" waiting")))
    return target


def mode_cell(entry: Entry) -> Cell:
    """`r-` `-w` `rw` `--`, what is off is faint."""
    mode = mode_of(entry)
    if mode is None or isinstance(entry.fd, str):
        return BLANK
    read, write = _MODES[mode]
    return (
        Span("r") if read else Span("-", "faint"),
        Span("w") if write else Span("-", "faint"),
    )


def part_cell(row: DescriptorRow) -> Cell:
    """How much of a file was read: `43%`; blank for what only grows as it is written."""
    if row.pos is None or not row.size or not row.entry.access & _READ:
        return BLANK
    if not 0 < row.pos <= row.size:
        return BLANK
    return Span(units.percent(row.pos, row.size) + "%", "muted" if row.pos == row.size else "text")


def flags_cell(entry: Entry) -> Cell:
    """`ancds`, `·` for off."""
    if entry.info is None:
        return BLANK
    flags = entry.info.flags
    return tuple(Span(c) if flags & bit else Span("·", "faint") for c, bit in _FLAGS)


def target_cell(row: DescriptorRow) -> Spans:
    """What it is open on: the kind's own words, or why nothing is known."""
    entry = row.entry
    if entry.error is not None and not entry.link:
        return (Span(str(entry.error), "danger"),)
    parts: list[Span] = []
    for span in row.kind.target(entry, row.info):
        # Only what comes from a stranger can hold anything but plain text.
        if span.text.isascii() and span.text.isprintable():
            parts.append(span)
        else:
            parts.extend(shown(span.text, span.role, cut=span.cut))
    marked = any("(deleted)" in span.text and span.role == "attention" for span in parts)
    if entry.deleted and not marked and entry.stat and entry.stat.dev not in internal_devices():
        parts.append(Span(" (deleted)", "attention", "never"))  # memfds never had a name to lose
    return tuple(parts)
