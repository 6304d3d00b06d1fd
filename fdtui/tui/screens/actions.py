"""What `x`, `d`, `!` and `e` do with a descriptor: in the tables, in Held and in the viewer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fdtui.acquire.base import Target
from fdtui.errors import FdtuiError
from fdtui.keeper.api import Acquired
from fdtui.kinds import classify
from fdtui.tui.screens.acting import Acting
from fdtui.tui.screens.dumping import Dumping
from fdtui.tui.screens.loan import about
from fdtui.tui.screens.looking import Wish, explain
from fdtui.tui.screens.running import ask_command

if TYPE_CHECKING:
    from fdtui.tui.screens.place import PlaceScreen
    from fdtui.tui.screens.taking import Selected


def act_on(screen: PlaceScreen, selected: Selected) -> None:
    """Offer the actions that fit the selected row."""
    if selected.target is not None:
        _hold(screen, selected.target, selected.comm, lambda acting: acting.choose())


def act(screen: PlaceScreen, acquired: Acquired) -> None:
    """Offer the actions that fit what is viewed or held."""
    with_hold(screen, acquired, lambda acting: acting.choose())


def dump_row(screen: PlaceScreen, selected: Selected) -> None:
    """Dump the selected row: borrowed for that, unless it is held."""
    target = selected.target
    if target is None:
        return
    known = _held(screen, target)
    if known is not None:
        Dumping(screen, known).ask()
        return
    app = screen.fdtui
    app.when(
        app.keeper.look(target),
        lambda acquired: Dumping(screen, acquired, borrowed=True).ask(),
        lambda error: explain(screen, Wish(target, selected.comm), error),
    )


def dump(screen: PlaceScreen, acquired: Acquired) -> None:
    """Dump what is viewed or held."""
    Dumping(screen, acquired).ask()


def run_row(screen: PlaceScreen, selected: Selected) -> None:
    """Run a command that inherits the selected row."""
    if selected.target is not None:
        entry = screen.fdtui.machine.procfs.entry(selected.pid, selected.fd)
        ask_command(screen, selected.target, classify(entry).name, entry)


def run(screen: PlaceScreen, acquired: Acquired) -> None:
    """Run a command that inherits what is viewed or held."""
    ask_command(screen, acquired.target, acquired.kind, acquired.entry)


def edit(screen: PlaceScreen, acquired: Acquired, cursor: int) -> None:
    """Overwrite bytes in the hex view, from the cursor on."""
    from fdtui.tui.screens.edit import begin

    begin(screen, acquired, cursor)


def _held(screen: PlaceScreen, target: Target) -> Acquired | None:
    """The hold of it; not of what the target had at this number before."""
    for hold in screen.fdtui.holds:
        if hold.acquired.target == target and hold.in_target == "open":
            return hold.acquired
    return None


def _hold(
    screen: PlaceScreen, target: Target, name: str, go_on: Callable[[Acting], object]
) -> None:
    """Act on the hold of this descriptor, or take it first."""
    known = _held(screen, target)
    if known is not None and known.shares_description:
        go_on(Acting(screen, known))
        return
    app = screen.fdtui

    def took(acquired: Acquired) -> None:
        app.refresh_held()
        go_on(Acting(screen, acquired, taken=True))

    app.when(
        app.keeper.steal(target),
        took,
        lambda error: explain(screen, Wish(target, name, keep=True), error),
    )


def with_hold(screen: PlaceScreen, acquired: Acquired, go_on: Callable[[Acting], object]) -> None:
    """Act on what is held; what is only borrowed for a view is taken first."""
    if acquired.held:
        go_on(Acting(screen, acquired))
    elif acquired.target.fd >= 0:
        _hold(screen, acquired.target, acquired.comm, go_on)
    else:
        screen.fdtui.tell_error(FdtuiError(f"{about(acquired)} is not held any more"))
