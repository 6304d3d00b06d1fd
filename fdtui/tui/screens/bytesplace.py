"""A place of live bytes: asks for those on the screen and feeds them to hex and text."""

from __future__ import annotations

import os
import time
from concurrent.futures import Future
from typing import cast

from textual.app import ComposeResult

from fdtui.errors import errno_name
from fdtui.keeper.api import Acquired, Window
from fdtui.kinds.base import View
from fdtui.render import window as seen
from fdtui.render.looks import is_text
from fdtui.render.spans import Span, Spans, shown
from fdtui.tui.app import FdtuiApp
from fdtui.tui.screens.growth import Growth
from fdtui.tui.screens.loanplace import LoanPlace
from fdtui.tui.screens.viewed import ViewScreen
from fdtui.tui.widgets.bars import InfoLine
from fdtui.tui.widgets.byteview import ByteView
from fdtui.tui.widgets.inputline import InputLine
from fdtui.tui.widgets.viewer import Viewer

FOLLOWING = 0.2  # seconds between two looks when following
AHEAD = 64 << 10  # bytes asked for behind those on the screen: what was appended comes at once
_MOST = 4 << 20  # bytes asked for at once
_HEAD = 64 << 10  # bytes of a queue


class BytesPlace(ViewScreen):
    """Bytes at offsets, or what is queued."""

    period = 0.25

    def __init__(self, app: FdtuiApp, acquired: Acquired, of: LoanPlace | None = None) -> None:
        super().__init__(app, acquired, of)
        self.queue = self.kind.view is View.QUEUE
        self.pos: int | None = None
        self.growth = Growth()
        self.nothing_yet = True
        self.pace = self.period  # seconds between two looks
        self._now = time.monotonic if app.machine.live else app.machine.clock
        self._last: Window | None = None
        self._span = (0, _HEAD)  # offset and length to ask for next; read by the poller's thread

    @property
    def ready(self) -> bool:
        """Are there bytes, or is it known why there are none?"""
        return super().ready and (not self.nothing_yet or self.trouble is not None)

    def body(self) -> ComposeResult:
        viewer = Viewer(id="viewer")
        viewer.display = False  # until the first bytes say which view fits them
        yield viewer
        yield InputLine(id="input")
        yield InfoLine(id="info")

    @property
    def viewer(self) -> Viewer:
        """Hex, text and the inspector."""
        return self.query_one("#viewer", Viewer)

    def mark(self) -> None:
        """Show the matches of a search among the bytes on the screen."""

    def ask(self) -> Future[object] | None:
        offset, length = self._span
        window = self.fdtui.keeper.window(self.acquired.id, offset, length)
        return cast("Future[object]", window)

    def on_byte_view_wanted(self, event: ByteView.Wanted) -> None:
        """Bytes that were not read yet are on the screen: read them now."""
        event.stop()
        if not self.queue and not self.loan.returned:
            window = self.fdtui.keeper.window(
                self.acquired.id, event.offset, min(event.length, _MOST)
            )
            self.fdtui.when(window, self.answered, self.failed)

    def took(self, answer: object) -> bool:
        window = cast(Window, answer)
        before, self._last = self._last, window
        viewer, now = self.viewer, self._now()
        size = 0 if window.why else self._end_of(window)
        grew = self.growth.rate
        self.growth.note(size, now)
        if window == before and not (grew or self.growth.rate or viewer.model.changed_bytes):
            return False  # nothing happens: nothing is worked out and nothing drawn
        self.entry, self.pos = window.entry, window.pos
        errors = tuple(
            seen.ReadError(
                block.offset,
                block.length,
                f"pread at {block.offset:#x}: {os.strerror(block.errno)} "
                f"({errno_name(block.errno)})",
            )
            for block in window.errors
        )
        if self.nothing_yet:
            self.nothing_yet = False
            viewer.set_mode("text" if is_text(window.data) and not errors else "hex")
            viewer.display = True
            if self.focused is None:
                viewer.view.focus()
        viewer.set_empty(self._empty(window))
        viewer.feed(seen.Window(window.offset, window.data, errors), size=size, now=now)
        viewer.set_target(self.pos)
        self._aim()
        self.mark()
        return True

    def _end_of(self, window: Window) -> int | None:
        """Where the bytes end; files of procfs and queues tell only by ending."""
        if self.queue or (window.size == 0 and window.data):
            ends = len(window.data) < self._span[1]
            return window.offset + len(window.data) if ends or self.queue else None
        return window.size

    def _empty(self, window: Window) -> Spans:
        if window.why:
            return shown(window.why[:1].upper() + window.why[1:], "attention")
        if self.queue:
            left = "What is written stays visible here until its reader takes it"
            return (Span("Nothing is queued.  "), Span(left, "muted"))
        return (Span("0 bytes.  "), Span("f", "key"), Span(" waits for more", "muted"))

    def _aim(self) -> None:
        """Look next at what is on the screen."""
        offset, length = self.viewer.shown_bytes()
        if self.queue:
            self._span = (0, max(_HEAD, offset + length + _HEAD))
        else:
            start = offset // seen.PAGE * seen.PAGE
            ahead = AHEAD if self.viewer.following else seen.PAGE
            self._span = (start, min(_MOST, offset - start + length + ahead))

    def on_viewer_moved(self, _: Viewer.Moved) -> None:
        """Other bytes are on the screen, or the cursor is elsewhere."""
        self._aim()
        self.mark()
        pace = FOLLOWING if self.viewer.following else self.period
        if pace != self.pace:
            self.pace = pace
            self.fdtui.poller.set_job(self.job, pace)
        self.show_bars()

    def on_screen_resume(self) -> None:
        """In front again: keys go to the bytes, and the next look comes as soon as before."""
        if self.pace != self.period:
            self.call_next(self.fdtui.poller.set_job, self.job, self.pace)
        if self.viewer.display and self.focused is None:
            self.viewer.view.focus()

    def status_right(self) -> Spans:
        app = self.fdtui
        if app.frozen_at is None and not app.blurred and self.pace != self.period:
            return (Span(f"live {self.pace:g} s", "muted"),)
        return super().status_right()
