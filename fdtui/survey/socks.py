"""State, addresses and queues of sockets by inode, as the kernel's dumps tell them.

What the bpf engine sees of each socket by itself.  Sockets that no dump lists (unbound ones, and
families without one) are not known.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

from fdtui.linux import sockdiag
from fdtui.linux.netlink import open_socket
from fdtui.linux.netns import netns_of, open_socket_in
from fdtui.linux.procfs import Failure
from fdtui.linux.record import Sock
from fdtui.survey.scan import all_pids
from fdtui.survey.socket_peers import namespaces

_FAMILIES = (socket.AF_INET.value, socket.AF_INET6.value)
_TYPES = {"tcp": socket.SOCK_STREAM.value, "raw": socket.SOCK_RAW.value}
_DGRAM, _UNIX = socket.SOCK_DGRAM.value, socket.AF_UNIX.value
_NETLINK, _PACKET = socket.AF_NETLINK.value, socket.AF_PACKET.value


class Socks:
    """Dumps every network namespace there is, when first asked (60 ms for 25,000 sockets)."""

    def __init__(self) -> None:
        self.failures: dict[int, Failure] = {}  # by namespace
        self._spaces: dict[int, int] | None = None
        self._unix: dict[int, Sock] | None = None
        self._others: dict[int, Sock] | None = None

    def of(self, ino: int) -> Sock | None:
        """Return what is known of a socket."""
        found = self.unix(ino)
        if found is None:
            if self._others is None:
                self._others = self._load(_OTHERS)
            found = self._others.get(ino)
        return found

    def unix(self, ino: int) -> Sock | None:
        """Return what is known of a unix socket; the others are not asked for."""
        if self._unix is None:
            self._unix = self._load((("unix_diag", _unix),))
        return self._unix.get(ino)

    def _load(self, dumps: tuple[tuple[str, Dump], ...]) -> dict[int, Sock]:
        known: dict[int, Sock] = {}
        try:
            own = netns_of()
        except OSError:
            own = -1
        if self._spaces is None:
            self._spaces = namespaces(all_pids()) or {own: 0}
        for netns, pid in self._spaces.items():
            try:
                sock = open_socket() if netns == own else open_socket_in(pid)
            except OSError as error:
                self.failures[netns] = Failure("setns", error.errno or 0)
                continue
            with sock:
                for name, dump in dumps:
                    try:
                        known.update(dump(sock, netns))
                    except OSError as error:  # ENOENT: this kernel has no such family
                        self.failures.setdefault(netns, Failure(name, error.errno or 0))
        return known


Dump = Callable[[socket.socket, int], Iterator[tuple[int, Sock]]]


def _inet(family: int, protocol: str) -> Dump:
    number = sockdiag.INET_PROTOCOLS.get(protocol, sockdiag.IPPROTO_RAW)
    kind = _TYPES.get(protocol, _DGRAM)
    raw = protocol == "raw"

    def dump(sock: socket.socket, netns: int) -> Iterator[tuple[int, Sock]]:
        texts: dict[bytes, str] = {}
        for one in sockdiag.inet_sockets(sock, family, protocol):
            addresses = []
            for packed in (one.laddr, one.raddr):
                text = texts.get(packed)
                if text is None:
                    text = texts[packed] = socket.inet_ntop(family, packed)
                addresses.append(text)
            local, remote = addresses
            # fmt: off
            yield one.ino, Sock(
                family, kind, one.lport if raw else number, one.state, local, one.lport, remote,
                one.rport, one.recv_queue, one.send_queue, netns, 0, "",
            )
            # fmt: on

    return dump


def _unix(sock: socket.socket, netns: int) -> Iterator[tuple[int, Sock]]:
    for one in sockdiag.unix_sockets(sock).values():
        # fmt: off
        yield one.ino, Sock(
            _UNIX, one.type, 0, one.state, "", 0, "", 0, one.recv_queue, one.send_queue, netns,
            one.peer, one.path,
        )
        # fmt: on


def _netlink(sock: socket.socket, netns: int) -> Iterator[tuple[int, Sock]]:
    for one in sockdiag.netlink_sockets(sock):
        # fmt: off
        yield one.ino, Sock(
            _NETLINK, one.type, one.protocol, one.state, "", one.port, "", 0, None, None, netns,
            0, "",
        )
        # fmt: on


def _packet(sock: socket.socket, netns: int) -> Iterator[tuple[int, Sock]]:
    for one in sockdiag.packet_sockets(sock):
        # fmt: off
        yield one.ino, Sock(
            _PACKET, one.type, socket.htons(one.protocol), 7, "", 0, "", 0, None, None, netns, 0,
            "",
        )
        # fmt: on


_OTHERS: tuple[tuple[str, Dump], ...] = (
    *(
        (f"inet_diag {protocol}", _inet(family, protocol))
        for family in _FAMILIES
        for protocol in (*sockdiag.INET_PROTOCOLS, "raw")
    ),
    ("netlink_diag", _netlink),
    ("packet_diag", _packet),
)
