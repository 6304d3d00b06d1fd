"""What the keeper is asked that concerns no single descriptor: held, release all, glance, check."""

from __future__ import annotations

import threading

from fdtui.keeper import costs
from fdtui.keeper.acquiring import verdicts
from fdtui.keeper.api import Hold
from fdtui.keeper.codec import entry_json, hold_json, items, only, target_from
from fdtui.keeper.glancing import glance
from fdtui.keeper.holds import Rooms
from fdtui.keeper.operations import Call, Reply, Service
from fdtui.keeper.room import Room
from fdtui.linux.json_types import Json

ANSWER_WITHIN = 0.3  # seconds for a room to tell its facts, then its last known ones are told
RELEASE_WITHIN = 1.0


def held(call: Call, rooms: Rooms) -> Reply:
    """List what is held; a room that is stuck is listed as it was last seen."""
    kept = [room for room in rooms.all() if room.held]
    asked = [_ask(room) for room in kept]
    for done in asked:
        done.wait(ANSWER_WITHIN)
    return Reply({"held": [hold_json(hold) for room in kept if (hold := _hold(room))]})


def _ask(room: Room) -> threading.Event:
    done = threading.Event()
    room.post(Call(0, "hold", {}, b"", lambda frame: done.set()), refresh)
    return done


def refresh(call: Call, room: Room) -> Reply:
    """Note the facts and the cost as they are now, in the room's own thread."""
    room.note()
    return Reply({})


def _hold(room: Room) -> Hold | None:
    if room.last is None:
        return None
    acquired, facts = room.last
    return Hold(
        acquired=acquired,
        since=room.since,
        pinned=room.pinned,
        in_target=room.in_target,
        changed_at=room.changed_at,
        cost=costs.sentence(facts, room.pinned),
    )


def release_all(call: Call, rooms: Rooms) -> Reply:
    """Close everything held; returns how many were closed by now."""
    return Reply({"released": rooms.end_all(RELEASE_WITHIN, only_held=True)})


def check(call: Call, rooms: Rooms) -> Reply:
    """Ask every method for its verdict."""
    found = verdicts(target_from(only(call.args, "target")))
    return Reply({"verdicts": [[name, *verdict] for name, verdict in found]})


def glances(call: Call, rooms: Rooms) -> Reply:
    """Decode many targets through descriptors borrowed for microseconds."""
    targets = [target_from(item) for item in items(only(call.args, "targets"))]
    seen: list[Json] = [
        None if row is None else [entry_json(row[0]), row[1]] for row in glance(targets)
    ]
    return Reply({"seen": seen})


SERVICES: dict[str, Service] = {
    "held": held,
    "release_all": release_all,
    "check": check,
    "glance": glances,
}
