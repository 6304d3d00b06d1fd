"""TCP and UDP within one machine: which sockets are the ends of one connection, by addresses.

Only within one network namespace: the same addresses elsewhere are other machines, so to speak.
"""

from __future__ import annotations

from collections.abc import Iterator

from fdtui.linux.lean import TYPE_CHECKING, NamedTuple, socket
from fdtui.linux.sockdiag import TCP_CLOSE, TCP_ESTABLISHED, TCP_LISTEN
from fdtui.survey.relation import Related

if TYPE_CHECKING:
    from typing import TypeAlias


_INET, _INET6 = socket.AF_INET, socket.AF_INET6
_MAPPED = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96, IPv4 on an IPv6 socket

Item: TypeAlias = tuple[int, int, bytes]  # inode, state, ends as `inet_keys` has them


class _Group:
    """The sockets of one namespace, family and protocol."""

    __slots__ = ("_ports", "by_ends", "by_ino", "family", "mapped", "netns", "protocol", "twice")

    def __init__(self, netns: int, family: int, protocol: str, items: list[Item]) -> None:
        self.netns = netns
        self.family = family
        self.protocol = protocol
        self.by_ino = {item[0]: item for item in items}
        self._ports: dict[int, dict[bytes, list[Item]]] = {}  # made when first needed
        self.by_ends = {
            item[2]: item[0] for item in items if item[1] != TCP_LISTEN and item[1] != TCP_CLOSE
        }
        states = [item[1] for item in items]
        connected = len(items) - states.count(TCP_LISTEN) - states.count(TCP_CLOSE)
        # The same ends twice: bound to different interfaces, or UDP with SO_REUSEADDR.
        self.twice: dict[bytes, list[int]] = {}
        if len(self.by_ends) < connected:
            for ino, _, ends in filter(_is_connected, items):
                self.twice.setdefault(ends, []).append(ino)
        self.mapped: dict[bytes, list[int]] = {}
        if family == _INET6:
            for ino, _, ends in filter(_is_connected, items):
                if ends[4:16] == _MAPPED:
                    self.mapped.setdefault(_plain(family, ends)[1], []).append(ino)

    def at(self, family: int, ends: bytes) -> list[int]:
        """Return the sockets with these ends; IPv4 ones may be of either family."""
        if family != self.family:
            return self.mapped.get(ends, [])
        if self.twice:
            return self.twice.get(ends, [])
        found = self.by_ends.get(ends)
        return [] if found is None else [found]

    def with_port(self, at: int, port: bytes) -> list[Item]:
        """Return the sockets with this local (`at` 0) or remote (2) port."""
        if at not in self._ports:
            ports: dict[bytes, list[Item]] = {}
            for item in self.by_ino.values():
                key = item[2][at : at + 2]
                if key in ports:
                    ports[key].append(item)
                else:
                    ports[key] = [item]
            self._ports[at] = ports
        return self._ports[at].get(port, [])


class _Inet(NamedTuple):
    """One socket in its group."""

    group: _Group
    ino: int
    state: int
    key: bytes


