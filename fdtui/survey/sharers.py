"""Which places of a pass are one open file description: the first one of each, by the others.

Nothing is guessed, as in `sharing`: numbers of the kernel's iterator say so, or kcmp(2) does.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterator, Sequence

from fdtui.linux.record import Record
from fdtui.survey.outline import Outline, descriptor
from fdtui.survey.scan import never
from fdtui.survey.sharing import sharing_of_records
from fdtui.survey.sorters import Bucket, Shared, sort_buckets
from fdtui.survey.sorting import Sorter


class Sharers:
    """What is known of each descriptor; one that is not in it shares with nobody."""

    def __init__(self) -> None:
        self.first: dict[int, dict[int, tuple[int, int]]] = {}  # pid -> fd -> pid and fd
        self.reasons: dict[int, dict[int, str]] = {}  # pid -> fd -> why it is not known

    def join(self, place: int, first: int) -> None:
        """These two are one description."""
        pid, fd = descriptor(place)
        self.first.setdefault(pid, {})[fd] = descriptor(first)

    def refuse(self, pid: int, fd: int, why: str) -> None:
        """This one could not be compared."""
        self.reasons.setdefault(pid, {})[fd] = why

    def correct(self, records: Sequence[Record]) -> None:
        """Compare rows that the iterator did not list with all that may be the same."""
        sets = sharing_of_records(records)
        for first, *others in sets.all_sets():
            self.first.get(first[0], {}).pop(first[1], None)
            for pid, fd in others:
                self.first.setdefault(pid, {})[fd] = first
        for (pid, fd), why in sets.reasons.items():
            self.refuse(pid, fd, why)


def by_numbers(outlines: Sequence[Outline]) -> Sharers:
    """From the iterator's numbers."""
    sharers = Sharers()
    for place, first in _repeated((one.ofds.numbers, one.ofds.places) for one in outlines):
        sharers.join(place, first)
    return sharers


def by_keys(outlines: Sequence[Outline], workers: Shared | None) -> Sharers:
    """By kcmp(2) among rows that look alike, whose keys are forgotten; sockets by inode."""
    sharers = Sharers()
    places = array("Q")
    first: dict[Hashable, int] = {}
    buckets: dict[int, list[int]] = {}
    for outline in outlines:
        for row, key in enumerate(outline.keys, len(places)):
            leader = first.setdefault(key, row)
            if leader != row:
                buckets.setdefault(leader, [leader]).append(row)
        places += outline.key_places
        outline.keys = []
        for place, why in outline.refused.items():
            sharers.refuse(*descriptor(place), why)
    first.clear()
    pids = array("I", [place >> 32 for place in places])
    fds = array("I", [place & 0xFFFFFFFF for place in places])
    sorter = Sorter(pids, fds)
    alike: list[Bucket] = [(rows, []) for rows in buckets.values()]
    sort_buckets(sorter, pids, fds, alike, never, workers)
    for rows in sorter.groups:
        leader = min(rows)
        for row in rows:
            if row != leader:
                sharers.join(places[row], places[leader])
    for row, why in sorter.reasons.items():
        sharers.refuse(pids[row], fds[row], why)
    for place, one in _repeated((one.sockets.numbers, one.sockets.places) for one in outlines):
        sharers.join(place, one)
    return sharers


def _repeated(
    columns: Iterator[tuple[Sequence[int], Sequence[int]]],
) -> Iterator[tuple[int, int]]:
    """Yield (place, first place) of every number that was there before."""
    known: dict[int, int] = {}
    for numbers, places in columns:
        for number, place in zip(numbers, places, strict=True):
            first = known.setdefault(number, place)
            if first != place:
                yield place, first
