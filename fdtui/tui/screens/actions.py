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
from fdtui.tui.screens.running import ask_about_sent, ask_command
from fdtui.tui.screens.taking import Selected

if TYPE_CHECKING:
    from fdtui.linux.procfs import ProcFs
    from fdtui.survey.processes import ProcessRow
    from fdtui.tui.screens.place import PlaceScreen


def act_on(screen: PlaceScreen, selected: Selected) -> None:
    """Offer the actions that fit the selected row."""
    if selected.target is not None:
        _hold(screen, selected.target, selected.comm, lambda acting: acting.choose())


def act(screen: PlaceScreen, acquired: Acquired) -> None:
    """Offer the actions that fit what is viewed or held."""
    with_hold(screen, acquired, lambda acting: acting.choose())


def act_at_once(screen: PlaceScreen, selected: Selected, name: str) -> None:
    """Show the confirmation of one action on the selected row."""
    if selected.target is not None:
        _hold(screen, selected.target, selected.comm, lambda acting: acting.at_once(name))


def output_of(procfs: ProcFs, row: ProcessRow) -> Selected | None:
    """Return the standard output of a process; None when it has none, or none that is seen."""
    entry = procfs.entry(row.pid, 1)
    if not entry.link:
        return None
    target = Target(row.pid, row.start_time, 1)
    return Selected(row.pid, 1, row.name, entry.link, target, (), {})


async def redirect_row(screen: PlaceScreen, selected: Selected) -> None:
    """Ask where the selected row shall lead; returns once the line has the focus."""
    from fdtui.tui.screens.redirecting import RedirectTo

    if (target := selected.target) is not None:
        line = RedirectTo(screen, selected)
        await screen.app.push_screen(line)
        _hold(screen, target, selected.comm, lambda acting: line.show_held(acting.deed), line.fail)


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
        opens=True,
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
    if acquired.target.fd < 0:
        ask_about_sent(screen, acquired)
        return
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
    screen: PlaceScreen,
    target: Target,
    name: str,
    go_on: Callable[[Acting], object],
    failed: Callable[[], object] = lambda: None,
) -> None:
    """Act on the hold of this descriptor, or take it first; `failed` before it is said why not."""
    known = _held(screen, target)
    if known is not None and known.shares_description:
        go_on(Acting(screen, known))
        return
    app = screen.fdtui

    def took(acquired: Acquired) -> None:
        app.refresh_held()
        go_on(Acting(screen, acquired, taken=True))

    def refused(error: FdtuiError) -> None:
        failed()
        explain(screen, Wish(target, name, keep=True), error)

    app.when(app.keeper.steal(target), took, refused, opens=True)


def with_hold(screen: PlaceScreen, acquired: Acquired, go_on: Callable[[Acting], object]) -> None:
    """Act on what is held; what is only borrowed for a view is taken first."""
    if acquired.held:
        go_on(Acting(screen, acquired))
    elif acquired.target.fd >= 0:
        _hold(screen, acquired.target, acquired.comm, go_on)
    else:
        screen.fdtui.tell_error(FdtuiError(f"{about(acquired)} is not held any more"))
