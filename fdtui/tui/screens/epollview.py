"""Epoll: what is watched, for what, and what of it is ready; the ghosts first of all."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import ClassVar, cast

from textual.app import ComposeResult

from fdtui.acquire.base import Target
from fdtui.keeper.api import Acquired
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.render import units
from fdtui.render.panefacts import with_note
from fdtui.render.spans import Span, Spans
from fdtui.tui.app import FdtuiApp
from fdtui.tui.screens.epollrows import COLUMNS, SORTS, Watch, WatchRows, described, watches_of
from fdtui.tui.screens.loanplace import LoanPlace
from fdtui.tui.screens.place import Keys
from fdtui.tui.screens.statelines import descriptor_facts
from fdtui.tui.screens.tableplace import TablePlace
from fdtui.tui.screens.viewed import ViewScreen
from fdtui.tui.widgets.bars import InfoLine
from fdtui.tui.widgets.fit import as_spans
from fdtui.tui.widgets.linetable import LineTable
from fdtui.tui.widgets.pane import DetailPane, Details, Fact, WithPane

_GLANCED = 500  # watched descriptors looked at each second
_HOW = "from fdinfo and kcmp KCMP_EPOLL_TFD; borrowed for a few µs per look"
_GHOST = "closed without taking it out of this epoll, and its file lives on elsewhere"


class EpollView(ViewScreen, TablePlace):
    """The interest list as a table; enter goes to the descriptor."""

    columns = COLUMNS
    sortable: ClassVar[Sequence[str]] = tuple(SORTS)

    def __init__(self, app: FdtuiApp, acquired: Acquired, of: LoanPlace | None = None) -> None:
        super().__init__(app, acquired, of)
        self.sort, self.descending, self.filter_text = "fd", False, ""
        self._seen: dict[int, tuple[Entry, Info]] = {}
        self._rows = WatchRows((), self.sort, False, ())

    def body(self) -> ComposeResult:
        yield from self.filter_widgets()
        yield WithPane(LineTable(self.columns, id="table"), pane=DetailPane(id="pane"))
        yield InfoLine(id="info")

    def on_mount(self) -> None:
        """What was acquired is the first look."""
        self.table.set_empty((Span("It watches nothing"),))
        self.rebuild()

    # Looking

    def ask(self) -> Future[object] | None:
        return cast("Future[object]", self.fdtui.keeper.state(self.acquired.id))

    def took(self, answer: object) -> bool:
        self.entry, self.info = cast("tuple[Entry, Info]", answer)
        self.rebuild()
        target = self.acquired.target
        numbers = list(dict.fromkeys(watch.number for watch in watches_of(self.info, {})))
        targets = [Target(target.pid, target.start_time, number) for number in numbers[:_GLANCED]]
        if targets:
            self.fdtui.when(
                self.fdtui.keeper.glance(targets),
                lambda seen: self._glanced(targets, seen),
                lambda _: None,
            )
        return True

    def _glanced(
        self, targets: Sequence[Target], seen: Sequence[tuple[Entry, Info] | None]
    ) -> None:
        if self.is_attached:
            self._seen = {t.fd: got for t, got in zip(targets, seen, strict=True) if got}
            self.rebuild()
            self.show_bars()

    def rebuild(self) -> None:
        watches = watches_of(self.info, self._seen)
        words = self.filter_text.lower().split()
        self._rows = WatchRows(watches, self.sort, self.descending, words)
        self.table.set_source(self._rows)
        self._show_pane()

    # Words

    def subject(self) -> Spans | None:
        watches = watches_of(self.info, self._seen)
        ready = sum(bool(watch.ready) for watch in watches)
        ghosts = sum(watch.ghost for watch in watches)
        words: Spans = (Span(f"{len(watches)} watched, {ready} ready", "muted"),)
        if ghosts:
            words += (Span("  "), Span(units.plural(ghosts, "ghost"), "attention"))
        return words

    def draw_info(self) -> None:
        words: Spans = (Span("decoded", "strong"), Span(f"  {_HOW}", "muted"))
        self.info_line().show(self.trouble_words() or words)

    def filter_note(self) -> Spans:
        return (Span(units.plural(len(self._rows), "watch", "watches"), "muted"),)

    def view_keys(self) -> Keys:
        freeze = ("space", "thaw" if self.fdtui.frozen_at is not None else "freeze")
        return (
            [("enter", "go to it"), ("/", "filter"), ("< >", "sort")],
            [("x", "act"), ("y", "yank")],
            [freeze],
        )

    def _current(self) -> Watch | None:
        return self._rows.watch(self.table.rows.cursor) if len(self._rows) else None

    def on_line_table_highlighted(self, _: LineTable.Highlighted) -> None:
        """Another row: its details."""
        self._show_pane()

    def _show_pane(self) -> None:
        watch, pane = self._current(), self.query_one("#pane", DetailPane)
        if watch is None:
            pane.show(Details())
            return
        kind, subject = described(watch)
        pane.show(
            Details(
                title=(Span(f"fd {watch.number}", "strong"), Span("  "), Span(kind, "muted")),
                subject=as_spans(subject),
                hint=() if watch.ghost else (Span("enter", "key"), Span(" goes to it", "muted")),
                left=self._facts(watch),
                right=() if watch.ghost else self._epoll_facts(),
            )
        )

    def _facts(self, watch: Watch) -> list[Fact]:
        if watch.ghost:
            comm = self.acquired.comm
            return [
                Fact("state", (Span("ghost", "attention"), Span(f"  {_GHOST}"))),
                Fact("effect", (Span(f"epoll_wait goes on reporting fd {watch.number}"),)),
                Fact("", (Span(f"{comm} can no longer remove it (EBADF)"),)),
            ]
        facts = [Fact("watched", (Span(" ".join(watch.events).lower() or "nothing"),))]
        row = watch.row
        if row is not None:
            own = row.kind.details(row.entry, row.info)
            facts += [Fact(fact.key, with_note(fact)) for fact in own]
        return facts

    def _epoll_facts(self) -> list[Fact]:
        own = self.kind.details(self.entry, self.info)[:1]
        facts = [Fact(f"epoll {fact.key}", with_note(fact)) for fact in own]
        return [*facts, *(Fact(f.key, with_note(f)) for f in descriptor_facts(self.entry))]

    # Going

    def on_line_table_opened(self, _: LineTable.Opened) -> None:
        """Go to the descriptor in the table of its process."""
        watch = self._current()
        if watch is None:
            return
        if watch.ghost:
            self.show_result(f"fd {watch.number} is closed: nothing to go to")
        else:
            self.fdtui.open_process(self.acquired.target.pid, watch.number, look=False)
