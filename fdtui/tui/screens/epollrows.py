"""What an epoll watches, as rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple, cast

from fdtui.kinds import BY_NAME, classify
from fdtui.linux.json_types import Info, Json
from fdtui.linux.procfs import Entry
from fdtui.render.ready import ready
from fdtui.render.spans import BLANK, Cell, Span
from fdtui.survey.descriptors import DescriptorRow
from fdtui.tui.screens.descriptorrows import target_cell, target_in
from fdtui.tui.widgets.columns import ATTENTION, PLAIN, Column, Placed, RowState

COLUMNS = (
    Column("fd", "FD", (4, 4, 4), right=True),
    Column("kind", "KIND", (10, 10, 10)),
    Column("events", "WATCHED FOR", (12, 12, 16)),
    Column("ready", "READY", (7, 7, 7), drop_below=64),
    Column("target", "TARGET", flexible=True),
    Column("data", "DATA", (0, 18, 18), right=True, drop_below=100),
)


class Watch(NamedTuple):
    """One line of the interest list; `entry` None while nobody looked at the descriptor."""

    tfd: Info
    place: int  # among those of the same number
    entry: Entry | None = None
    info: Info = {}  # noqa: RUF012  never changed

    @property
    def number(self) -> int:
        """The number it was added under."""
        return cast(int, self.tfd["tfd"])

    @property
    def key(self) -> tuple[int, int]:
        """A number may be watched twice: once for a file that is closed by now."""
        return self.number, self.place

    @property
    def ghost(self) -> bool:
        """The number is no longer the file that is watched."""
        return self.tfd.get("ghost") is True

    @property
    def events(self) -> list[str]:
        """What it is watched for."""
        return [str(event) for event in cast("Sequence[Json]", self.tfd.get("events", ()))]

    @property
    def row(self) -> DescriptorRow | None:
        """The descriptor as the Descriptors place has it."""
        if self.entry is None or self.ghost:
            return None
        return DescriptorRow(self.entry, classify(self.entry), self.info)

    @property
    def ready(self) -> list[str]:
        """What the target could be told now, as far as facts tell."""
        row = self.row
        return ready(row.kind.name, self.info, self.events) if row else []


def watches_of(info: Info, seen: Mapping[int, tuple[Entry, Info]]) -> list[Watch]:
    """The interest list with what is known of each descriptor."""
    counts: dict[int, int] = {}
    found = []
    for tfd in cast("Sequence[Info]", info.get("tfds") or ()):
        number = cast(int, tfd["tfd"])
        place = counts[number] = counts.get(number, -1) + 1
        found.append(Watch(tfd, place, *seen.get(number, (None, {}))))
    return found


SORTS: dict[str, Callable[[Watch], object]] = {
    "fd": lambda watch: watch.key,
    "kind": lambda watch: (watch.row.kind.name if watch.row else "", watch.key),
    "events": lambda watch: (watch.events, watch.key),
    "ready": lambda watch: (not watch.ready, watch.ready, watch.key),
    "data": lambda watch: (str(watch.tfd.get("data")), watch.key),
}


class WatchRows:
    """Watches in order."""

    def __init__(
        self, watches: Sequence[Watch], sort: str, descending: bool, words: Sequence[str]
    ) -> None:
        found = [one for one in watches if all(word in _text(one) for word in words)]
        found.sort(key=SORTS[sort], reverse=descending)  # type: ignore[arg-type]  # each comparable to itself
        self._watches = found
        self._index = {watch.key: index for index, watch in enumerate(found)}

    def __len__(self) -> int:
        return len(self._watches)

    def watch(self, index: int) -> Watch:
        """The watch in that row."""
        return self._watches[index]

    def key(self, index: int) -> Hashable:
        """Its number and place."""
        return self._watches[index].key

    def index(self, key: Hashable) -> int | None:
        """Where it is now."""
        return self._index.get(cast("tuple[int, int]", key))

    def state(self, index: int) -> RowState:
        """A ghost calls for attention."""
        return ATTENTION if self._watches[index].ghost else PLAIN

    def cells(self, index: int, columns: Sequence[Placed]) -> Sequence[Cell]:
        """One cell for each column."""
        return [_cell(self._watches[index], placed.key, placed.width) for placed in columns]


def _text(watch: Watch) -> str:
    row = watch.row
    target = "".join(span.text for span in target_cell(row)) if row else ""
    kind = row.kind.name if row else ""
    return f"{watch.number} {kind} {' '.join(watch.events)} {target}".lower()


def _cell(watch: Watch, key: str, width: int) -> Cell:
    row = watch.row
    match key:
        case "fd":
            return Span(str(watch.number), "strong")
        case "kind":
            if row is None:
                return Span("?", "muted")
            return (Span(row.kind.family.glyph, "muted"), Span(f" {row.kind.label}"))
        case "events":
            return Span(" ".join(watch.events).lower() or "nothing")
        case "ready":
            return Span(" ".join(watch.ready), "strong")
        case "data":
            return Span(str(watch.tfd.get("data", "")), "muted")
        case _:
            if watch.ghost:
                return Span("closed here, still open elsewhere", "attention")
            return target_in(row, width) if row else BLANK


def described(watch: Watch) -> tuple[str, Cell]:
    """The kind's name and what it is open on, for the pane."""
    row = watch.row
    if row is None:
        return "?", BLANK
    return BY_NAME[row.kind.name].name, target_cell(row)
