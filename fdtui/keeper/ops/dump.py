"""Dumping what is held into a file, with progress; cancelling removes what came so far."""

from __future__ import annotations

from fdtui.keeper.codec import items, number, only, text, whole
from fdtui.keeper.dump import Dumped, dump
from fdtui.keeper.operations import Call, Handler, Reply
from fdtui.keeper.room import Room
from fdtui.linux.json_types import Info


def dump_request(path: str, *, overwrite: bool = False) -> Info:
    """Make the arguments of `dump`; `path` is absolute.

    CallFailed EEXIST of `open(path)` means to ask, and to call again with `overwrite`.
    """
    return {"path": path, "overwrite": overwrite}


def dumped_from(reply: Reply) -> Dumped:
    """Decode the answer."""
    path, size, data, bad, by, seconds = items(reply.facts["dumped"], 6)
    return Dumped(text(path), whole(size), whole(data), whole(bad), text(by), number(seconds))


def dump_it(call: Call, room: Room) -> Reply:
    """Dump; goes on when the target closes its own meanwhile: just then it is wanted."""

    def step(done: int, total: int) -> None:
        room.breathe(call, done=done, total=total, through_release=True)

    path = text(only(call.args, "path"))
    overwrite = bool(call.args.get("overwrite"))
    return Reply({"dumped": list(dump(room.opened(), path, overwrite=overwrite, step=step))})


OPERATIONS: dict[str, Handler] = {"dump": dump_it}
