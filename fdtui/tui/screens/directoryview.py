"""Directory: its entries, listed through a description of our own, so that no offset moves."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from typing import ClassVar, cast

from textual.app import ComposeResult

from fdtui.keeper.api import Acquired, DirEntry
from fdtui.render import units
from fdtui.render.spans import Cell, Span, Spans, shown
from fdtui.tui.app import FdtuiApp
from fdtui.tui.screens.loanplace import LoanPlace
from fdtui.tui.screens.place import Keys
from fdtui.tui.screens.tableplace import TablePlace
from fdtui.tui.screens.viewed import ViewScreen
from fdtui.tui.screens.yank import Choice
from fdtui.tui.widgets.bars import InfoLine
from fdtui.tui.widgets.columns import PLAIN, Column, Placed, RowState
from fdtui.tui.widgets.linetable import LineTable

COLUMNS = (
    Column("type", "", (1, 1, 1)),
    Column("name", "NAME", flexible=True),
    Column("ino", "INO", (12, 12, 12), right=True),
)
_SORTS: dict[str, Callable[[DirEntry], object]] = {
    "type": lambda entry: (entry.type != "/", entry.type, entry.name),
    "name": lambda entry: entry.name,
    "ino": lambda entry: entry.ino,
}


class EntryRows:
    """Names of a directory, sorted and filtered."""

    def __init__(
        self, entries: Sequence[DirEntry], sort: str, descending: bool, words: Sequence[str]
    ) -> None:
        found = [one for one in entries if all(word in one.name.lower() for word in words)]
        found.sort(key=_SORTS[sort], reverse=descending)  # type: ignore[arg-type]  # each comparable to itself
        self._entries = found
        self._index = {entry.name: index for index, entry in enumerate(found)}

    def __len__(self) -> int:
        return len(self._entries)

    def entry(self, index: int) -> DirEntry:
        """The entry in that row."""
        return self._entries[index]

    def key(self, index: int) -> Hashable:
        """Its name."""
        return self._entries[index].name

    def index(self, key: Hashable) -> int | None:
        """Where that name is now."""
        return self._index.get(cast(str, key))

    def state(self, index: int) -> RowState:
        """Nothing to say."""
        return PLAIN

    def cells(self, index: int, columns: Sequence[Placed]) -> Sequence[Cell]:
        """Type, name, inode."""
        entry = self._entries[index]
        cells: dict[str, Cell] = {
            "type": Span(entry.type, "muted"),
            "name": shown(entry.name, "strong" if entry.type == "/" else "text"),
            "ino": Span(str(entry.ino), "muted"),
        }
        return [cells[placed.key] for placed in columns]


class DirectoryView(ViewScreen, TablePlace):
    """A table of names; `/` filters it."""

    period = 2.0
    columns = COLUMNS
    sortable: ClassVar[Sequence[str]] = tuple(_SORTS)

    def __init__(self, app: FdtuiApp, acquired: Acquired, of: LoanPlace | None = None) -> None:
        super().__init__(app, acquired, of)
        self.sort, self.descending, self.filter_text = "type", False, ""
        self._entries: Sequence[DirEntry] = ()
        self._rows = EntryRows((), self.sort, False, ())
        self._listed = False

    def body(self) -> ComposeResult:
        yield from self.filter_widgets()
        yield LineTable(self.columns, id="table")
        yield InfoLine(id="info")

    def ask(self) -> Future[object] | None:
        return cast("Future[object]", self.fdtui.keeper.entries(self.acquired.id))

    def took(self, answer: object) -> bool:
        entries = cast("list[DirEntry]", answer)
        if self._listed and entries == self._entries:
            return False
        self._entries, self._listed = entries, True
        self.rebuild()
        return True

    def rebuild(self) -> None:
        words = self.filter_text.lower().split()
        self._rows = EntryRows(self._entries, self.sort, self.descending, words)
        if self.filter_text:
            no = f'No name matches "{self.filter_text}".'
            self.table.set_empty(
                (*shown(no), Span("  esc clears the filter", "muted")),
            )
        elif self._listed:
            self.table.set_empty((Span("The directory is empty"),))
        self.table.set_source(self._rows)

    def filter_note(self) -> Spans:
        return (Span(units.plural(len(self._rows), "name"), "muted"),)

    def draw_info(self) -> None:
        count = units.plural(len(self._entries), "entry", "entries")
        how = "listed by a description of our own, the target's offset stays"
        words: Spans = (Span(count, "strong"), Span("  " + how, "muted"))
        self.info_line().show(self.trouble_words() or words)

    def view_keys(self) -> Keys:
        freeze = ("space", "thaw" if self.fdtui.frozen_at is not None else "freeze")
        return (
            [("/", "filter"), ("< >", "sort"), ("r", "reverse")],
            [("x", "act"), ("y", "yank")],
            [freeze],
        )

    def yank_choices(self) -> list[Choice]:
        if not len(self._rows):
            return []
        name = self._rows.entry(self.table.rows.cursor).name
        folder = self.entry.link.rstrip("/")
        return [Choice("n", "name", name), Choice("f", "full path", f"{folder}/{name}")]
