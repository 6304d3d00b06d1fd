"""Held: every descriptor this session keeps, what that costs its target, and what was done."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from fdtui.keeper.api import Hold
from fdtui.kinds import BY_NAME
from fdtui.render import units
from fdtui.render.safe import safe
from fdtui.render.spans import BLANK, Cell, Span, Spans, shown
from fdtui.survey.descriptors import DescriptorRow
from fdtui.tui.poller import Cancelled
from fdtui.tui.screens.descriptorrows import target_cell
from fdtui.tui.screens.place import Keys, PlaceScreen
from fdtui.tui.session import Line, SessionLog
from fdtui.tui.widgets.bars import RuleLine
from fdtui.tui.widgets.columns import ATTENTION, PLAIN, Column, Placed, RowState
from fdtui.tui.widgets.linetable import LineTable

_HELD = (
    Column("kind", "KIND", (10, 10, 10)),
    Column("from", "FROM", (22, 22, 22)),
    Column("via", "VIA", (11, 11, 11)),
    Column("age", "AGE", (6, 6, 6), right=True, gap=1),
    Column("in_target", "IN TARGET", (0, 22, 22)),
    Column("what", "WHAT", flexible=True),
)
_LOG = (
    Column("at", "", (8, 8, 8)),
    Column("verb", "", (9, 10, 10)),
    Column("about", "", (20, 20, 30)),
    Column("detail", "", flexible=True),
)


class HeldRows:
    """Holds as rows of two lines."""

    def __init__(self, holds: Sequence[Hold], now: float) -> None:
        self._holds = holds
        self._now = now

    def __len__(self) -> int:
        return len(self._holds)

    def hold(self, index: int) -> Hold:
        """The hold in that row."""
        return self._holds[index]

    def key(self, index: int) -> Hashable:
        """The number of the hold."""
        return self._holds[index].acquired.id

    def index(self, key: Hashable) -> int | None:
        """Where it is now."""
        return next((i for i, h in enumerate(self._holds) if h.acquired.id == key), None)

    def state(self, index: int) -> RowState:
        """Pinned, or outliving its origin: worth a mark."""
        hold = self._holds[index]
        return ATTENTION if hold.pinned or hold.in_target != "open" else PLAIN

    def cells(self, index: int, columns: Sequence[Placed]) -> Sequence[Cell]:
        """The first line."""
        hold = self._holds[index]
        return [self._cell(hold, placed.key) for placed in columns]

    def _cell(self, hold: Hold, key: str) -> Cell:
        acquired = hold.acquired
        kind = BY_NAME[acquired.kind]
        target = acquired.target
        match key:
            case "kind":
                return (Span(kind.family.glyph, "muted"), Span(f" {kind.label}", "strong"))
            case "from":
                return (
                    *shown(acquired.comm),
                    Span(f" {target.pid} fd {target.fd}", "muted", "never"),
                )
            case "via":
                return Span(acquired.via)
            case "age":
                return Span(units.age(max(0.0, self._now - hold.since)))
            case "in_target":
                return self._in_target(hold)
            case _:
                return target_cell(DescriptorRow(acquired.entry, kind, acquired.info))

    def _in_target(self, hold: Hold) -> Cell:
        pinned = ", pinned" if hold.pinned else ""
        if hold.in_target == "open":
            return Span(f"open{pinned}")
        ago = units.age(max(0.0, self._now - hold.changed_at))
        return Span(f"{hold.in_target} {ago} ago{pinned}", "attention")

    def below(self, index: int, columns: Sequence[Placed]) -> Sequence[Cell]:
        """The second line: what holding costs."""
        cost = self._holds[index].cost
        words: Spans = (
            shown(cost)
            if cost
            else (
                Span("nothing: the file has a name and no lock, and nobody waits for it", "muted"),
            )
        )
        return [Span("  costs", "muted"), words]


class LogRows:
    """The session log, oldest first."""

    def __init__(self, log: SessionLog) -> None:
        self._lines: list[Line] = list(log)

    def __len__(self) -> int:
        return len(self._lines)

    def key(self, index: int) -> Hashable:
        """Lines never move."""
        return index

    def index(self, key: Hashable) -> int | None:
        """Lines never move."""
        return key if isinstance(key, int) and key < len(self._lines) else None

    def state(self, index: int) -> RowState:
        """Failures carry a mark."""
        return ATTENTION if self._lines[index].verb == "failed" else PLAIN

    def cells(self, index: int, columns: Sequence[Placed]) -> Sequence[Cell]:
        """Time, verb, about what, words."""
        line = self._lines[index]
        cells: dict[str, Cell] = {
            "at": Span(time.strftime("%H:%M:%S", time.localtime(line.at)), "muted"),
            "verb": shown(line.verb),
            "about": shown(line.about),
            "detail": shown(line.detail, "muted"),
        }
        return [cells.get(placed.key, BLANK) for placed in columns]


class Held(PlaceScreen):
    """The place of what is kept."""

    place = "3"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("delete,backspace", "release", "release", id="held.release", show=False),
        Binding("R", "release_all", "release all", id="held.release_all", show=False),
        Binding("P", "pin", "pin", id="held.pin", show=False),
        Binding("L", "log", "session log", id="held.log", show=False),
        Binding("y", "yank", "yank", id="row.yank", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._rows = HeldRows((), 0.0)

    def body(self) -> ComposeResult:
        yield LineTable(_HELD, row_lines=2, id="table")
        yield RuleLine(id="together")
        yield Container(id="room")
        yield RuleLine(id="session")
        log = LineTable(_LOG, id="log")
        log.head_lines = 0
        log.shows_cursor = False
        yield log

    @property
    def table(self) -> LineTable:
        """The holds."""
        return self.query_one("#table", LineTable)

    def on_mount(self) -> None:
        self.query_one("#session", RuleLine).show((Span("this session", "strong"),))
        self.table.set_empty(
            (
                Span("Nothing is held.  "),
                Span("s", "key"),
                Span(" on a descriptor takes it and keeps it", "muted"),
            )
        )
        self.table.focus()
        self._draw()

    def crumbs(self) -> tuple[list[str], str]:
        return ["Held"], units.plural(len(self._rows), "descriptor")

    def keys(self) -> tuple[Keys, Sequence[tuple[str, str]]]:
        left: Keys = (
            [("enter", "view"), ("delete", "release"), ("R", "release all"), ("P", "pin")],
            [("y", "yank"), ("L", "session log")],
        )
        return left, (("?", "keys"), ("esc", "back"))

    def look(self, cancelled: Cancelled) -> object:
        keeper = self.fdtui.ready_keeper
        if keeper is None:
            return ()
        try:
            return keeper.held().result(1.0)
        except TimeoutError:
            return None

    def seen(self, result: object) -> None:
        if isinstance(result, (list, tuple)):
            self.fdtui.holds = result
            self.fdtui.held_count = len(result)
        self._draw()
        self.show_bars()

    def _draw(self) -> None:
        holds = self.fdtui.holds
        self._rows = HeldRows(holds, self.fdtui.machine.clock())
        self.table.set_source(self._rows)
        log = self.query_one("#log", LineTable)
        log.set_source(LogRows(self.fdtui.log_of_session))
        log.move_to(len(self.fdtui.log_of_session) - 1)
        self.query_one("#together", RuleLine).show(self._together(holds))
        self._share_room()

    def _share_room(self) -> None:
        """Holds above, the log pinned to the bottom, what is left between them."""
        log = self.query_one("#log", LineTable)
        lines = self.app.size.height - 5  # title, status, keys and the two rules
        log_lines = min(max(1, len(self.fdtui.log_of_session)), max(3, lines // 3))
        log.styles.height = lines if log.has_focus else log_lines
        self.table.styles.height = min(self.table.content_lines + 1, lines - log_lines)
        self.query_one("#together", RuleLine).display = bool(self.fdtui.holds)

    def on_resize(self) -> None:
        self._share_room()

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
            about = f"{safe(acquired.comm)} {acquired.target.pid} fd {acquired.target.fd}"
            self.fdtui.when(self.fdtui.keeper.release(acquired.id), lambda _: self._released(about))

    def action_release_all(self) -> None:
        """Let go of everything."""
        self.fdtui.when(
            self.fdtui.keeper.release_all(),
            lambda count: self._released(units.plural(count, "descriptor")),
        )

    def _released(self, about: str) -> None:
        self.fdtui.tell("released", about)
        self.fdtui.poller.poke()

    def action_pin(self) -> None:
        """Keep the selected one when its target closes it, or no longer."""
        if (hold := self._current()) is not None:
            self.fdtui.when(
                self.fdtui.keeper.pin(hold.acquired.id, not hold.pinned),
                lambda _: self.fdtui.poller.poke(),
            )

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
            self.app.push_screen(
                Yank(f"{safe(hold.acquired.comm)} {target.pid} fd {target.fd}", choices)
            )
