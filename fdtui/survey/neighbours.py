"""Peers and sharers of one process's descriptors, found in one pass over the whole machine.

Runs in a background thread: calls are short, the pass can be cancelled, nothing is kept open.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from fdtui.linux.lean import NamedTuple, socket
from fdtui.linux.netns import netns_of
from fdtui.linux.procfs import Entry, ProcFs
from fdtui.linux.record import Record
from fdtui.linux.sockdiag import INET_PROTOCOLS
from fdtui.survey.dealers import dealt_apart
from fdtui.survey.dealing import Dealer
from fdtui.survey.entryrecord import record_of
from fdtui.survey.iterating import iterated
from fdtui.survey.links import ProcessLinks
from fdtui.survey.lookup import Lookup
from fdtui.survey.origin import Kinship, Origin
from fdtui.survey.othernames import OtherNames
from fdtui.survey.peers import EVENTFD, Peer, PeerIndex, may_have_ends
from fdtui.survey.scan import Cancelled, EngineName, all_pids, never
from fdtui.survey.sharing import Descriptor, SharingSets
from fdtui.survey.socket_peers import (
    EVERYTHING,
    Dumps,
    SocketPeers,
    dump_namespaces,
    namespaces,
)
from fdtui.survey.tables import Tables
from fdtui.survey.watchers import EPOLL, Watcher, watchers

_MASTERS = ("/dev/ptmx", "/dev/pts/ptmx")
_FAMILIES = (socket.AF_INET, socket.AF_INET6)


class Neighbour(NamedTuple):
    """What the rest of the machine has to do with one descriptor."""

    peers: tuple[Peer, ...]
    sharers: tuple[Descriptor, ...]  # other descriptors of the same open file description
    same_path: tuple[Descriptor, ...]  # of other descriptions: see `Neighbours.opened_apart`
    sharing_id: str | None  # equal for all sharers; None: not known
    sharing_reason: str  # why some or all of it is not known; "" when all is


class Sharer(NamedTuple):
    """A sharer in words."""

    pid: int
    fd: int
    comm: str
    origin: Origin  # how the two likely came to share


class Neighbours:
    """Asked again and again about the process on the screen."""

    def __init__(self, procfs: ProcFs, engine: EngineName = "auto", workers: bool = True) -> None:
        """`engine`: "proc" makes no use of the kernel's iterator.

        `workers`: on a machine with many descriptors, share the work out to processes that stay.
        """
        self._procfs = procfs
        self._engine = engine
        self._workers = workers
        self._tables = Tables(procfs)  # of the last pass
        self._epolls: list[Record] = []  # of the last pass
        self._nowhere: set[int] = set()  # sockets in no namespace's dump: not bound, or unseen

    def of_process(
        self, pid: int, entries: Iterable[Entry], cancelled: Cancelled = never
    ) -> dict[int, Neighbour]:
        """Return what is known of each numbered descriptor; nothing when cancelled."""
        own = {entry.fd: record_of(entry) for entry in entries if isinstance(entry.fd, int)}
        tables = self._tables = Tables(self._procfs)
        mine = tables.of(pid)
        if mine is None:
            return {}
        sockets = self._sockets(pid, own.values())
        lookup = Lookup()
        ends: set[str] = set()  # links of possible peers
        for record in own.values():
            ends.update(_peer_links(record, sockets, lookup))
        wanted = {EPOLL, *ends, *(one.link for one in own.values() if one.link)}
        dealer = Dealer(mine, wanted, tables.comparing)
        tables.keep = dealer.links
        names = OtherNames(own.values())
        if not self._show(dealer, mine, tables, names, cancelled):
            return {}
        for link, other in names.found(lookup):
            dealer.know(link, other)
        sharing = dealer.finish(names.same)
        for fd in own.keys() - set(map(int, mine.fds)):
            closed = mine.error is None
            sharing.refuse((pid, fd), "closed meanwhile" if closed else str(mine.error), closed)
        self._epolls = [tables.record(one, EPOLL) for one in dealer.holders(EPOLL)]
        rows = (
            own[one[1]] if one[0] == pid and one[1] in own else tables.record(one, link)
            for link in ends
            for one in dealer.holders(link)
        )
        index = PeerIndex.build(rows, sockets, lookup)
        if cancelled():
            return {}
        return {fd: _neighbour(record, index, sharing, lookup) for fd, record in own.items()}

    def _show(
        self,
        dealer: Dealer,
        mine: ProcessLinks,
        tables: Tables,
        names: OtherNames,
        cancelled: Cancelled,
    ) -> bool:
        """Show `dealer` the tables of everybody; False when cancelled."""
        others = [pid for pid in all_pids() if pid != mine.pid]
        if self._engine != "proc":
            others = iterated(dealer, mine, others, cancelled)
        helped = tables.helped(mine.pid)
        if self._workers and not helped and not cancelled():
            refused = dealt_apart(dealer, mine, others, names, cancelled)
            others = others if refused is None else refused
        for table, later in tables.all(others, cancelled):
            dealer.take(table, later or helped)
            names.take(table, dealer.links)
        return not cancelled()

    def opened_apart(self, entry: Entry, neighbour: Neighbour) -> tuple[Descriptor, ...]:
        """Return the descriptors of the same file that have descriptions of their own.

        For one row, 4 us a candidate: a path names another file once it is deleted, or in another
        mount namespace.
        """
        if entry.stat is None:
            return ()
        lookup = Lookup()
        file = (os.makedev(*entry.stat.dev), entry.stat.ino)
        return tuple(
            other
            for other in neighbour.same_path
            if lookup.file(self._tables.record(other, entry.link))[:2] == file
        )

    def sharers(self, pid: int, fd: int, others: Iterable[Descriptor]) -> tuple[Sharer, ...]:
        """Say of each sharer who it is and how it likely came (10 us each: for one row)."""
        kinship = Kinship(self._procfs)
        lookup = Lookup()
        known = list(others)
        holders = {holder for holder, _ in known}
        return tuple(
            Sharer(*other, lookup.comm(other[0]), kinship.origin((pid, fd), other, holders))
            for other in known
        )

    def watched_by(self, entry: Entry) -> tuple[Watcher, ...]:
        """Return the epolls that watch it, of those the last pass saw (10 us each: for one row)."""
        return watchers(record_of(entry), self._epolls)

    def _sockets(self, pid: int, records: Iterable[Record]) -> SocketPeers:
        """Dump what can hold peers: the process's namespace, all others for what is not there."""
        inodes = {int(one.link[8:-1]): one for one in records if one.link.startswith("socket:[")}
        peers = SocketPeers()
        if not inodes:
            return peers
        dumps = _dumps({one.sockproto for one in inodes.values()})
        try:
            spaces = {netns_of(pid): pid}
        except OSError:
            spaces = {}
        dump_namespaces(peers, spaces, dumps)
        unknown = {
            ino
            for ino, one in inodes.items()
            if ino not in peers and ino not in self._nowhere and _dumps({one.sockproto}) != _NOTHING
        }
        if unknown:
            others = {
                netns: other
                for netns, other in namespaces(all_pids()).items()
                if netns not in spaces
            }
            dump_namespaces(peers, others, dumps)
            self._nowhere.update(ino for ino in unknown if ino not in peers)
        self._nowhere &= inodes.keys()
        return peers


