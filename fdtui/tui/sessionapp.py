"""What a session is to the app: the machine, the keeper, the helper, what is told and logged."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

from textual.app import App
from textual.timer import Timer

from fdtui.errors import FdtuiError
from fdtui.tui.clipboard import copy
from fdtui.tui.machine import Machine
from fdtui.tui.session import SessionLog
from fdtui.tui.settings import Settings
from fdtui.tui.typeahead import TypeAhead

if TYPE_CHECKING:
    from fdtui.keeper.api import Event, Hold, Keeper
    from fdtui.keeper.operations import Reply
    from fdtui.linux.json_types import Info
    from fdtui.tui.helping import Helping

T = TypeVar("T")
BRIEF = 5.0  # seconds: a keeper that lives no longer is not replaced at once, for ever


def _terminal() -> str:
    try:
        return os.ttyname(0)
    except OSError:
        return ""


class SessionApp(App[int]):
    """One keeper process, at most one helper, and one line below that says what came of it."""

    def __init__(self, machine: Machine | None, settings: Settings | None) -> None:
        super().__init__()
        self.machine = machine or Machine()
        self.settings = settings or Settings()
        self.log_of_session = SessionLog(self.machine.clock)
        self.held_count = 0
        self.holds: Sequence[Hold] = ()
        self.helper_user = ""  # whom the helper runs as, "" while none does
        self.session_id = ""  # for `fdtui send --session`
        self.ahead = TypeAhead(self)
        self._helping: Helping | None = None
        self._keeper: Keeper | None = None
        self._equipped_at = 0.0  # time.monotonic()
        self._again: Timer | None = None  # when the next keeper will be equipped

    # The keeper and the helper

    def equip(self) -> None:
        """Give a keeper what every one needs: an inbox, and a channel to the helper that runs."""
        self._again, self._equipped_at = None, time.monotonic()
        if self.machine.live:
            # Not by open_inbox(): what the keeper consists of takes 70 ms to import.
            who: Info = {"tty": _terminal(), "pid": os.getpid(), "root": self.settings.inbox_root}
            self.when(self.keeper.serve("open_inbox", who), self._listening)
        if self._helping is not None:
            self._helping.introduce()

    def _listening(self, reply: Reply) -> None:
        self.session_id = str(reply.facts["id"])

    @property
    def keeper(self) -> Keeper:
        """The process that owns every acquired descriptor; started when first asked for."""
        if self._keeper is None:
            self._keeper = self.machine.start_keeper()
            self._keeper.subscribe(lambda event: self.call_later(self._on_keeper_event, event))
        return self._keeper

    @property
    def ready_keeper(self) -> Keeper | None:
        """The keeper if it was started already; for threads, which must not start it."""
        return self._keeper if self._again is None else None

    def held_fds(self, pid: int) -> frozenset[int]:
        """Numbers of a process that this session holds."""
        return frozenset(
            hold.acquired.target.fd for hold in self.holds if hold.acquired.target.pid == pid
        )

    def when(
        self,
        future: Future[T],
        done: Callable[[T], object],
        failed: Callable[[FdtuiError], object] | None = None,
        *,
        opens: bool = False,
    ) -> None:
        """Call `done` or `failed` in the event loop; a failure nobody takes is told below.

        `opens`: a screen comes of it, and what is typed meanwhile is meant for that.
        """
        release = self.ahead.hold() if opens else lambda: None

        def settle() -> None:
            try:
                if future.cancelled():
                    return
                try:
                    value = future.result()
                except FdtuiError as error:
                    (failed or self.tell_error)(error)
                else:
                    done(value)
            finally:
                release()

        future.add_done_callback(lambda _: self.call_later(settle))

    def _on_keeper_event(self, event: Event) -> None:
        from fdtui.tui.screens.place import PlaceScreen

        if event.verb != "looked":  # the view writes that when it is left, with how long
            self.log_of_session.add(event.verb, event.about, event.detail)
        if event.verb == "received":
            self.show_result(f"received {event.about} {event.detail}")
        lost = (event.verb, event.about) == ("failed", "keeper")
        if lost:
            self._replace_keeper()
        for screen in self.screen_stack:
            if isinstance(screen, PlaceScreen):
                screen.heard(event)
        if lost and self._again is not None:
            self._count(())  # nobody to ask
        else:
            self.refresh_held()

    def _replace_keeper(self) -> None:
        """Equip the next one: at once, or later where the last one could not even live."""
        if self._again is not None:
            return
        now = time.monotonic()
        if now - self._equipped_at > BRIEF:
            self.equip()
        else:
            self._again = self.set_timer(BRIEF, self.equip)

    def _count(self, holds: Sequence[Hold]) -> None:
        changed, self.holds = holds != self.holds, holds
        self.held_count = len(holds)
        if changed:
            self._mark_holds()
        self.redraw_bars()

    def refresh_held(self) -> None:
        """Ask how many descriptors are held, for the title of every place."""
        self.when(self.keeper.held(), self._count, lambda _: None)

    def _mark_holds(self) -> None:
        """Mark their rows at once, also behind a dialog: not with whichever look comes next."""
        from fdtui.tui.screens.place import PlaceScreen

        for screen in self.screen_stack:
            if isinstance(screen, PlaceScreen) and screen.is_mounted:
                screen.holds_changed()

    # Telling

    def tell(self, verb: str, about: str, detail: str = "") -> None:
        """Show one line in place of the keys for 4 s, and write it to the session log."""
        self.log_of_session.add(verb, about, detail)
        self.show_result(" ".join(word for word in (verb, about, detail) if word), False)

    def tell_error(self, error: FdtuiError) -> None:
        """Show why something failed, and what would change it."""
        self.log_of_session.add("failed", str(error), error.remedy)
        text = f"{error}  {error.remedy}" if error.remedy else str(error)
        self.show_result(text, True)

    def show_result(self, text: str, failed: bool = False) -> None:
        """Show one line in place of the keys for 4 s."""
        from fdtui.tui.screens.place import PlaceScreen

        for screen in reversed(self.screen_stack):
            if isinstance(screen, PlaceScreen):
                screen.show_result(text, failed=failed)
                return

    def redraw_bars(self) -> None:
        """Draw title, status and keys of the screen in front anew."""
        from fdtui.tui.screens.place import PlaceScreen

        if isinstance(self.screen, PlaceScreen):
            self.screen.show_bars()

    def yank(self, text: str, what: str) -> None:
        """Copy, and say which way it went."""
        copy(
            text,
            self._write_to_terminal,
            lambda way: self.call_later(self.show_result, f"{what}: {way}", False),
        )

    def _write_to_terminal(self, sequence: str) -> None:
        if self._driver is not None:
            self._driver.write(sequence)

    def let_go(self) -> None:
        """End keeper and helper, without waiting for either."""
        if self._helping is not None:
            self._helping.close()
        if self._keeper is not None:
            self._keeper.close()
