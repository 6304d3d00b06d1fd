"""What `enter`, `s`, `p` and `o` on a descriptor do: acquire it, and open the view that fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fdtui.acquire.base import Target, Verdict
from fdtui.errors import FdtuiError
from fdtui.keeper.api import Acquired
from fdtui.kinds import BY_NAME
from fdtui.kinds.base import SOCKET, View
from fdtui.render.safe import safe
from fdtui.tui.screens.loan import about

if TYPE_CHECKING:
    from fdtui.tui.screens.place import PlaceScreen

REOPEN = "reopen"


class Wish(NamedTuple):
    """What is wanted of which descriptor; `via` names one method, None means the first that can."""

    target: Target
    name: str  # of its process
    keep: bool = False
    via: str | None = None

    @property
    def words(self) -> str:
        """`fd 6 of ingestd 4182`."""
        return f"fd {self.target.fd} of {safe(self.name)} {self.target.pid}"


def look(screen: PlaceScreen, target: Target, name: str, via: str | None = None) -> None:
    """Borrow a descriptor and view it."""
    acquire(screen, Wish(target, name, via=via))


def steal(screen: PlaceScreen, target: Target, name: str) -> None:
    """Take a descriptor and keep it."""
    acquire(screen, Wish(target, name, keep=True))


def pull(screen: PlaceScreen, target: Target, name: str) -> None:
    """Have a helper send it, or the target itself, and keep it."""
    from fdtui.tui.screens import pulling

    pulling.pull(screen, Wish(target, name, keep=True))


def open_anew(screen: PlaceScreen, target: Target, name: str) -> None:
    """Open the same file again and view that: a private description."""
    acquire(screen, Wish(target, name, via=REOPEN))


def acquire(screen: PlaceScreen, wish: Wish) -> None:
    """Do it; a refusal opens the dialog that says what each method would need."""
    keeper = screen.fdtui.keeper
    future = (
        keeper.steal(wish.target, wish.via) if wish.keep else keeper.look(wish.target, wish.via)
    )
    screen.fdtui.when(
        future,
        lambda acquired: _acquired(screen, wish, acquired),
        lambda error: explain(screen, wish, error),
        opens=True,
    )


def _acquired(screen: PlaceScreen, wish: Wish, acquired: Acquired) -> None:
    if wish.keep:
        screen.fdtui.refresh_held()
        screen.fdtui.show_result(f"took {about(acquired)} by {acquired.via}")
    elif screen.is_attached and screen.is_current:
        open_view(screen, acquired)
    else:
        screen.fdtui.keeper.release(acquired.id)  # the person has gone elsewhere meanwhile


def explain(screen: PlaceScreen, wish: Wish, error: FdtuiError) -> None:
    """Ask every method what it would need, and show that."""

    def show(verdicts: list[tuple[str, Verdict]]) -> None:
        from fdtui.tui.screens.acquire import AcquireDialog

        if screen.is_attached and screen.is_current:
            screen.app.push_screen(AcquireDialog(wish, verdicts, error), chosen)

    def chosen(method: str | None) -> None:
        from fdtui.tui.screens.pulling import take_by

        if method is not None:
            take_by(screen, wish, method)

    def unknown(second: FdtuiError) -> None:
        text = f"{error}  {error.remedy}" if error.remedy else str(error)
        screen.show_result(text, failed=True)

    screen.fdtui.when(screen.fdtui.keeper.check(wish.target), show, unknown, opens=True)


def open_view(screen: PlaceScreen, acquired: Acquired) -> None:
    """Show what was acquired, in the view of its kind."""
    app = screen.fdtui
    kind = BY_NAME[acquired.kind]
    if acquired.view == View.ENTRIES:
        from fdtui.tui.screens.directoryview import DirectoryView

        app.push_screen(DirectoryView(app, acquired))
    elif acquired.kind == "epoll":
        from fdtui.tui.screens.epollview import EpollView

        app.push_screen(EpollView(app, acquired))
    elif acquired.view == View.STATE or kind.family is SOCKET:
        from fdtui.tui.screens.stateview import StateView

        app.push_screen(StateView(app, acquired))
    else:
        from fdtui.tui.screens.viewer import open_viewer

        open_viewer(app, acquired)
