"""Rows and group heads of the Machine place, made into cells when painted."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from fdtui.acquire.base import Target
from fdtui.kinds import BY_NAME
from fdtui.linux.users import user_name
from fdtui.render import units
from fdtui.render.objects import as_object
from fdtui.render.spans import BLANK, Cell, Cut, Span, shown
from fdtui.survey.descriptors import DescriptorRow
from fdtui.survey.facts import Facts
from fdtui.survey.machine import Group, MachineView, completed, key_of, kind_of
from fdtui.tui.screens.descriptorrows import flags_cell, mode_cell, target_cell
from fdtui.tui.screens.taking import Selected
from fdtui.tui.widgets.columns import CLOSED, ERROR, HELD, NEW, PLAIN, Column, Placed, RowState

# What `c` can add: the survey's names for them, and what a cell says.
EXTRA = {
    "flags": "status flags",
    "pos": "offset",
    "blocks": "bytes on disk",
    "dev": "device",
    "ino": "inode",
    "container": "container or unit",
    "state": "state of a socket",
}


# Heads of the groups' own words; kinds stand in the column that they have anyway.
_TITLES = {"file": "FILE", "process": "PROCESS", "user": "USER"}
_PROCESSES = "PROCESSES"


def columns(chosen: frozenset[str], grouping: str = "") -> tuple[Column, ...]:
    """The columns, with those that were chosen; those of groups have heads of their own."""
    extra = {
        "flags": Column("flags", "FLAGS", (5, 5, 5), gap=1),
        "pos": Column("pos", "POS", (6, 6, 6), right=True, gap=1),
        "blocks": Column("blocks", "BLOCKS", (6, 6, 6), right=True, gap=1),
        "dev": Column("dev", "DEV", (6, 6, 6), right=True),
        "ino": Column("ino", "INO", (9, 9, 9), right=True, gap=1),
        "container": Column("container", "CONTAINER", (14, 14, 20)),
        "state": Column("state", "STATE", (11, 11, 11)),
    }
    return (
        Column("pid", "FDS" if grouping else "PID", (7, 7, 7), right=True),
        Column("user", "" if grouping else "USER", (0, 0, 8)),
        Column("name", _PROCESSES if grouping else "NAME", (13, 13, 15)),
        Column("fd", "FD", (4, 4, 4), right=True, gap=1),
        Column("kind", "KIND", (10, 10, 10)),
        Column("mode", "MODE", (0, 4, 4), gap=1),
        Column("size", "SIZE", (6, 6, 6), right=True, gap=1),
        Column("shared", "SHARED", (0, 6, 6), right=True, drop_below=110),
        Column("peer", "PEER", (0, 20, 20), drop_below=120),
        *(extra[name] for name in EXTRA if name in chosen),
        Column("target", _TITLES.get(grouping, "TARGET"), flexible=True),
    )


def as_row(facts: Facts) -> DescriptorRow:
    """The row as the Descriptors place has it; decoded facts come from the background alone.

    Those of a terminal, for one, are a look at every process.
    """
    return DescriptorRow(facts.record.entry, kind_of(facts), facts.info)


def selected_of(facts: Facts) -> Selected:
    """What the keys act on in that row."""
    if not facts.kind:
        facts = completed(facts)
    owner, record, row = facts.owner, facts.record, as_row(facts)
    fd = facts.special or record.fd
    target = Target(owner.pid, owner.start_time, record.fd) if record.fd >= 0 else None
    json_row = as_object(
        row.entry._replace(fd=fd),
        start_time=owner.start_time,
        comm=owner.comm,
        uid=owner.uid,
        kind=row.kind,
        info=row.info,
    )
    return Selected(owner.pid, fd, owner.comm, record.link, target, facts.peers or (), json_row)


class MachineRows:
    """One view of the machine."""

    def __init__(self, view: MachineView, held: frozenset[tuple[int, int]] = frozenset()) -> None:
        self._lines = view.lines
        self._grouping = view.question.grouping
        self._held = held
        self._new, self._closed = view.new, view.closed

    def __len__(self) -> int:
        return len(self._lines)

    def line(self, index: int) -> Facts | Group:
        """The row or group head there."""
        return self._lines[index]

    def key(self, index: int) -> Hashable:
        """What the line is, whatever its place."""
        line = self._lines[index]
        return line.key if isinstance(line, Group) else key_of(line)

    def index(self, key: Hashable) -> int | None:
        """Where that line is now (8 ms for 100,000: a dict of them takes 15 times as long)."""
        if isinstance(key, str):
            heads = (i for i, one in enumerate(self._lines) if isinstance(one, Group))
            return next((i for i in heads if self.key(i) == key), None)
        assert isinstance(key, tuple)
        pid, _, fd = key
        for index, line in enumerate(self._lines):
            if isinstance(line, Group):
                continue
            record = line.record
            if record.fd == fd and record.pid == pid and key_of(line) == key:
                return index
        return None

    def state(self, index: int) -> RowState:
        """Closed, failed, new or held."""
        line = self._lines[index]
        if isinstance(line, Group):
            return PLAIN
        key = key_of(line)
        if key in self._closed:
            return CLOSED
        if line.record.error is not None:
            return ERROR
        if key in self._new:
            return NEW
        return HELD if (line.owner.pid, line.record.fd) in self._held else PLAIN

    def cells(self, index: int, columns: Sequence[Placed]) -> Sequence[Cell]:
        """One cell for each column."""
        line = self._lines[index]
        if isinstance(line, Group):
            return [_group_cell(line, placed.key, self._grouping) for placed in columns]
        row = as_row(line)
        return [_cell(line, row, placed.key) for placed in columns]


def _group_cell(group: Group, key: str, grouping: str) -> Cell:
    match key:
        case "pid":
            return Span(units.count(group.rows), "strong")
        case "name":
            return Span(f"{units.count(group.processes):>{len(_PROCESSES)}}", "muted")
        case "kind" if grouping == "kind":
            kind = BY_NAME[group.title]
            return (Span(kind.family.glyph, "muted"), Span(f" {kind.label}", "strong"))
        case "size":
            return Span(units.size_cell(group.size), "strong") if group.size else BLANK
        case "target" if grouping != "kind":
            cut: Cut = "path" if group.title.startswith("/") else "end"
            return shown(group.title or "no name", "strong", cut=cut)
        case _:
            return BLANK


def _cell(facts: Facts, row: DescriptorRow, key: str) -> Cell:
    record, entry = facts.record, row.entry
    match key:
        case "pid":
            return Span(str(facts.owner.pid))
        case "user":
            return shown(user_name(facts.owner.uid), "muted")
        case "name":
            return shown(facts.owner.comm, "strong")
        case "fd":
            return Span(facts.special or str(record.fd), "strong")
        case "kind":
            return (Span(row.kind.family.glyph, "muted"), Span(f" {row.kind.label}"))
        case "mode":
            return mode_cell(entry)
        case "size":
            return BLANK if row.size is None else Span(units.size_cell(row.size))
        case "shared":
            return Span(f"×{facts.shared}") if facts.shared and facts.shared > 1 else BLANK
        case "peer":
            return _peer(facts)
        case "flags":
            return flags_cell(entry)
        case "pos":
            return BLANK if row.pos is None else Span(units.size_cell(row.pos))
        case "blocks":
            return Span(units.size_cell(512 * record.blocks)) if record.blocks >= 0 else BLANK
        case "dev":
            stat = entry.stat
            return Span(f"{stat.dev_major}:{stat.dev_minor}") if stat else BLANK
        case "ino":
            return Span(str(record.ino)) if record.ino >= 0 else BLANK
        case "container":
            return shown(facts.container, "muted")
        case "state":
            return shown(str(row.info.get("state") or ""))
        case _:
            return target_cell(row)


def _peer(facts: Facts) -> Cell:
    if not facts.peers:
        return BLANK
    first = facts.peers[0]
    more = f" +{len(facts.peers) - 1}" if len(facts.peers) > 1 else ""
    return (*shown(first.comm), Span(f" {first.pid}:{first.fd}{more}", "muted", "never"))
