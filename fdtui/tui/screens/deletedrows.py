"""File systems with what deleted files hold on them, and those files, as rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Mapping, Sequence

from fdtui.linux.record import Owner, Record
from fdtui.linux.users import user_name
from fdtui.render import units
from fdtui.render.spans import BLANK, Cell, Span, Spans, shown
from fdtui.survey.deleted import DeletedFile, FileSystem
from fdtui.survey.descriptors import row_of
from fdtui.tui.screens.descriptorrows import mode_cell
from fdtui.tui.widgets.columns import HELD, PLAIN, Column, Placed, RowState

FULL = 90  # per cent used: worth attention when deleted files are part of it
FILE_SYSTEMS = (
    Column("mount", "MOUNT", (14, 16, 24)),
    Column("type", "TYPE", (0, 8, 8)),
    Column("size", "SIZE", (6, 6, 6), right=True),
    Column("used", "DF USED", (7, 7, 7), right=True),
    Column("du", "DU SEES", (7, 7, 7), right=True),
    Column("deleted", "DELETED", (7, 7, 7), right=True),
    Column("percent", "USED", (4, 4, 4), right=True),
    Column(
        "bar",
        "━ du sees  ■ deleted but open  · free",
        flexible=True,
        short_title="━ du sees ■ deleted",
    ),
)
FILES = (
    Column("blocks", "BLOCKS", (6, 6, 6), right=True),
    Column("fds", "FDS", (4, 4, 4), right=True, gap=1),
    Column("pid", "PID", (7, 7, 7), right=True),
    Column("user", "USER", (0, 8, 8), drop_below=100),
    Column("name", "NAME", (13, 15, 15)),
    Column("fd", "FD", (4, 4, 4), right=True, gap=1),
    Column("mode", "MODE", (0, 4, 4), drop_below=100),
    Column("size", "SIZE", (0, 6, 6), right=True, gap=1, drop_below=100),
    Column("target", "TARGET", flexible=True),
)


def writer_of(file: DeletedFile) -> Record:
    """Return the first descriptor of it that may truncate it, else the first."""
    return next((one for one in file.holders if one.access & 2), file.holders[0])


SORTS: dict[str, tuple[Callable[[DeletedFile], object], bool]] = {
    "blocks": (lambda file: file.blocks, True),
    "fds": (lambda file: len(file.holders), True),
    "pid": (lambda file: writer_of(file).pid, False),
    "size": (lambda file: file.size, True),
    "target": (lambda file: file.path, False),
}


class FileSystemRows:
    """One line for each file system, most deleted first."""

    def __init__(self, systems: Sequence[FileSystem], width: int) -> None:
        self._systems = systems
        self._width = width

    def __len__(self) -> int:
        return len(self._systems)

    def key(self, index: int) -> Hashable:
        """The device."""
        return self._systems[index].key

    def index(self, key: Hashable) -> int | None:
        """Where that device is now."""
        return next((i for i, one in enumerate(self._systems) if one.key == key), None)

    def state(self, index: int) -> RowState:
        """Nothing to mark: the numbers speak."""
        return PLAIN

    def cells(self, index: int, columns: Sequence[Placed]) -> Sequence[Cell]:
        """One cell for each column."""
        system = self._systems[index]
        return [self._cell(system, placed) for placed in columns]

    def _cell(self, system: FileSystem, placed: Placed) -> Cell:
        usage = system.usage
        tight = usage is not None and usage.percent >= FULL and system.deleted > 0
        match placed.key:
            case "mount":
                name = shown(system.point or "?", "strong", cut="path")
                return name if system.ours else (*name, Span(" elsewhere", "muted"))
            case "type":
                return shown(system.type, "muted")
            case "deleted":
                text = units.size_cell(system.deleted)
                return Span(text, "attention" if tight else "text" if system.deleted else "muted")
            case "bar":
                if usage is None:
                    return shown(system.why, "attention")
                return self._bar(system, placed.width, tight)
        if usage is None:
            return BLANK
        match placed.key:
            case "size":
                return Span(units.size_cell(usage.size))
            case "used":
                return Span(units.size_cell(usage.used))
            case "du":
                return Span(units.size_cell(system.du_sees or 0))
            case _:
                return Span(f"{usage.percent}%", "attention" if tight else "text")

    def _bar(self, system: FileSystem, width: int, tight: bool) -> Spans:
        usage = system.usage
        assert usage is not None
        text = units.stacked(
            [(float(system.du_sees or 0), "━"), (float(system.deleted), "■")],
            float(usage.size),
            width,
        )
        seen, deleted = text.count("━"), text.count("■")
        return (
            Span("━" * seen, "muted"),
            Span("■" * deleted, "attention" if tight else "text"),
            Span("·" * (len(text) - seen - deleted), "faint"),
        )


class FileRows:
    """The files, each once, with the first that holds it."""

    def __init__(
        self,
        files: Sequence[DeletedFile],
        owners: Mapping[int, Owner],
        *,
        sort: str = "blocks",
        descending: bool = True,
        words: Sequence[str] = (),
        held: frozenset[tuple[int, int]] = frozenset(),
    ) -> None:
        self._owners = owners
        self._held = held
        kept = [file for file in files if self._has(file, words)]
        key, _ = SORTS[sort]
        kept.sort(key=key, reverse=descending)  # type: ignore[arg-type]  # each key is comparable to itself
        self._files = kept

    def _has(self, file: DeletedFile, words: Sequence[str]) -> bool:
        if not words:
            return True
        names = " ".join(self.comm(one.pid) for one in file.holders)
        text = f"{file.path} {names}".lower()
        return all(word in text for word in words)

    def comm(self, pid: int) -> str:
        """Name of a process of the sweep."""
        owner = self._owners.get(pid)
        return owner.comm if owner else "?"

    def __len__(self) -> int:
        return len(self._files)

    def file(self, index: int) -> DeletedFile:
        """The file in that row."""
        return self._files[index]

    def key(self, index: int) -> Hashable:
        """Device and inode."""
        file = self._files[index]
        return file.dev, file.ino

    def index(self, key: Hashable) -> int | None:
        """Where that file is now."""
        return next((i for i, f in enumerate(self._files) if (f.dev, f.ino) == key), None)

    def state(self, index: int) -> RowState:
        """Held by this session or not."""
        holders = self._files[index].holders
        return HELD if any((one.pid, one.fd) in self._held for one in holders) else PLAIN

    def cells(self, index: int, columns: Sequence[Placed]) -> Sequence[Cell]:
        """One cell for each column."""
        file = self._files[index]
        return [self._cell(file, placed.key) for placed in columns]

    def _cell(self, file: DeletedFile, key: str) -> Cell:
        first = writer_of(file)
        match key:
            case "blocks":
                return Span(units.size_cell(file.blocks), "strong")
            case "fds":
                return Span(units.count(len(file.holders)))
            case "pid":
                return Span(str(first.pid))
            case "user":
                owner = self._owners.get(first.pid)
                return shown(user_name(owner.uid), "muted") if owner else BLANK
            case "name":
                return shown(self.comm(first.pid), "strong")
            case "fd":
                return Span(str(first.fd), "strong")
            case "mode":
                return mode_cell(row_of(first.entry).entry)
            case "size":
                return Span(units.size_cell(file.size), "muted")
            case _:
                return shown(file.path, cut="path")


def device_words(dev: int) -> str:
    """`253:2`."""
    return f"{os.major(dev)}:{os.minor(dev)}"
