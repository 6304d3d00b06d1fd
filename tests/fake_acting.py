"""What FakeKeeper answers to actions and dumps: previews of the real actions, nothing done."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fdtui.errors import CallFailed, FdtuiError
from fdtui.keeper.actions import fitting
from fdtui.keeper.actions.base import Held, Outcome
from fdtui.keeper.actions.codec import action_named, args_from, outcome_json, preview_json
from fdtui.keeper.actions.doing import held_words, identity
from fdtui.keeper.api import Acquired, Progress
from fdtui.keeper.codec import text
from fdtui.keeper.operations import Reply
from fdtui.keeper.reading import Stretch
from fdtui.kinds import classify
from fdtui.linux.json_types import Info
from fdtui.linux.owned import OwnedFd
from fdtui.linux.peek import Peek

if TYPE_CHECKING:
    from tests.fake_things import Thing


class Acting:
    """`outcomes` are answered in order to "act"; an FdtuiError among them is raised."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome | FdtuiError] = []
        self.performed: list[Info] = []

    def answer(
        self,
        op: str,
        args: Info,
        acquired: Acquired,
        thing: Thing,
        progress: Progress | None = None,
    ) -> Reply:
        """Do as the operation of that name."""
        if op == "dump":
            return dump(args, thing, progress)
        kind = classify(thing.entry)
        if op == "actions":
            fit = fitting(kind.name, thing.entry) if acquired.shares_description else []
            return Reply({"actions": [action.name for action in fit]})
        if op == "preview":
            action, words = action_named(text(args["action"])), args_from(args["args"])
            with OwnedFd(os.open(os.devnull, os.O_RDONLY)) as owned:
                held = _held(owned, acquired, thing)
                shown = action.preview(held, words)
                token = identity(held) | action.essentials(held, words)
                shown = replace(shown, held=held_words(held), token=token)
            return Reply(preview_json(shown))
        assert op == "act", op
        self.performed.append(args)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, FdtuiError):
            raise outcome
        return Reply(outcome_json(outcome))


def dump(args: Info, thing: Thing, progress: Progress | None) -> Reply:
    """Write what the thing reads to the path asked for, and over a file only if that was meant."""
    path, kind = Path(text(args["path"])), classify(thing.entry)
    if kind.view not in ("bytes", "queue"):
        raise FdtuiError(f"a {kind.name} has no bytes to dump")
    if path.exists() and not args["overwrite"]:
        raise CallFailed(f"open({path})", errno.EEXIST, "it exists")
    size = kind.size(thing.entry, thing.info) or 0
    data = thing.read(0, size)
    path.write_bytes(data)
    if progress is not None:
        progress(len(data), size)
    return Reply({"dumped": [str(path), len(data), len(data), 0, "read", 0.0]})


def _held(owned: OwnedFd, acquired: Acquired, thing: Thing) -> Held:
    return Held(
        owned=owned,
        peek=Peek(owned),
        read=_reader(thing.read),
        entry=thing.entry,
        info=thing.info,
        kind=classify(thing.entry),
        target=acquired.target,
        comm=acquired.comm,
        via=acquired.via,
        in_target="open",
    )


def _reader(read: Callable[[int, int], bytes]) -> Callable[[int, int], Stretch]:
    return lambda offset, length: Stretch(read(offset, length))
