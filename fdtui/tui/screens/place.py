"""What every place has: title, status, keys, freezing, and one look at a time."""

from __future__ import annotations

import errno
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget

from fdtui.errors import errno_name
from fdtui.keeper.api import Event
from fdtui.render.safe import safe
from fdtui.render.spans import Span, Spans, shown
from fdtui.tui.poller import Cancelled, Job
from fdtui.tui.widgets.bars import KeyLine, StatusLine, TitleBar, crumbs, place_keys
from fdtui.tui.widgets.columns import NARROW

if TYPE_CHECKING:
    from fdtui.tui.app import FdtuiApp

Keys = Sequence[Sequence[tuple[str, str]]]
# What the key line calls a key, where Textual calls it something else.
_KEY_NAMES = {
    "esc": "escape",
    "/": "slash",
    "<": "less_than_sign",
    ">": "greater_than_sign",
    ":": "colon",
    "@": "at",
    "?": "question_mark",
    "!": "exclamation_mark",
}


class PlaceScreen(Screen[None]):
    """A screen with a title, a body, a status line and a key line."""

    place: ClassVar[str] = "1"  # the key of the place it belongs to
    home: ClassVar[bool] = False
    drilled: ClassVar[bool] = False  # True: its place is further up, and its key leads back there
    period: ClassVar[float] = 1.0  # seconds between two looks
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", id="place.back", show=False),
        Binding("space", "freeze", "freeze", id="place.freeze", show=False),
        Binding("question_mark", "keys", "keys", id="place.keys", show=False),
        Binding(
            "D",
            "deleted",
            "what fills the disk: deleted, still open",
            id="machine.deleted",
            show=False,
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        # One object for its whole life: the poller tells jobs apart by identity.
        self.job: Job = self.look
        self.known = False  # something was seen already

    @property
    def fdtui(self) -> FdtuiApp:
        """The app, by its own type."""
        return cast("FdtuiApp", self.app)

    @property
    def ready(self) -> bool:
        """Does it show what keys are about?"""
        return self.known

    @property
    def typing(self) -> bool:
        """Keys go into a line."""
        return False

    # What a place provides

    def body(self) -> ComposeResult:
        """Yield what stands between title and status."""
        yield Widget()

    def crumbs(self) -> tuple[list[str], str]:
        """Return where one is (`Processes`, `ingestd 4182`) and the counts."""
        return [], ""

    def keys(self) -> tuple[Keys, Sequence[tuple[str, str]]]:
        """Return the keys that work here: groups, and those flush right."""
        return (), (("?", "keys"), ("esc", "back"))

    def look(self, cancelled: Cancelled) -> object:
        """Look at the machine; runs in the poller's thread."""
        return None

    def seen(self, result: object) -> None:
        """Show what `look` returned."""

    def heard(self, event: Event) -> None:
        """The keeper tells of something that nobody asked for."""

    # The frame

    def compose(self) -> ComposeResult:
        """Title, body, status, keys."""
        yield TitleBar(id="title")
        yield from self.body()
        yield StatusLine(id="status")
        yield KeyLine(id="keys")

    def on_mount(self) -> None:
        """Draw the bars before anything was looked at."""
        self.show_bars()

    def on_resize(self) -> None:
        """Words depend on the width."""
        self.show_bars()

    def on_screen_resume(self) -> None:
        """In front again: look at once."""
        self.fdtui.poller.set_job(self.job, self.period)
        self.show_bars()

    def on_screen_suspend(self) -> None:
        """Behind another screen: nobody sees a refresh."""
        self.fdtui.poller.drop_job(self.job)

    def show_bars(self) -> None:
        """Draw title, status and keys anew."""
        if not self.is_mounted:
            return
        self.query_one("#title", TitleBar).show(self.title_left(), self.title_right())
        self.query_one("#status", StatusLine).show(self.status_left(), self.status_right())
        groups, right = self.keys()
        self.query_one("#keys", KeyLine).show(groups, right)

    def title_left(self) -> Spans:
        """Host, crumbs and counts."""
        places, counts = self.crumbs()
        width = self.app.size.width
        if width < NARROW:
            counts = ""
        host = safe(self.fdtui.machine.hostname) if width >= NARROW else ""
        return crumbs(host, *(safe(place) for place in places), counts=counts)

    def title_right(self) -> Spans:
        """The three places; on narrow screens the counts take the room of two of them."""
        width = self.app.size.width
        here = "" if self.drilled else self.place
        places = place_keys(here, self.fdtui.held_count, width, home=self.home)
        short = self.short_counts()
        if width < NARROW and short:
            return (Span(short, "muted"), Span("  "), *places)
        return places

    def short_counts(self) -> str:
        """Return `25 of 1,024`, for narrow screens."""
        return ""

    def status_left(self) -> Spans:
        """Who we are, and what is hidden from us and why."""
        app = self.fdtui
        who: Spans = (
            (Span("root"),) if app.machine.uid == 0 else (Span("user "), *shown(app.machine.user))
        )
        if app.helper_user:
            who = (*shown(app.machine.user), Span(f" + helper ({safe(app.helper_user)})"))
        sweep = app.last_sweep
        if sweep is None:
            return who
        if (unlisted := sweep.unlisted) is not None:
            count = "others' processes" if unlisted.pids is None else f"{unlisted.pids:,} others"
            what = (Span(f"{count} hidden", "strong"), Span(f": {unlisted.option}", "muted"))
            return (*who, Span(" - ", "faint"), *what)
        if not sweep.hidden:
            return (
                *who,
                Span(" - ", "faint"),
                Span(f"all {sweep.alive:,} processes visible", "muted"),
            )
        wide = self.app.size.width >= NARROW
        count = f"{sweep.hidden:,} of {sweep.alive:,} {'processes ' if wide else ''}hidden"
        return (
            *who,
            Span(" - ", "faint"),
            Span(count, "strong"),
            Span(f": {self._why_hidden()}", "muted"),
        )

    def _why_hidden(self) -> str:
        sweep = self.fdtui.last_sweep
        assert sweep is not None
        reason = errno_name(sweep.hidden_errno)
        if sweep.hidden_errno not in (errno.EACCES, errno.EPERM):
            return reason
        if self.fdtui.machine.uid == 0 or self.fdtui.helper_user == "root":
            return f"{reason}, more rights than root has here"
        if sweep.hidden_user == self.fdtui.machine.user:
            return f"{reason}, processes that may not be traced"
        return f"{reason}, other users' processes"

    def status_right(self) -> Spans:
        """Whether what is seen is live."""
        app = self.fdtui
        if app.frozen_at is not None:
            clock = time.strftime("%H:%M:%S", time.localtime(app.frozen_at))
            return (Span(f"frozen {clock}", "strong"),)
        if app.blurred:
            return (Span("paused", "muted"),)
        period = app.poller.period
        if period >= max(1.0, 2 * self.period) and app.machine.live:
            return (Span(f"slow {period:.0f} s", "strong"),)
        return (Span(f"live {self.period:g} s", "muted"),)

    def show_result(self, text: str, *, failed: bool = False) -> None:
        """Show what an action came to, in place of the keys."""
        line = shown(text, "attention") if failed else shown(text)
        self.query_one("#keys", KeyLine).result(line)

    # Keys

    def on_key_line_pressed(self, message: KeyLine.Pressed) -> None:
        """A click on a key presses it."""
        key = message.key.split()[0]
        self.app.simulate_key(_KEY_NAMES.get(key, key))

    def action_back(self) -> None:
        """One place back; home stays."""
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()

    def action_freeze(self) -> None:
        """Freeze or thaw refreshing."""
        self.fdtui.freeze()

    def action_deleted(self) -> None:
        """Show deleted files that are still open, and what they hold; escape comes back here."""
        from fdtui.tui.screens.deleted import Deleted

        self.app.push_screen(Deleted())

    def action_keys(self) -> None:
        """Show the keys that work here."""
        from fdtui.tui.screens.help import Help

        self.app.push_screen(Help(self))
