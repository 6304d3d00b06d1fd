"""Deleted but open: the files that df counts and du misses, by what they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from fdtui.acquire.base import Target
from fdtui.linux.record import Owner
from fdtui.render import units
from fdtui.render.objects import as_object
from fdtui.render.safe import safe
from fdtui.render.spans import Span, Spans, shown
from fdtui.survey.deleted import Accounting, DeletedFile, FileSystem
from fdtui.survey.descriptors import row_of
from fdtui.tui.poller import Cancelled
from fdtui.tui.screens.deletedrows import (
    FILE_SYSTEMS,
    FILES,
    SORTS,
    FileRows,
    FileSystemRows,
    device_words,
    writer_of,
)
from fdtui.tui.screens.place import Keys
from fdtui.tui.screens.taking import Selected, TakingPlace
from fdtui.tui.widgets.columns import NARROW, WIDE
from fdtui.tui.widgets.linetable import LineTable
from fdtui.tui.widgets.pane import DetailPane, Details, Fact, Line, Member, WithPane

_TALL = 36  # rows of a screen with room for file systems that nothing is the matter with
_MOST_SYSTEMS = 6  # lines of file systems; the rest scrolls


class DeletedView(NamedTuple):
    """One look: the accounting and the processes it names."""

    accounting: Accounting
    owners: Mapping[int, Owner]
    hidden: int


class Deleted(TakingPlace):
    """A preset of the Machine place."""

    place = "2"
    drilled = True
    columns = FILES
    sortable = tuple(SORTS)
    descending_first = frozenset(key for key, (_, descending) in SORTS.items() if descending)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("D", "back", "back", id="deleted.back", show=False),
    ]

    def __init__(self) -> None:
        super().__init__("blocks")
        self._view = DeletedView(Accounting((), (), 0, 0), {}, 0)
        self._rows = FileRows((), {})
        self._seen_once = False

    def body(self) -> ComposeResult:
        yield from self.filter_widgets()
        systems = LineTable(FILE_SYSTEMS, id="systems")
        systems.shows_cursor = systems.can_focus = False
        yield systems
        pane = DetailPane(split=76, id="pane")
        yield WithPane(LineTable(self.columns, id="table"), pane=pane)

    # Looking

    def look(self, cancelled: Cancelled) -> object:
        table = self.fdtui.machine.table
        for _ in table.sweep(cancelled):
            if cancelled():
                break
        accounting = self.fdtui.machine.account(table.records())
        owners = table.owners()
        hidden = sum(owner.error is not None for owner in owners.values())
        return DeletedView(accounting, owners, hidden)

    def seen(self, result: object) -> None:
        assert isinstance(result, DeletedView)
        self._view = result
        self._seen_once = True
        self.rebuild()
        self.show_bars()

    def rebuild(self) -> None:
        view = self._view
        held = frozenset(
            (hold.acquired.target.pid, hold.acquired.target.fd) for hold in self.fdtui.holds
        )
        self._rows = FileRows(
            view.accounting.files,
            view.owners,
            sort=self.sort,
            descending=self.descending,
            words=self.filter_text.lower().split(),
            held=held,
        )
        systems = self.query_one("#systems", LineTable)
        lines = self._systems()
        systems.set_source(FileSystemRows(lines, self.app.size.width))
        systems.styles.height = min(len(lines), _MOST_SYSTEMS) + 2
        self._say_why_empty()
        self.table.set_source(self._rows)
        self._show_pane()

    def holds_changed(self) -> None:
        self.rebuild()

    def _systems(self) -> Sequence[FileSystem]:
        """On low screens only those where something is deleted: the files need the rows."""
        every = self._view.accounting.filesystems
        if self.app.size.height >= _TALL:
            return every
        return [one for one in every if one.deleted] or every[:1]

    def _say_why_empty(self) -> None:
        if self.filter_text:
            text = safe(self.filter_text)
            self.table.set_empty(
                (Span(f'No deleted file matches "{text}".'), Span("  esc clears it", "muted"))
            )
        elif self._seen_once:
            hidden = self._view.hidden
            seen = len(self._view.owners) - hidden
            where = f" in the {seen:,} processes that can be seen into" if hidden else ""
            self.table.set_empty((Span(f"Nothing deleted is held open{where}: df and du agree"),))

    # Words

    def crumbs(self) -> tuple[list[str], str]:
        accounting = self._view.accounting
        counts = f"{units.plural(len(accounting.files), 'file')}, "
        counts += units.plural(accounting.descriptors, "descriptor")
        return ["Machine", "deleted but open"], counts

    def short_counts(self) -> str:
        return units.size_words(self._view.accounting.deleted)

    def keys(self) -> tuple[Keys, Sequence[tuple[str, str]]]:
        take = [("enter", "look"), ("s", "steal"), ("d", "dump")]
        act = [("t", "truncate and rewind" if self.app.size.width >= NARROW else "truncate")]
        table = [("/", "filter"), ("< >", "sort")]
        keys: Keys = (take, [*act, ("x", "act")], table, [("space", "freeze"), ("y", "yank")])
        return keys, (("?", "keys"), ("esc", "back"))

    def filter_note(self) -> Spans:
        return (Span("sorted by blocks held, one file counted once", "muted"),)

    def on_line_table_highlighted(self, message: LineTable.Highlighted) -> None:
        """Another file: who holds it."""
        if message.table is self.table:
            self._show_pane()

    def _file(self) -> DeletedFile | None:
        return self._rows.file(self.table.rows.cursor) if len(self._rows) else None

    def _show_pane(self) -> None:
        file = self._file()
        pane = self.query_one("#pane", DetailPane)
        if file is None:
            pane.show(Details())
            return
        first = writer_of(file)
        who = f"{safe(self._rows.comm(first.pid))} {first.pid} fd {first.fd}"
        many = units.plural(len(file.holders), "descriptor")
        narrow = self.app.size.width < NARROW
        these = "this descriptor is" if len(file.holders) == 1 else f"these {many} are"
        frees = (
            "on close, or by truncating"
            if narrow or self.app.size.width >= WIDE  # a pane at the side is narrow too
            else f"when {these} closed, or at once by truncating"
        )
        blocks = (
            f"size {file.size:,}"
            if narrow
            else f"{file.blocks // 512:,} of 512 bytes, size {file.size:,}"
        )
        words = ("", " ino ", "") if narrow else ("dev ", "  ino ", "  0 links")
        facts: list[Line] = [
            Fact(
                "blocks",
                (Span(units.size_words(file.blocks), "strong"), Span(f"  {blocks}", "muted")),
            ),
            Fact("frees", (Span(frees),)),
            Fact(
                "file",
                (
                    Span(words[0], "muted"),
                    Span(device_words(file.dev)),
                    Span(words[1], "muted"),
                    Span(str(file.ino)),
                    Span(words[2], "muted"),
                ),
            ),
        ]
        right: list[Line] = [Fact("held by", (Span(many),))]
        right += [
            Member(safe(self._rows.comm(one.pid)), str(one.pid), str(one.fd))
            for one in file.holders[:40]
        ]
        pane.show(
            Details(
                title=(Span(who, "strong"), Span("" if narrow else "  regular", "muted")),
                subject=shown(file.path, cut="path"),
                hint=(
                    Span("enter", "key"),
                    Span(" looks" if narrow else " looks by pidfd_getfd", "muted"),
                ),
                left=facts,
                right=right,
            )
        )

    # Doing

    def selected(self) -> Selected | None:
        file = self._file()
        if file is None:
            return None
        record = writer_of(file)
        owner = self._view.owners.get(record.pid)
        if owner is None:
            return None
        row = row_of(record.entry)
        target = Target(owner.pid, owner.start_time, record.fd)
        json_row = as_object(
            row.entry,
            start_time=owner.start_time,
            comm=owner.comm,
            uid=owner.uid,
            kind=row.kind,
            info=row.info,
        )
        return Selected(owner.pid, record.fd, owner.comm, record.link, target, (), json_row)

    def on_line_table_opened(self, _: LineTable.Opened) -> None:
        """Look into it."""
        self.action_look()
