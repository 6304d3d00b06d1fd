"""Which sockets talk to which, by inode: dumps of each network namespace, and what they imply."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import product

from fdtui.linux import procnet, sockdiag
from fdtui.linux.lean import NamedTuple, Socket, socket
from fdtui.linux.netlink import open_socket
from fdtui.linux.netns import netns_of, open_socket_in
from fdtui.linux.procfs import Failure
from fdtui.linux.sockdiag import TCP_LISTEN
from fdtui.survey.inet_peers import InetPeers
from fdtui.survey.relation import Related

_DGRAM = socket.SOCK_DGRAM
_NOBODY = sockdiag.UnixSocket(0, 0, 0, b"", None, -1, (), 0, 0, -1, 0, 0)


class SocketPeers:
    """Built from dumps; asked by inode.  Sockets in no namespace that was dumped have no peers."""

    def __init__(self) -> None:
        self.failures: dict[int, Failure] = {}  # by namespace: what could not be asked, and why
        self.inet = InetPeers()
        self._unix: dict[int, int] = {}  # peer inode, -1 none, 0 not accepted yet
        self._unix_listening: set[int] = set()
        self._senders: dict[int, list[int]] | None = None  # unix sockets by the peer they name
        self._unix_names: Callable[[], Iterable[sockdiag.UnixSocket]] = tuple
        self._accepted: dict[tuple[object, ...], list[int]] | None = None
        self._unix_listeners: dict[int, sockdiag.UnixSocket] = {}

    def __contains__(self, ino: int) -> bool:
        return ino in self._unix or ino in self.inet

    def inodes(self) -> Iterator[int]:
        """Yield those of all sockets that were dumped."""
        yield from self._unix
        yield from self.inet.inodes()

    def of(self, ino: int) -> list[Related]:
        """Return the sockets related to this one, in order of inode."""
        peer = self._unix.get(ino)
        found = self.inet.of(ino) if peer is None else self._of_unix(ino, peer)
        return sorted(found) if len(found) > 1 else found

    def pairs(self) -> dict[int, int]:
        """Return the sockets related to one other end and to nobody else, with that end."""
        found = self.inet.pairs()
        unix, senders = self._unix, self._sending()
        for ino, peer in unix.items():
            if peer > 0 and unix.get(peer) == ino and ino not in senders:
                found[ino] = peer
        return found

    def _sending(self) -> dict[int, list[int]]:
        if self._senders is None:
            self._senders = {}
            for other, named in self._unix.items():
                if named > 0 and self._unix.get(named) != other:
                    self._senders.setdefault(named, []).append(other)
        return self._senders

    def add_unix(
        self,
        sockets: list[tuple[int, int, int]],
        names: Callable[[], Iterable[sockdiag.UnixSocket]],
    ) -> None:
        """Add (inode, state, peer) of one namespace; `names` is called if a listener is asked."""
        self._unix.update({ino: peer for ino, _, peer in sockets})
        self._unix_listening.update([ino for ino, state, _ in sockets if state == TCP_LISTEN])
        self._senders = None
        self._accepted = None
        before = self._unix_names
        self._unix_names = lambda: (*before(), *names())

    def _of_unix(self, ino: int, peer: int) -> list[Related]:
        if peer < 0 and ino in self._unix_listening:
            accepted, listener = self._unix_accepted(ino)
            return [(one, "accepted") for one in accepted] + [
                (one, "waiting") for one in listener.waiting if one
            ]
        found: list[Related] = []
        if peer > 0:
            mutual = self._unix.get(peer) == ino
            found.append((peer, "other end" if mutual else "server"))
        elif peer == 0:
            self._unix_accepted(0)
            found += [
                (listener.ino, "listener")
                for listener in self._unix_listeners.values()
                if ino in listener.waiting
            ]
        senders = self._sending()
        if ino in senders:
            found += [(other, "client") for other in senders[ino] if other != peer]
        return found

    def _unix_accepted(self, ino: int) -> tuple[list[int], sockdiag.UnixSocket]:
        """An accepted socket has its listener's name, bound to the same file."""
        if self._accepted is None:
            self._accepted = {}
            for one in self._unix_names():
                if one.state == TCP_LISTEN:
                    self._unix_listeners[one.ino] = one
                elif one.state == sockdiag.TCP_ESTABLISHED and one.name and one.type != _DGRAM:
                    key = (one.type, one.name, one.file)
                    self._accepted.setdefault(key, []).append(one.ino)
        listener = self._unix_listeners.get(ino, _NOBODY)
        return self._accepted.get((listener.type, listener.name, listener.file), []), listener


class Dumps(NamedTuple):
    """What to ask each namespace for: unix sockets, and families with protocols."""

    unix: bool
    inet: frozenset[tuple[int, str]]


_FAMILIES = (socket.AF_INET, socket.AF_INET6)
EVERYTHING = Dumps(True, frozenset(product(_FAMILIES, sockdiag.INET_PROTOCOLS)))


def namespaces(pids: Iterable[int]) -> dict[int, int]:
    """Return the network namespaces of these processes, and one process in each (2 us a pid)."""
    found: dict[int, int] = {}
    for pid in pids:
        try:
            found.setdefault(netns_of(pid), pid)
        except OSError:
            continue
    return found


def socket_peers(spaces: dict[int, int], dumps: Dumps = EVERYTHING) -> SocketPeers:
    """Dump the sockets of these namespaces (inode -> a process in it).

    One that may not be entered is read from /proc/PID/net, which tells nothing of unix sockets
    that could be trusted.
    """
    peers = SocketPeers()
    dump_namespaces(peers, spaces, dumps)
    return peers


def dump_namespaces(peers: SocketPeers, spaces: dict[int, int], dumps: Dumps) -> None:
    """Add what these namespaces tell."""
    try:
        own = netns_of()
    except OSError:
        own = -1
    for netns, pid in spaces.items():
        try:
            sock = open_socket() if netns == own else open_socket_in(pid)
        except OSError as error:
            peers.failures[netns] = Failure("setns", error.errno or 0)
            _read_proc(peers, netns, pid, dumps)
            continue
        with sock:
            _ask(peers, netns, pid, sock, dumps)


def _ask(peers: SocketPeers, netns: int, pid: int, sock: Socket, dumps: Dumps) -> None:
    if dumps.unix:

        def names() -> Iterable[sockdiag.UnixSocket]:
            try:
                with open_socket() if netns == netns_of() else open_socket_in(pid) as again:
                    return sockdiag.unix_names(again)
            except OSError:
                return ()

        try:
            peers.add_unix(sockdiag.unix_peers(sock), names)
        except OSError as error:
            peers.failures[netns] = Failure("unix_diag", error.errno or 0)
    for family, protocol in sorted(dumps.inet):
        try:
            peers.inet.add(netns, family, protocol, sockdiag.inet_keys(sock, family, protocol))
        except OSError as error:
            peers.failures[netns] = Failure(f"inet_diag {protocol}", error.errno or 0)


def _read_proc(peers: SocketPeers, netns: int, pid: int, dumps: Dumps) -> None:
    for family, protocol in sorted(dumps.inet):
        try:
            peers.inet.add(netns, family, protocol, list(procnet.inet_keys(pid, family, protocol)))
        except OSError:
            continue  # no such protocol here; that setns was refused is noted
