"""Who else has what is acted on: sharers of the description, other openers, ends, watchers."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import NamedTuple

from fdtui.errors import CallFailed, FdtuiError
from fdtui.keeper.api import Acquired
from fdtui.kinds import BY_NAME
from fdtui.kinds.base import DEVICE, TERMINAL
from fdtui.linux.procfs import ProcFs
from fdtui.survey.neighbours import Neighbours
from fdtui.tui.machine import Machine

MOST = 8  # of a kind that are named; the rest is counted


class Other(NamedTuple):
    """A descriptor of another description, or of the other end; `pos` -1 where it has none."""

    pid: int
    fd: int | None
    comm: str
    pos: int = -1
    relation: str = ""


class Around(NamedTuple):
    """What a confirmation and a state view name; `why` says why some of it is not known."""

    sharers: tuple[Other, ...] = ()
    openers: tuple[Other, ...] = ()
    ends: tuple[Other, ...] = ()
    watchers: tuple[Other, ...] = ()  # epoll instances
    why: str = ""


def look_around(machine: Machine, acquired: Acquired, keeper: int) -> Future[Around]:
    """Search the machine, in a thread; our own keeper is no news."""
    future: Future[Around] = Future()

    def search() -> None:
        try:
            future.set_result(_search(machine, acquired, keeper))
        except OSError as error:
            future.set_exception(CallFailed("search for sharers", error))
        except FdtuiError as error:
            future.set_exception(error)

    threading.Thread(target=search, name="around", daemon=True).start()
    return future


def _search(machine: Machine, acquired: Acquired, keeper: int) -> Around:
    target, procfs = acquired.target, machine.procfs
    if target.fd < 0:
        return Around(why="of what was sent no number is known")
    entry = procfs.entry(target.pid, target.fd)
    if entry.error is not None and not entry.link:
        return Around(why="the target has closed its own")
    finder: Neighbours = machine.neighbours(procfs)
    found = finder.of_process(target.pid, [entry]).get(target.fd)
    if found is None:
        return Around(why="the target has closed its own")
    shares = [one for one in found.sharers if one[0] != keeper]
    named = finder.sharers(target.pid, target.fd, shares)
    # Half the machine has /dev/null open: a device opened apart shares nothing.
    device = BY_NAME[acquired.kind].family in (DEVICE, TERMINAL)
    apart = () if device else finder.opened_apart(entry, found)
    openers = [one for one in apart if one[0] != keeper]
    return Around(
        tuple(Other(one.pid, one.fd, one.comm) for one in named),
        tuple(_opener(procfs, *one) for one in openers),
        tuple(
            Other(peer.pid, peer.fd, peer.comm, -1, peer.relation)
            for peer in found.peers
            if peer.pid != keeper
        ),
        tuple(
            Other(one.pid, one.fd, one.comm, -1, "epoll")
            for one in finder.watched_by(entry)
            if one.pid != keeper
        ),
        found.sharing_reason,
    )


def _opener(procfs: ProcFs, pid: int, fd: int) -> Other:
    entry = procfs.entry(pid, fd)
    return Other(pid, fd, _comm(procfs, pid), entry.info.pos if entry.info else -1)


def _comm(procfs: ProcFs, pid: int) -> str:
    try:
        return procfs.stat(pid).comm
    except OSError:
        return "?"
