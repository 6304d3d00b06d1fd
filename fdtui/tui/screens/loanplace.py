"""A place that looks through a loan: one question at a time, none when nobody sees the answer."""

from __future__ import annotations

import errno
from concurrent.futures import Future

from fdtui.errors import CallFailed, FdtuiError
from fdtui.keeper.api import Acquired, Event
from fdtui.kinds import BY_NAME
from fdtui.tui.app import FdtuiApp
from fdtui.tui.poller import Cancelled
from fdtui.tui.screens.loan import Loan
from fdtui.tui.screens.place import PlaceScreen
from fdtui.tui.screens.viewtitle import Ended

_ENDED = {"the target closed its own": "closed", "the target has ended": "exited"}
_ENDED_BY = {errno.EBADF: "closed", errno.ESRCH: "exited"}


class LoanPlace(PlaceScreen):
    """A subclass asks the keeper in `ask` and shows the answer in `took`.

    A view inside another (`of`) uses what that one borrowed.
    """

    def __init__(self, app: FdtuiApp, acquired: Acquired, of: LoanPlace | None = None) -> None:
        super().__init__()
        self.loan: Loan = of.loan if of is not None else Loan(app, acquired)
        self.kind = BY_NAME[acquired.kind]
        self.entry, self.info = acquired.entry, acquired.info
        self.ended: Ended | None = None
        self.trouble: FdtuiError | None = None  # why the last look failed
        self._inside = of is not None
        self._asked: Future[object] | None = None

    @property
    def acquired(self) -> Acquired:
        """What is viewed; another number after the view was left and come back to."""
        return self.loan.acquired

    def ask(self) -> Future[object] | None:
        """Ask the keeper for what is shown; called in the poller's thread."""
        return None

    def took(self, answer: object) -> bool:
        """Show the answer; False when it is what was shown before."""
        return False

    def look(self, cancelled: Cancelled) -> object:
        """Ask, unless the last question is still open: a slow file slows its own view only."""
        if self.loan.returned or (self._asked is not None and not self._asked.done()):
            return None
        future = self.ask()
        if future is not None:
            self._asked = future
            self.fdtui.when(future, self.answered, self.failed)
        return None

    def answered(self, answer: object) -> None:
        """Take an answer to any question about it."""
        if self.is_attached:
            self.loan.looks += 1
            news = self.trouble is not None or self.ended is not None
            self.trouble = None
            if self.took(answer) or news:
                self.show_bars()

    def failed(self, error: FdtuiError) -> None:
        """Keep what was seen; say why there is nothing newer."""
        if self.is_attached and not self.loan.returned:
            self.trouble = error
            if isinstance(error, CallFailed) and error.errno in _ENDED_BY:
                self._end(_ENDED_BY[error.errno])
            self.show_bars()

    def heard(self, event: Event) -> None:
        """The keeper tells of what is viewed here."""
        if event.hold_id == self.acquired.id and event.detail in _ENDED:
            self._end(_ENDED[event.detail])
            self.show_bars()

    def _end(self, how: str) -> None:
        if self.ended is None or self.ended.how != how:
            self.ended = Ended(how, self.fdtui.machine.clock())

    def on_unmount(self) -> None:
        """The view is over."""
        if not self._inside:
            self.loan.give_back()

    def on_screen_suspend(self) -> None:
        """A dialog may lie over it, or another place be shown: then nobody looks any more."""
        self.app.call_later(self._give_back_if_away)

    def _give_back_if_away(self) -> None:
        if self.is_attached and self not in self.app.screen_stack:
            self.loan.give_back()

    def on_screen_resume(self) -> None:
        """Back from another place: borrow it again."""
        if self.loan.returned:
            self.loan.take_again(self.fdtui.poller.poke, self._lost)

    def _lost(self, error: FdtuiError) -> None:
        self.loan.returned = False
        self.failed(error)
        self.loan.returned = True
