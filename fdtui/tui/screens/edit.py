"""`e` in the viewer: digits overwrite bytes, enter shows the differences, escape drops them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fdtui.errors import FdtuiError
from fdtui.keeper.actions.codec import action_named
from fdtui.keeper.actions.editing import edit_args
from fdtui.keeper.api import Acquired
from fdtui.kinds.base import View
from fdtui.render.units import plural
from fdtui.tui.screens.acting import Acting
from fdtui.tui.screens.deed import Plan
from fdtui.tui.widgets.hexedit import HexEdit
from fdtui.tui.widgets.viewer import Viewer

if TYPE_CHECKING:
    from fdtui.tui.screens.place import PlaceScreen

KEYS = (("0-9 a-f", "overwrite"), ("backspace", "undo"), ("enter", "confirm"), ("esc", "drop"))
MOST = 64  # stretches that one confirmation can show


def begin(screen: PlaceScreen, acquired: Acquired, cursor: int) -> None:
    """Have digits overwrite the bytes of the view, from the cursor on."""
    app, action = screen.fdtui, action_named("edit")
    reason = action.unfit(acquired.kind, acquired.entry)
    if acquired.view != View.BYTES or reason:
        app.tell_error(FdtuiError(reason or "there are no bytes to edit"))
        return
    viewer = screen.query_one(Viewer)
    editing = HexEdit(lambda: _confirm(screen, acquired), lambda: _end(screen))
    viewer.edit(editing)
    viewer.go_to(cursor)


def _end(screen: PlaceScreen) -> None:
    screen.query_one(Viewer).edit(None)
    screen.show_bars()


def _confirm(screen: PlaceScreen, acquired: Acquired) -> None:
    """Show what was typed as a difference; it stays typed until it is written or dropped."""
    from fdtui.tui.screens.actions import with_hold

    editing = screen.query_one(Viewer).editing
    stretches = editing.edits.stretches() if editing is not None else []
    if not stretches:
        _end(screen)
        return
    if len(stretches) > MOST:
        screen.fdtui.tell_error(
            FdtuiError(f"{plural(len(stretches), 'stretch', 'stretches')} are too many to confirm")
        )
        return
    args = edit_args(stretches)

    def show(acting: Acting) -> None:
        action, deed = action_named("edit"), acting.deed
        deed.show(Plan(action, args, action.title, deed.give_up, lambda: _end(screen)))

    with_hold(screen, acquired, show)
