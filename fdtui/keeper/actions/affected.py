"""Who else is affected: the sharers of the description, and who has the file open apart from it.

Only reads /proc, on the asking side, in a thread that may take a while.
"""

from __future__ import annotations

from typing import NamedTuple

from fdtui.acquire.base import Target
from fdtui.keeper.actions.base import Preview, effect_on_opener
from fdtui.linux.procfs import Entry, ProcFs
from fdtui.survey.lookup import Lookup
from fdtui.survey.neighbours import Neighbours
from fdtui.survey.scan import Cancelled, never

SHARED_BY, ALSO_OPEN_IN = "shared by", "also open in"


class Affected(NamedTuple):
    """One descriptor, and what happens to it."""

    head: str  # SHARED_BY or ALSO_OPEN_IN
    comm: str
    pid: int
    fd: int
    effect: str


def affected(
    target: Target,
    entry: Entry,
    shown: Preview,
    ours: frozenset[int] = frozenset(),
    cancelled: Cancelled = never,
) -> tuple[Affected, ...]:
    """Return the target first, then its sharers, then the openers of its file.

    `entry` is what is held; `ours` are the pids of fdtui, which hold it only for the moment.
    """
    procfs = ProcFs()
    finder = Neighbours(procfs, workers=False)
    neighbour = finder.of_process(target.pid, [entry], cancelled).get(target.fd)
    names = Lookup()
    rows = [Affected(SHARED_BY, names.comm(target.pid), target.pid, target.fd, "the target")]
    if neighbour is None:
        return tuple(rows)
    for pid, fd in neighbour.sharers:
        if pid not in ours:
            rows.append(Affected(SHARED_BY, names.comm(pid), pid, fd, shown.shared_by))
    for pid, fd in finder.opened_apart(entry, neighbour) if shown.size_after is not None else ():
        info = procfs.entry(pid, fd).info
        if pid not in ours and info is not None:
            effect = effect_on_opener(shown, info.pos)
            rows.append(Affected(ALSO_OPEN_IN, names.comm(pid), pid, fd, effect))
    return tuple(rows)
