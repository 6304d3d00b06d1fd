"""Sharing and peers of the rows that `ls` prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fdtui.linux.lean import TYPE_CHECKING
from fdtui.linux.record import Owner, Record
from fdtui.survey.facts import Facts
from fdtui.survey.lookup import Lookup
from fdtui.survey.peers import PeerIndex, has_no_peer
from fdtui.survey.scan import EngineName
from fdtui.survey.sharing import SharingSets, sharing_of_records
from fdtui.survey.socket_peers import namespaces, socket_peers

if TYPE_CHECKING:
    from fdtui.survey.neighbours import Neighbour


class Relations:
    """Of the whole machine: built from all tables, asked row by row."""

    def __init__(
        self, owners: Iterable[Owner], records: Sequence[Record], sharing: bool, peers: bool
    ) -> None:
        names = {owner.pid: owner.comm for owner in owners}
        self._sharing: SharingSets | None = sharing_of_records(records) if sharing else None
        self._peers: PeerIndex | None = None
        if peers:
            sockets = socket_peers(namespaces(names))
            self._peers = PeerIndex.build(records, sockets, Lookup(names))

    def add(self, facts: Facts) -> Facts:
        """Add what is known of a row."""
        record = facts.record
        if facts.special or record.fd < 0:
            return _alone(facts, self._sharing is not None, self._peers is not None)
        if self._sharing is not None:
            pid, fd = record.pid, record.fd
            facts = facts._replace(
                sharing=self._sharing.id(pid, fd),
                sharing_reason=self._sharing.reasons.get((pid, fd), ""),
                shared=self._sharing.count(pid, fd),
            )
        if self._peers is not None:
            found = () if has_no_peer(record) else self._peers.of_record(record)
            facts = facts._replace(peers=found)
        return facts


def of_processes(
    rows: Sequence[Facts], sharing: bool, peers: bool, engine: EngineName
) -> list[Facts]:
    """Of a few processes: one pass over the machine for each."""
    from fdtui.linux.procfs import ProcFs
    from fdtui.survey.neighbours import Neighbours

    neighbours = Neighbours(ProcFs(), engine)
    by_pid: dict[int, list[Facts]] = {}
    for one in rows:
        by_pid.setdefault(one.owner.pid, []).append(one)
    found: list[Facts] = []
    for pid, those in by_pid.items():
        entries = [one.record.entry for one in those if not one.special and one.record.fd >= 0]
        around = neighbours.of_process(pid, entries)
        for one in those:
            near = None if one.special else around.get(one.record.fd)
            if near is not None:
                found.append(_with(one, near, sharing, peers))
            else:
                found.append(_alone(one, sharing, peers))
    return found


def _alone(one: Facts, sharing: bool, peers: bool) -> Facts:
    """Of what is no descriptor, or none any more."""
    if sharing:
        one = one._replace(sharing_reason="no descriptor" if one.special else "closed meanwhile")
    return one._replace(peers=()) if peers else one


def _with(one: Facts, near: Neighbour, sharing: bool, peers: bool) -> Facts:
    if sharing:
        reason = near.sharing_reason if near.sharing_id is None else ""
        one = one._replace(
            sharing=near.sharing_id, sharing_reason=reason, shared=len(near.sharers) + 1
        )
    return one._replace(peers=near.peers) if peers else one
