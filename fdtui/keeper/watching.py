"""Watcher: notices within 100 ms that a target closed its own descriptor, or ended."""

from __future__ import annotations

import os
import select
import threading
import time

from fdtui.acquire.helper import same_description
from fdtui.keeper.codec import InTarget
from fdtui.keeper.custody import Custody
from fdtui.keeper.holds import RELEASE_REASON, Rooms
from fdtui.keeper.room import Room
from fdtui.keeper.seeing import fdinfo_of, same_file
from fdtui.linux.owned import OwnedFd

PERIOD = 0.1  # seconds


class Watcher:
    """One thread: kcmp(2) for what is kept open, poll(2) on the pidfds; idle while nothing is."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def start(self) -> None:
        """Start watching."""
        threading.Thread(target=self._run, name="watcher", daemon=True).start()

    def _run(self) -> None:
        while True:
            watched = [room for room in self._rooms.all() if _worth_watching(room)]
            if not watched:
                self._rooms.changed.wait()
                self._rooms.changed.clear()
                continue
            for room in watched:
                self._look_at(room)
            time.sleep(PERIOD)

    def _look_at(self, room: Room) -> None:
        custody = room.custody
        if custody is None or room.ending.is_set():
            return
        now = in_target(custody)
        if now == room.in_target or room.ending.is_set():
            return
        room.in_target, room.changed_at = now, time.time()
        if now not in RELEASE_REASON:
            return
        # A reader of our own keeps nothing of the target's but the blocks of a deleted file, and
        # the person is looking at it; what is shared goes at once.
        if room.pinned or (not room.held and custody.shared is None):
            self._rooms.tell(room.event("noticed", RELEASE_REASON[now]))
        else:
            room.end_reason = RELEASE_REASON[now]
            room.end()


def _worth_watching(room: Room) -> bool:
    custody = room.custody
    return (
        custody is not None
        and room.target.fd >= 0
        and room.in_target not in RELEASE_REASON
        and not room.ending.is_set()
        and custody.keeps_anything()
    )


def in_target(custody: Custody) -> InTarget:
    """Tell whether the target still has the description (or, for a private one, the file)."""
    if custody.pidfd is not None and exited(custody.pidfd):
        return "exited"
    target = custody.target
    try:
        if custody.shared is not None and custody.shares_description:
            same = same_description(custody.shared, target.pid, target.fd)
            if same is not None:
                return "open" if same else "closed"
    except ValueError:  # it was closed this moment: its room knows
        return "unknown"
    theirs, mine = fdinfo_of(target), custody.entry.info
    if mine is None:
        return "unknown"
    if theirs is None:
        return _listed(target.pid, target.fd)
    return "open" if same_file(theirs, mine) else "closed"


def _listed(pid: int, fd: int) -> InTarget:
    """Tell `closed` from not being allowed to look."""
    try:
        os.lstat(f"/proc/{pid}/fdinfo/{fd}")
    except FileNotFoundError:
        return "closed"
    except OSError:
        return "unknown"
    return "unknown"


def exited(pidfd: OwnedFd) -> bool:
    """poll(2): a pidfd is readable once its process has ended."""
    try:
        poller = select.poll()
        poller.register(pidfd.fileno(), select.POLLIN)
        return bool(poller.poll(0))
    except ValueError:
        return False
