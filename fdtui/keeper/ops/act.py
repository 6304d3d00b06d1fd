"""Acting, as the screens ask for it: which actions fit, a preview, and the confirmed deed.

`keeper.perform("preview", id, preview_request(action, args))`, then `"act"` with the preview's
token.  What is done can't be cancelled half way; a release waits for it.
"""

from __future__ import annotations

from fdtui.keeper.actions import fitting
from fdtui.keeper.actions.arguments import Args
from fdtui.keeper.actions.base import Action, Token
from fdtui.keeper.actions.codec import (
    action_named,
    args_from,
    args_json,
    outcome_json,
    preview_json,
)
from fdtui.keeper.actions.doing import perform, preview
from fdtui.keeper.codec import only, table, text
from fdtui.keeper.operations import Call, Handler, Reply
from fdtui.keeper.room import Room
from fdtui.linux.json_types import Info


def preview_request(action: Action, args: Args) -> Info:
    """Make the arguments of `preview`."""
    return {"action": action.name, "args": args_json(args)}


def act_request(action: Action, args: Args, token: Token) -> Info:
    """Make the arguments of `act`."""
    return {**preview_request(action, args), "token": token}


def _asked(call: Call) -> tuple[Action, Args]:
    return action_named(text(only(call.args, "action"))), args_from(only(call.args, "args"))


def list_actions(call: Call, room: Room) -> Reply:
    """Name the actions that can be offered now, in the order of the menu."""
    custody = room.opened()
    with custody.seen() as seen:
        names = [action.name for action in fitting(custody.kind.name, seen.entry)]
    return Reply({"actions": names if custody.shares_description else []})


def show(call: Call, room: Room) -> Reply:
    """Say what would be done."""
    action, args = _asked(call)
    return Reply(preview_json(preview(room.opened(), action, args)))


def act(call: Call, room: Room) -> Reply:
    """Do it, if what was confirmed still is what there is."""
    action, args = _asked(call)
    token = table(only(call.args, "token"))
    return Reply(outcome_json(perform(room.opened(), action, args, token)))


OPERATIONS: dict[str, Handler] = {"actions": list_actions, "preview": show, "act": act}
