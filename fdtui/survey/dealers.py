"""The search for sharers shared out to worker processes: each deals a part of the machine."""

from __future__ import annotations

import marshal
from collections.abc import Collection, Iterator

from fdtui.linux.lean import TYPE_CHECKING
from fdtui.survey.comparing import Comparing
from fdtui.survey.dealing import Dealer
from fdtui.survey.links import ProcessLinks, process_links
from fdtui.survey.othernames import OtherNames
from fdtui.survey.scan import Cancelled, counts

if TYPE_CHECKING:
    from typing import TypeAlias

    from fdtui.survey.workers import Job

PAYS_FROM = 20_000  # descriptors, 45 ms: below, workers are not worth their start and 10 MB each
_JOB = 3_000  # descriptors of one job, 8 ms
_PROCESS_COST = 8  # an empty table costs as much as that many descriptors

_Payload: TypeAlias = tuple[list[int], int, list[int], list[str], list[str], bool]


def dealt_apart(
    dealer: Dealer,
    mine: ProcessLinks,
    pids: Collection[int],
    names: OtherNames,
    cancelled: Cancelled,
) -> list[int] | None:
    """Tell `dealer` and `names` of these processes; returns those that may not be looked at.

    None, nothing told: it does not pay, or workers cannot be had now.
    """
    sizes = counts(pids)
    if sum(sizes.values()) < PAYS_FROM:
        return None
    from fdtui.survey.shared_workers import shared  # as small machines need none of it

    frames = shared.run(_jobs(dealer, mine, sizes, bool(names)), cancelled)
    if frames is None:
        return None
    refused: list[int] = []
    for frame in frames:
        report, unseen, holders = marshal.loads(frame)  # noqa: S302  from our own child
        dealer.merge(report)
        names.merge(holders)
        refused += unseen
    return refused


def _jobs(dealer: Dealer, mine: ProcessLinks, sizes: dict[int, int], names: bool) -> Iterator[Job]:
    from fdtui.survey.workers import Job

    wanted = list(dealer.links)
    fds, links = list(map(int, mine.fds)), list(mine.links)
    part: list[int] = []
    cost = 0
    for pid, size in sizes.items():
        part.append(pid)
        cost += size + _PROCESS_COST
        if cost >= _JOB:
            yield Job(_WORK, (part, mine.pid, fds, links, wanted, names))
            part, cost = [], 0
    if part:
        yield Job(_WORK, (part, mine.pid, fds, links, wanted, names))


def work(payload: _Payload) -> Iterator[bytes]:
    """In a worker: (pids, the process asked about, its table in two lists, links, other names)."""
    pids, pid, fds, links, wanted, names = payload
    dealer = Dealer(ProcessLinks(pid, fds, links, None), wanted, Comparing())
    others = OtherNames(())
    refused: list[int] = []
    for table in process_links(pids):
        if table.error is not None:
            refused.append(table.pid)
        else:
            dealer.take(table)
            if names:
                others.collect(table, dealer.links)
    yield marshal.dumps((dealer.report(), refused, others.holders))


_WORK = f"{__name__}:work"
