"""What `p` does: have somebody send the descriptor, and keep it; which of those who could."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from fdtui.acquire.base import Verdict
from fdtui.acquire.helper import own_rights_do

if TYPE_CHECKING:
    from fdtui.tui.screens.looking import Wish
    from fdtui.tui.screens.place import PlaceScreen

HELPER, INJECTION = "helper", "injection"
_ABLE = ("works", "ready")


def pull(screen: PlaceScreen, wish: Wish) -> None:
    """Ask who could send it.  The target itself is asked only when the person says so."""

    def choose(verdicts: list[tuple[str, Verdict]]) -> None:
        able = _able(verdicts)
        if INJECTION not in dict(able):
            by_helper(screen, wish)
        elif screen.is_attached and screen.is_current:
            from fdtui.tui.screens.acquire import PullDialog

            screen.app.push_screen(PullDialog(wish, able), chosen)

    def chosen(method: str | None) -> None:
        if method is not None:
            take_by(screen, wish, method)

    screen.fdtui.when(screen.fdtui.keeper.check(wish.target), choose, opens=True)


def _able(verdicts: Sequence[tuple[str, Verdict]]) -> list[tuple[str, Verdict]]:
    return [one for one in verdicts if one[0] in (HELPER, INJECTION) and one[1].state in _ABLE]


def take_by(screen: PlaceScreen, wish: Wish, method: str) -> None:
    """Acquire by the method chosen."""
    from fdtui.tui.screens.looking import acquire

    if method == HELPER:
        by_helper(screen, wish)
    else:
        acquire(screen, wish._replace(via=method))


def by_helper(screen: PlaceScreen, wish: Wish) -> None:
    """Have the helper take it; one that runs as root is started where our rights do not do."""
    from fdtui.tui.screens.looking import acquire, explain

    app = screen.fdtui
    wish = wish._replace(via=HELPER)
    if app.helping.running or own_rights_do(wish.target) or not app.machine.raising():
        acquire(screen, wish)
        return
    app.helping.start(lambda: acquire(screen, wish), lambda error: explain(screen, wish, error))


def start_helper(screen: PlaceScreen, done: Callable[[], object] = lambda: None) -> None:
    """Start one for the tables that are refused."""
    app = screen.fdtui
    if app.helping.running:
        app.show_result("the helper runs already, and may not look in there either", True)
        return
    app.helping.start(done, app.tell_error)
