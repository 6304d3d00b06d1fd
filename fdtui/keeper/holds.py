"""Rooms: everything this session looks at or holds."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable

from fdtui.acquire.base import Target
from fdtui.errors import FdtuiError
from fdtui.keeper.api import Event
from fdtui.keeper.codec import only, target_from, text
from fdtui.keeper.custody import Custody
from fdtui.keeper.gifts import Gifts
from fdtui.keeper.looks import open_custody, take
from fdtui.keeper.operations import Call
from fdtui.keeper.room import Room
from fdtui.linux.owned import OwnedFd

RELEASE_REASON = {
    "closed": "the target closed its own",
    "exited": "the target has ended",
}


class Rooms:
    """The registry; safe to use from every thread, never waits for a room."""

    def __init__(self, tell: Callable[[Event], None], gifts: Gifts, first_id: int = 1) -> None:
        self.tell = tell
        self.gifts = gifts
        self.changed = threading.Event()  # for the watcher
        self.farewells: list[Callable[[], None]] = []  # called when the session ends
        self._ids = itertools.count(first_id)
        self._rooms: dict[int, Room] = {}
        self._lock = threading.Lock()

    def open(self, call: Call, held: bool) -> None:
        """Acquire in a room of its own; the call is answered from there."""
        target = target_from(only(call.args, "target"))
        via = call.args.get("via")
        wanted = None if via is None else text(via)
        self._enter(call, target, held, lambda: open_custody(target, wanted))

    def adopt(
        self,
        owned: OwnedFd,
        target: Target,
        via: str,
        *,
        label: str = "",
        released: Callable[[], None] = lambda: None,
    ) -> None:
        """Hold what somebody sent; `target` may be a process of which no number is known (-1).

        `label` is what it is called instead of the process; `released` is called once it is closed,
        also when this fails (FdtuiError).
        """

        def opening() -> Custody:
            return take(owned, target, via, True, None, label)

        call = Call(0, "adopt", {}, b"", lambda frame: None)
        try:
            self._enter(call, target, True, opening, via, released)
        except FdtuiError:
            owned.let_go()
            released()
            raise

    def _enter(
        self,
        call: Call,
        target: Target,
        held: bool,
        opening: Callable[[], Custody],
        via: str = "",
        released: Callable[[], None] = lambda: None,
    ) -> None:
        room = Room(next(self._ids), target, held, via)
        if target.fd < 0:
            room.in_target = "unknown"

        def opens() -> Custody:
            try:
                return opening()
            except FdtuiError as error:
                self.tell(room.event("failed", error.message))
                raise

        def closed(room: Room) -> None:
            released()
            self._closed(room)

        room.start(call, opens, self._opened, closed)

    def get(self, ident: int) -> Room:
        """Return a room; FdtuiError when there is none of that number."""
        with self._lock:
            room = self._rooms.get(ident)
        if room is None:
            raise FdtuiError("it is not held any more", "look at the descriptor again")
        return room

    def all(self) -> list[Room]:
        """Return every room, oldest first."""
        with self._lock:
            return list(self._rooms.values())

    def end_all(self, seconds: float, *, only_held: bool = False) -> int:
        """Close everything; returns how many were closed within the time."""
        rooms = [room for room in self.all() if room.held or not only_held]
        for room in rooms:
            room.end()
        deadline = time.monotonic() + seconds
        return sum(room.ended.wait(max(0.0, deadline - time.monotonic())) for room in rooms)

    def _opened(self, room: Room) -> None:
        custody = room.opened()
        with self._lock:
            self._rooms[room.id] = room
        self.changed.set()
        verb = "looked" if not room.held else "received" if room.via else "took"
        sender = f"from pid {room.target.pid} " if room.via else ""
        self.tell(room.event(verb, f"{sender}by {custody.via}"))

    def _closed(self, room: Room) -> None:
        with self._lock:
            known = self._rooms.pop(room.id, None)
        self.changed.set()
        if known is not None and (room.held or room.end_reason):
            self.tell(room.event("released", room.end_reason))