class InetPeers:
    """Filled with dumps; asked by inode."""

    def __init__(self) -> None:
        self._groups: list[_Group] = []

    def __contains__(self, ino: int) -> bool:
        return any(ino in group.by_ino for group in self._groups)

    def inodes(self) -> Iterator[int]:
        """Yield those of all sockets."""
        for group in self._groups:
            yield from group.by_ino

    def add(self, netns: int, family: int, protocol: str, sockets: list[Item]) -> None:
        """Add the sockets of one namespace, as `sockdiag.inet_keys` yields them."""
        self._groups.append(_Group(netns, family, protocol, sockets))

    def of(self, ino: int) -> list[Related]:
        """Return the sockets related to this one."""
        for group in self._groups:
            item = group.by_ino.get(ino)
            if item is not None:
                ends = item[2]
                other = group.by_ends.get(ends[2:4] + ends[:2] + ends[20:] + ends[4:20])
                if other is not None and not group.twice:
                    return [(other, "other end")]
                one = _Inet(group, *item)
                return self._of_tcp(one) if group.protocol == "tcp" else self._of_udp(one)
        return []

    def pairs(self) -> dict[int, int]:
        """Return the sockets that are found by mirrored ends alone, and their other ends."""
        found: dict[int, int] = {}
        for group in self._groups:
            if group.twice:
                continue
            find = group.by_ends.get
            for ino, _, ends in group.by_ino.values():
                other = find(ends[2:4] + ends[:2] + ends[20:] + ends[4:20])
                if other is not None:
                    found[ino] = other
        return found

    def _of_tcp(self, one: _Inet) -> list[Related]:
        if one.state == TCP_LISTEN:
            return [
                (ino, "accepted")
                for ino, state, ends in one.group.with_port(0, one.key[:2])
                if state not in (TCP_LISTEN, TCP_CLOSE) and _at(one.key[4:20], ends[4:20])
            ]
        found: list[Related] = [(ino, "other end") for ino in self._mirrored(one)]
        if not found and one.state == TCP_ESTABLISHED and _is_local(one):
            # The other end has no inode before accept(2).
            found = [
                (other.ino, "listener")
                for other in self._with_port(one.group, 0, one.key[2:4])
                if other.state == TCP_LISTEN and _reaches(one, other)
            ]
        return found

    def _of_udp(self, one: _Inet) -> list[Related]:
        if one.state != TCP_CLOSE:
            found: list[Related] = [(ino, "other end") for ino in self._mirrored(one)]
            if not found and _is_local(one):
                found = [
                    (other.ino, "server")
                    for other in self._with_port(one.group, 0, one.key[2:4])
                    if other.state == TCP_CLOSE and _reaches(one, other)
                ]
            return found
        return [
            (other.ino, "client")
            for other in self._with_port(one.group, 2, one.key[:2])
            if other.state != TCP_CLOSE
            and _is_local(other)
            and _reaches(other, one)
            and not self._mirrored(other)
        ]

    def _mirrored(self, one: _Inet) -> list[int]:
        family, key = _plain(one.group.family, one.key)
        ends = key[2:4] + key[:2] + key[20:36] + key[4:20]
        return [ino for group in self._like(one.group) for ino in group.at(family, ends)]

    def _like(self, group: _Group) -> list[_Group]:
        """The groups of both families."""
        return [
            other
            for other in self._groups
            if other.netns == group.netns and other.protocol == group.protocol
        ]

    def _with_port(self, group: _Group, at: int, port: bytes) -> list[_Inet]:
        return [
            _Inet(like, *item) for like in self._like(group) for item in like.with_port(at, port)
        ]


def _is_connected(item: Item) -> bool:
    return item[1] not in (TCP_LISTEN, TCP_CLOSE)


def _plain(family: int, key: bytes) -> tuple[int, bytes]:
    """The family and ends of a connection; IPv4 on an IPv6 socket is IPv4."""
    if family == _INET6 and key[4:16] == _MAPPED:
        pad = bytes(12)
        return _INET, key[:4] + key[16:20] + pad + key[32:36] + pad
    return family, key


def _at(bound: bytes, address: bytes) -> bool:
    """Does a socket bound there get what is sent to this address of the same family?"""
    return bound == address or not any(bound)


def _reaches(sender: _Inet, receiver: _Inet) -> bool:
    """Does what this socket sends arrive at that bound one?"""
    family, key = _plain(sender.group.family, sender.key)
    bound = receiver.key[4:20]
    if receiver.group.family == family:
        return _at(bound, key[20:36])
    # IPv4 arrives at IPv6 sockets bound to :: or to the mapped address.
    return receiver.group.family == _INET6 and _at(bound, _MAPPED + key[20:24])


def _is_local(one: _Inet) -> bool:
    """Is the remote address one of this machine's, as far as the socket itself tells?"""
    family, key = _plain(one.group.family, one.key)
    if key[20:36] == key[4:20]:
        return True
    if family == _INET:
        return key[20] == 127
    return key[20:36] == bytes(15) + b"\1"
