"""Actions on the wire: arguments, previews and outcomes as JSON and back."""

from __future__ import annotations

from base64 import b64decode, b64encode

from fdtui.errors import FdtuiError
from fdtui.keeper.actions import actions
from fdtui.keeper.actions.arguments import Args, Value
from fdtui.keeper.actions.base import Action, Outcome, Preview
from fdtui.keeper.codec import items, optional_whole, table, text
from fdtui.keeper.wire import WireError
from fdtui.linux.json_types import Info, Json


def action_named(name: str) -> Action:
    """Return the action; FdtuiError lists those there are."""
    found = actions().get(name)
    if found is None:
        raise FdtuiError(f"no action is called {name}", f"there are {', '.join(actions())}")
    return found


def args_json(args: Args) -> Json:
    return [{"b64": b64encode(v).decode()} if isinstance(v, bytes) else v for v in args]


def args_from(value: Json) -> Args:
    return tuple(map(_value_from, items(value)))


def _value_from(value: Json) -> Value:
    if isinstance(value, str | int):
        return value
    try:
        return b64decode(text(table(value)["b64"]), validate=True)
    except (KeyError, ValueError) as error:
        raise WireError("an argument of an action makes no sense") from error


def preview_json(preview: Preview) -> Info:
    return {
        "now": list(preview.now),
        "after": list(preview.after),
        "hazard": preview.hazard,
        "undo": preview.undo,
        "calls": list(preview.calls),
        "notes": [list(note) for note in preview.notes],
        "size_after": preview.size_after,
        "shared_by": preview.shared_by,
        "held": list(preview.held),
        "token": preview.token,
    }


def preview_from(it: Info) -> Preview:
    return Preview(
        now=_texts(it["now"]),
        after=_texts(it["after"]),
        hazard=text(it["hazard"]),
        undo=text(it["undo"]),
        calls=_texts(it["calls"]),
        notes=tuple((text(a), text(b)) for a, b in (items(note, 2) for note in items(it["notes"]))),
        size_after=optional_whole(it["size_after"]),
        shared_by=text(it["shared_by"]),
        held=_texts(it["held"]),
        token=table(it["token"]),
    )


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(map(text, items(value)))


def outcome_json(outcome: Outcome) -> Info:
    return {
        "verb": outcome.verb,
        "words": outcome.words,
        "undo": list(outcome.undo),
        "undo_note": outcome.undo_note,
        "stopped": outcome.stopped,
    }


def outcome_from(it: Info) -> Outcome:
    return Outcome(
        verb=text(it["verb"]),
        words=text(it["words"]),
        undo=_texts(it["undo"]),
        undo_note=text(it["undo_note"]),
        stopped=text(it["stopped"]),
    )
