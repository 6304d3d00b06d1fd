"""Held: every descriptor this session keeps, what that costs its target, and what was done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from fdtui.errors import FdtuiError
from fdtui.keeper.api import Event, Hold
from fdtui.render import units
from fdtui.render.spans import Span, Spans
from fdtui.tui.poller import Cancelled
from fdtui.tui.screens.heldrows import HOLDS, LOG, HeldRows, LogRows
from fdtui.tui.screens.loan import about
from fdtui.tui.screens.place import Keys, PlaceScreen
from fdtui.tui.widgets.bars import RuleLine
from fdtui.tui.widgets.linetable import LineTable


class Held(PlaceScreen):
    """The place of what is kept."""

    place = "3"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("delete,backspace", "release", "release", id="held.release", show=False),
        Binding("R", "release_all", "release all", id="held.release_all", show=False),
        Binding("P", "pin", "pin", id="held.pin", show=False),
        Binding("L", "log", "session log", id="held.log", show=False),
        Binding("x", "act", "act", id="fd.act", show=False),
        Binding("d", "dump", "dump", id="fd.dump", show=False),
        Binding("exclamation_mark", "run", "run a command with it", id="fd.run", show=False),
        Binding("y", "yank", "yank", id="row.yank", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._rows = HeldRows((), 0.0)

    def body(self) -> ComposeResult:
        yield LineTable(HOLDS, row_lines=2, id="table")
        yield RuleLine(id="together")
        yield Container(id="room")
        yield RuleLine(id="session")
        log = LineTable(LOG, id="log")
        log.head_lines = 0
        log.shows_cursor = False
        yield log

    @property
    def table(self) -> LineTable:
        """The holds."""
        return self.query_one("#table", LineTable)

    def on_mount(self) -> None:
        self.query_one("#session", RuleLine).show((Span("this session", "strong"),))
        self.table.focus()
        self._draw()

    def crumbs(self) -> tuple[list[str], str]:
        return ["Held"], units.plural(len(self._rows), "descriptor")

    def keys(self) -> tuple[Keys, Sequence[tuple[str, str]]]:
        if not len(self._rows):
            return ([("L", "log")],), (("?", "keys"), ("esc", "back"))
        left: Keys = (
            [("enter", "view"), ("delete", "release"), ("R", "release all"), ("P", "pin")],
            [("x", "act"), ("d", "dump"), ("y", "yank"), ("L", "log")],
        )
        return left, (("?", "keys"), ("esc", "back"))

    def look(self, cancelled: Cancelled) -> object:
        keeper = self.fdtui.ready_keeper
        if keeper is None:
            return ()
        try:
            return keeper.held().result(1.0)
        except (TimeoutError, FdtuiError):  # the app hears of a keeper's end, and tells it
            return None

    def _say_why_empty(self) -> None:
        """What brings something here."""
        session = self.fdtui.session_id
        words: Spans = (
            Span("Nothing is held.  "),
            Span("s", "key"),
            Span(" on a descriptor takes it and keeps it", "muted"),
        )
        shell: Spans = (
            Span(f"fdtui send 3 3<>FILE --session {session}"),
            Span("  in a shell sends one here", "muted"),
        )
        self.table.set_empty(words, *([shell] if session else []))

    def seen(self, result: object) -> None:
        if isinstance(result, (list, tuple)):
            self.fdtui.holds = result
            self.fdtui.held_count = len(result)
        self._draw()
        self.show_bars()

    def heard(self, event: Event) -> None:
        """Something came or went: its row at once, not with the next look."""
        self.fdtui.poller.poke()

    def _draw(self) -> None:
        holds = self.fdtui.holds
        self._rows = HeldRows(holds, self.fdtui.machine.clock())
        self._say_why_empty()
        self.table.set_source(self._rows)
        log = self.query_one("#log", LineTable)
        rows = LogRows(self.fdtui.log_of_session, self.app.size.width)
        log.set_source(rows)
        self.query_one("#session", RuleLine).display = bool(rows)
        log.move_to(len(rows) - 1)
        self.query_one("#together", RuleLine).show(self._together(holds))
        self._share_room()

    def _least(self) -> int:
        """Lines of the heads and all holds close together, or of the words for none."""
        rows = len(self._rows)
        return 2 * rows + 2 if rows else self.table.content_lines + 1

    def _share_room(self) -> None:
        """Holds above, the log pinned to the bottom, what is left between them."""
        log = self.query_one("#log", LineTable)
        lines = self.app.size.height - 6  # title, status, keys, the two rules and a row between
        third = max(4, lines // 3)
        if log.has_focus:
            held = min(self._least(), third)
            log_lines = lines - held
        else:
            log_lines = min(max(1, log.content_lines), third)
            # The table parts its rows where it has the room: so it is given that first.
            held = min(max(3 * len(self._rows) + 1, self._least()), lines - log_lines)
        log.styles.height = log_lines
        self.table.styles.height = held
        self.query_one("#together", RuleLine).display = bool(self.fdtui.holds)

    def on_resize(self) -> None:
        self._draw()

    def _together(self, holds: Sequence[Hold]) -> Spans:
        kept = sum(
            512 * hold.acquired.entry.stat.blocks
            for hold in holds
            if hold.acquired.entry.deleted and hold.acquired.entry.stat
        )
        pinned = sum(hold.pinned for hold in holds)
        words = [f"{units.size_words(kept)} of deleted files kept"] if kept else []
        words += [f"{pinned} pinned"] if pinned else []
        if not words:
            return ()
        return (Span("together", "strong"), Span("   " + "   ".join(words)))

    def _current(self) -> Hold | None:
        return self._rows.hold(self.table.rows.cursor) if len(self._rows) else None

    def on_line_table_opened(self, message: LineTable.Opened) -> None:
        """View what is held."""
        from fdtui.tui.screens.looking import open_view

        if message.table is self.table and (hold := self._current()) is not None:
            open_view(self, hold.acquired)

    def action_release(self) -> None:
        """Let go of the selected one."""
        if (hold := self._current()) is not None:
            acquired = hold.acquired
            words = about(acquired)
            self.fdtui.when(self.fdtui.keeper.release(acquired.id), lambda _: self._released(words))

    def action_release_all(self) -> None:
        """Let go of everything."""
        self.fdtui.when(
            self.fdtui.keeper.release_all(),
            lambda count: self._released(units.plural(count, "descriptor")),
        )

    def _released(self, words: str) -> None:
        self.fdtui.tell("released", words)
        self.fdtui.poller.poke()

    def action_pin(self) -> None:
        """Keep the selected one when its target closes it, or no longer."""
        if (hold := self._current()) is not None:
            self.fdtui.when(
                self.fdtui.keeper.pin(hold.acquired.id, not hold.pinned),
                lambda _: self.fdtui.poller.poke(),
            )

    def action_act(self) -> None:
        """Offer what can be done to the selected one."""
        from fdtui.tui.screens.actions import act

        if (hold := self._current()) is not None:
            act(self, hold.acquired)

    def action_dump(self) -> None:
        """Write its bytes to a file."""
        from fdtui.tui.screens.actions import dump

        if (hold := self._current()) is not None:
            dump(self, hold.acquired)

    def action_run(self) -> None:
        """Run a command that inherits it."""
        from fdtui.tui.screens.actions import run

        if (hold := self._current()) is not None:
            run(self, hold.acquired)

    def action_log(self) -> None:
        """Give the session log the focus, or the holds again."""
        log = self.query_one("#log", LineTable)
        (self.table if log.has_focus else log).focus()
        self.call_after_refresh(self._share_room)

    def action_back(self) -> None:
        """Home is where one came from."""
        self.app.switch_mode("processes")

    def action_yank(self) -> None:
        """Offer what can be copied of the selected one."""
        from fdtui.tui.screens.yank import Yank, descriptor_choices

        if (hold := self._current()) is not None:
            target, entry = hold.acquired.target, hold.acquired.entry
            choices = descriptor_choices(target.pid, target.fd, entry.link, hold.acquired.info)
            self.app.push_screen(Yank(about(hold.acquired), choices))
