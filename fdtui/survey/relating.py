"""Sharing and peers of every row of the Machine place, worked out again now and then.

Each time costs about as much as a scan, so the time between two is many times what one took.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from fdtui.kinds import BY_NAME
from fdtui.linux.kcmp import kcmp_raw
from fdtui.linux.record import Record
from fdtui.linux.syscalls import KCMP_FILE
from fdtui.survey.decoding import info_of
from fdtui.survey.facts import Facts
from fdtui.survey.lookup import Lookup
from fdtui.survey.peers import PeerIndex, has_no_peer
from fdtui.survey.scan import Cancelled, never
from fdtui.survey.sharing import Descriptor, sharing_of_records
from fdtui.survey.socket_peers import namespaces, socket_peers
from fdtui.survey.socks import Socks

DUTY = 0.1  # of the time, at most
QUIET = 5.0  # seconds between two when no table changed: sockets change state without
_SLICE = 4_096  # rows between two looks at `cancelled`


class Relating:
    """Knows when it is time, and what to add to each row."""

    def __init__(self, duty: float = DUTY, clock: Callable[[], float] = time.monotonic) -> None:
        self._duty = duty
        self._clock = clock
        self._ended: float | None = None
        self._cost = 0.0

    def due(self, changed: bool) -> bool:
        """Has enough time passed since the last one?"""
        if self._ended is None:
            return True
        since = self._clock() - self._ended
        return since >= self._cost / self._duty and (changed or since >= QUIET)

    def relate(
        self, rows: Iterable[list[Facts]], names: dict[int, str], cancelled: Cancelled = never
    ) -> bool:
        """Replace the rows in these tables by ones that know more; False when cancelled."""
        began = self._clock()
        tables = list(rows)
        done = self._add(tables, names, cancelled)
        self._ended = self._clock()
        self._cost = self._ended - began
        return done

    def _add(
        self, tables: Sequence[list[Facts]], names: dict[int, str], cancelled: Cancelled
    ) -> bool:
        records = [one.record for table in tables for one in table]
        shared = sharing_groups(records, cancelled)
        if cancelled():
            return False
        index = PeerIndex.build(records, socket_peers(namespaces(names)), Lookup(names))
        socks = Socks()
        done = 0
        for table in tables:
            for at, facts in enumerate(table):
                record = facts.record
                found = shared.get((record.pid, record.fd))
                peers = () if has_no_peer(record) else index.of_record(record)
                info = facts.info
                if record.sockproto and facts.kind:
                    # In /proc a socket says nothing of its state: it changes and the row does not.
                    info = info_of(BY_NAME[facts.kind], record, socks)
                sharing, count = found or (None, None)
                now = (sharing, count, peers, info)
                if now != (facts.sharing, facts.shared, facts.peers, facts.info):
                    table[at] = facts._replace(
                        sharing=sharing, shared=count, peers=peers, info=info
                    )
            done += len(table)
            if done >= _SLICE:
                done = 0
                if cancelled():
                    return False
        return True


def sharing_groups(
    records: Sequence[Record], cancelled: Cancelled = never
) -> dict[Descriptor, tuple[str, int]]:
    """Return (id, how many share it) of every descriptor for which that is known.

    What the iterator says is of the moment it ran, and tables are read at different times: an
    address may be another description's by now, so kcmp(2) confirms it.
    """
    sets = sharing_of_records(records, cancelled)
    by_iterator = {(one.pid, one.fd): one for one in records if one.ofd}
    groups: dict[Descriptor, tuple[str, int]] = {}
    for members in sets.all_sets():
        confirmed = _confirmed(members) if members[0] in by_iterator else list(members)
        for one in members:
            mine = confirmed if one in confirmed else [one]
            groups[one] = (f"{mine[0][0]}:{mine[0][1]}", len(mine))
    for record in records:
        key = (record.pid, record.fd)
        if key not in groups and key not in sets.reasons and record.fd >= 0:
            groups[key] = (f"{record.pid}:{record.fd}", 1)
    return groups


def _confirmed(members: Sequence[Descriptor]) -> list[Descriptor]:
    """Those that are the first one's description; all of them where kcmp is refused."""
    (pid, fd), *others = members
    orders = [kcmp_raw(pid, other, KCMP_FILE, fd, number) for other, number in others]
    if orders and min(orders) < 0 and all(order < 0 for order in orders):
        return list(members)
    same = [one for one, order in zip(others, orders, strict=True) if order == 0]
    return [members[0], *same]
