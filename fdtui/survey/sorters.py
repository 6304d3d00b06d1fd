"""The sorting of many buckets shared out to worker processes."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterator, Sequence

from fdtui.linux.lean import TYPE_CHECKING
from fdtui.survey.scan import Cancelled
from fdtui.survey.sorting import Sorter

if TYPE_CHECKING:
    from typing import TypeAlias

    from fdtui.survey.workers import Job

PAYS_FROM = 10_000  # rows, about 60 ms of comparisons: below, workers are not worth their start
_JOB = 1_500  # rows of one job; a bucket is not cut

Bucket: TypeAlias = tuple[list[int], list[int]]  # rows that look alike, and their identities if any
Shared: TypeAlias = "Callable[[Iterator[Job], Cancelled], list[bytes] | None]"
_Part: TypeAlias = tuple[list[int], list[int], list[int]]  # pids, fds, identities


def sort_buckets(
    sorter: Sorter,
    pids: Sequence[int],
    fds: Sequence[int],
    buckets: Sequence[Bucket],
    cancelled: Cancelled,
    workers: Shared | None = None,
) -> bool:
    """Have `sorter` know the descriptions of all these buckets; False when cancelled.

    `workers` do large work, those that all searches of this process share where there are none.
    """
    # The largest first, so that none is waited for alone.
    ordered = sorted(buckets, key=lambda bucket: -len(bucket[0]))
    frames = None
    if sum(len(rows) for rows, _ in ordered) >= PAYS_FROM:
        if workers is None:
            from fdtui.survey.shared_workers import shared  # as small machines need none of it

            workers = shared.run
        frames = workers(_jobs(pids, fds, ordered), cancelled)
    if frames is None:
        for rows, known in ordered:
            if cancelled():
                return False
            sorter.sort(rows, known)
        return True
    if cancelled():
        return False
    at = 0
    for frame in frames:
        for groups, reasons, closed in marshal.loads(frame):  # noqa: S302  from our own child
            rows = ordered[at][0]
            at += 1
            for group in groups:
                sorter.join([rows[place] for place in group])
            sorter.reasons.update({rows[place]: why for place, why in reasons.items()})
            sorter.closed.update([rows[place] for place in closed])
    return True


def _jobs(pids: Sequence[int], fds: Sequence[int], buckets: Sequence[Bucket]) -> Iterator[Job]:
    from fdtui.survey.workers import Job

    part: list[_Part] = []
    size = 0
    for rows, known in buckets:
        part.append(([pids[row] for row in rows], [fds[row] for row in rows], known))
        size += len(rows)
        if size >= _JOB:
            yield Job(_WORK, part)
            part, size = [], 0
    if part:
        yield Job(_WORK, part)


def work(payload: list[_Part]) -> Iterator[bytes]:
    """In a worker: the descriptions of each bucket, by the places of rows in it."""
    found = []
    for pids, fds, known in payload:
        sorter = Sorter(pids, fds)
        sorter.sort(list(range(len(pids))), known)
        found.append((sorter.groups, sorter.reasons, list(sorter.closed)))
    yield marshal.dumps(found)


_WORK = f"{__name__}:work"
