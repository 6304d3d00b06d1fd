"""The frame of every place: title, body, status line, key line, and the words in them."""

from __future__ import annotations

import errno
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget

from fdtui.errors import errno_name
from fdtui.render.safe import safe
from fdtui.render.spans import Span, Spans, shown
from fdtui.tui.widgets.bars import KeyLine, StatusLine, TitleBar, crumbs, place_keys
from fdtui.tui.widgets.columns import NARROW
from fdtui.tui.widgets.fit import width_of

if TYPE_CHECKING:
    from fdtui.tui.app import FdtuiApp

Keys = Sequence[Sequence[tuple[str, str]]]


class FramedScreen(Screen[None]):
    """A screen between a title and a key line."""

    place: ClassVar[str] = "1"  # the key of the place it belongs to
    home: ClassVar[bool] = False
    drilled: ClassVar[bool] = False  # True: its place is further up, and its key leads back there
    period: ClassVar[float] = 1.0  # seconds between two looks

    @property
    def fdtui(self) -> FdtuiApp:
        """The app, by its own type."""
        return cast("FdtuiApp", self.app)

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
        names = [safe(place) for place in places]
        width = self.app.size.width
        if width < NARROW:
            return crumbs("", *names)
        host = safe(self.fdtui.machine.hostname)
        room = width - 4 - width_of(self.title_right())
        # A count that is cut is another count: rather the host is left out, then the words.
        for left in (
            crumbs(host, *names, counts=counts),
            crumbs("", *names, counts=counts),
            crumbs("", *names, counts=self.short_counts()),
        ):
            if width_of(left) <= room:
                return left
        return crumbs("", *names)

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
            narrow = self.app.size.width < NARROW
            return f"{reason}, {'even for root' if narrow else 'more rights than root has here'}"
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
