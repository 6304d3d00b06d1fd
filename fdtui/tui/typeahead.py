"""Keys typed faster than screens open: each is given once all that the one before it did is done.

Textual hands a key to whatever has the focus when it comes; what was typed behind a key that opens
a screen would reach the screen before.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from textual import events
from textual.message_pump import MessagePump
from textual.widget import Widget

if TYPE_CHECKING:
    from fdtui.tui.sessionapp import SessionApp

Typed = events.Key | events.Paste

MOST = 1_000  # that wait; further ones are dropped
PATIENCE = 10.0  # seconds that a key waits for a screen and its first rows
SHORT = 1.0  # seconds that a key waits which needs no rows: escape, q, the places
_TICK = 0.01  # seconds between two looks at whether there are rows now
_AT_ONCE = frozenset({"ctrl+c", "ctrl+q"})
_NEED_NO_ROWS = ("app.", "place.", "machine.deleted", "table.filter", "processes.who", "who.ask")


class TypeAhead:
    """What waits, in order; escape forgets it."""

    def __init__(self, app: SessionApp) -> None:
        self._app = app
        self._waiting: deque[Typed] = deque()
        self._given: Typed | None = None
        self._busy = False
        self._opening = 0

    def hold(self) -> Callable[[], None]:
        """Something will open a screen: keys wait until the answer is called, once or again."""
        self._opening += 1
        held = [True]

        def release() -> None:
            if held:
                held.clear()
                self._opening -= 1

        return release

    def takes(self, event: Typed) -> bool:
        """Does it have to wait?  It comes again then, and does not have to."""
        if event is self._given or event.is_forwarded:
            return False
        if isinstance(event, events.Key):
            if event.key in _AT_ONCE:
                return False
            if event.key == "escape":
                self._waiting.clear()
        at_once = not self._busy and self._ready(event)
        if not at_once and len(self._waiting) < MOST:
            self._waiting.append(event)
        if not self._busy:
            self._busy = True
            self._app.run_worker(self._give_all(), group="keys", exit_on_error=True)
        return not at_once

    async def _give_all(self) -> None:
        try:
            await self._done(self._app)
            await self._settled()
            while self._waiting and self._app.is_running:
                if not await self._may_be_given():
                    continue
                self._given = self._waiting.popleft()
                self._app.post_message(self._given)
                await self._done(self._app)
                await self._settled()
        finally:
            self._busy = False

    async def _may_be_given(self) -> bool:
        """Wait until the screen can take the first one; False when that has changed, or is gone."""
        event = self._waiting[0]
        began = monotonic()
        while not self._ready(event):
            await asyncio.sleep(_TICK)
            if not self._waiting or self._waiting[0] is not event:
                return False
            waited = monotonic() - began
            if waited > SHORT and self._is_free(event):
                return True
            if waited > PATIENCE:
                count = len(self._waiting)
                self._waiting.clear()
                words = "what was" if count == 1 else f"{count} keys that were"
                self._app.show_result(f"{words} typed ahead came to nothing", True)
                return False
        return True

    def _ready(self, event: Typed) -> bool:
        """Is there a screen that shows what the key is about?"""
        from fdtui.tui.screens.place import PlaceScreen

        screen = self._app.screen
        if self._opening or not screen.is_mounted:
            return False
        if not isinstance(screen, PlaceScreen) or screen.ready or screen.typing:
            return True
        return self._is_free(event)

    def _is_free(self, event: Typed) -> bool:
        """Does it mean the same whatever the rows are?"""
        if not isinstance(event, events.Key):
            return False
        if event.key == "escape":
            return True
        active = self._app.screen.active_bindings.get(event.key)
        return active is not None and (active.binding.id or "").startswith(_NEED_NO_ROWS)

    async def _settled(self) -> None:
        """Return when all that the key was handed to is through with it."""
        screen = self._app.screen
        focused = screen.focused
        chain: list[MessagePump] = []
        pump: MessagePump | None = focused or screen
        while pump is not None:
            # Once for what it does with the key, once for what it tells those around it.
            chain += [pump, pump]
            pump = pump.parent if isinstance(pump, Widget) else None
        for one in chain:
            await self._done(one)
        if self._app.screen is not screen:
            await self._done(self._app.screen)

    async def _done(self, pump: MessagePump) -> None:
        """Return when everything is done that waits there now."""
        through = asyncio.Event()
        if not pump.call_later(through.set):
            return
        while not through.is_set() and pump.is_running:
            try:
                await asyncio.wait_for(through.wait(), 0.1)
            except TimeoutError:
                continue  # busy, or closed meanwhile
