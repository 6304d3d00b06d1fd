"""What a view has on loan: borrowed when it opens, given back when it is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fdtui.errors import FdtuiError
from fdtui.keeper.api import Acquired
from fdtui.kinds import BY_NAME
from fdtui.kinds.base import Borrow
from fdtui.render import units
from fdtui.render.safe import safe

if TYPE_CHECKING:
    from fdtui.tui.app import FdtuiApp


class Loan:
    """One acquired descriptor.  What is held stays held whatever the view does."""

    def __init__(self, app: FdtuiApp, acquired: Acquired) -> None:
        self._app = app
        self.acquired = acquired
        self.returned = False
        self.looks = 0
        self._began = app.machine.clock()

    @property
    def about(self) -> str:
        """`fd 7 of ingestd 4182`."""
        return about(self.acquired)

    def give_back(self) -> None:
        """Release it, and write down that it was looked at."""
        if self.returned or self.acquired.held:
            return
        self.returned = True
        keeper = self._app.ready_keeper
        if keeper is not None:
            keeper.release(self.acquired.id)
        self._app.log_of_session.add("looked", self.about, self._story())

    def _story(self) -> str:
        """What the session log says of it."""
        kind = BY_NAME[self.acquired.kind]
        seconds = units.age(max(0.0, self._app.machine.clock() - self._began))
        if kind.borrow is Borrow.LOOK:
            return (
                f"{kind.name}, {units.plural(self.looks, 'look')} in {seconds}, borrowed for each"
            )
        return f"{kind.name}, for {seconds}: the offset never moved"

    def take_again(
        self, done: Callable[[], object], failed: Callable[[FdtuiError], object]
    ) -> None:
        """Borrow it once more, only if it is the same file; injection is asked for each time."""
        if self.acquired.via == "injection":
            failed(FdtuiError("given back, and nothing is injected unasked", "p keeps it"))
            return

        def took(acquired: Acquired) -> None:
            if _file(acquired) != _file(self.acquired):
                self._app.keeper.release(acquired.id)
                number, link = acquired.target.fd, safe(acquired.entry.link)
                failed(FdtuiError(f"fd {number} now holds another file: {link}"))
                return
            self.acquired, self.returned = acquired, False
            self.looks, self._began = 0, self._app.machine.clock()
            done()

        future = self._app.keeper.look(self.acquired.target, self.acquired.via)
        self._app.when(future, took, lambda error: (failed(error), None)[1])


def about(acquired: Acquired) -> str:
    """`fd 7 of ingestd 4182`; what somebody sent is called by its label."""
    target = acquired.target
    if target.fd < 0:
        return f"{safe(acquired.comm)} from pid {target.pid}"
    return f"fd {target.fd} of {safe(acquired.comm)} {target.pid}"


def _file(acquired: Acquired) -> object:
    st = acquired.entry.stat
    return acquired.kind, (st.dev, st.ino) if st else acquired.entry.link