_NOTHING = Dumps(False, frozenset())


def _dumps(protocols: set[str]) -> Dumps:
    """What to ask for, by system.sockprotoname; everything where that is not known."""
    if "" in protocols:
        return EVERYTHING
    # IPv6 sockets speak to IPv4 ones: both families of a protocol.
    words = {protocol.lower().removesuffix("v6").replace("-lite", "lite") for protocol in protocols}
    return Dumps(
        any(word.startswith("unix") for word in words),
        frozenset((family, word) for word in words & set(INET_PROTOCOLS) for family in _FAMILIES),
    )


def _peer_links(record: Record, sockets: SocketPeers, lookup: Lookup) -> list[str]:
    """The links that peers of a descriptor have."""
    link = record.link
    if link.startswith("socket:["):
        return [f"socket:[{ino}]" for ino, _ in sockets.of(int(link[8:-1]))]
    if link.endswith("/ptmx"):
        return [f"/dev/pts/{lookup.line(record, 'tty-index')}"]
    if "/pts/" in link:
        return list(_MASTERS)
    if link.startswith("pipe:[") or may_have_ends(record):
        return [link]
    return []


def _neighbour(record: Record, index: PeerIndex, sharing: SharingSets, lookup: Lookup) -> Neighbour:
    pid, fd = record.pid, record.fd
    sharers = sharing.sharers(pid, fd)
    if record.link == EVENTFD:
        # A counter has one description: who shares it is at the other end too.
        peers = tuple(Peer(*one, lookup.comm(one[0]), "same counter") for one in sharers)
    else:
        if record.access >= 0:
            lookup.know_access(sharers, record.access)
        peers = index.of_record(record)
    return Neighbour(
        peers,
        sharers,
        sharing.opened_apart(record),
        sharing.id(pid, fd),
        sharing.reason(record),
    )
