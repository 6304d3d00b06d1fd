"""The peers of places of a pass: what `peers` says of rows, without the rows of most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fdtui.linux.lean import TYPE_CHECKING
from fdtui.survey.lookup import Lookup
from fdtui.survey.outline import Outline
from fdtui.survey.peers import Peer, PeerIndex
from fdtui.survey.related import RelatedSockets
from fdtui.survey.socket_peers import SocketPeers

if TYPE_CHECKING:
    from typing import TypeAlias

    from fdtui.survey.relation import Related, Relation

    Found: TypeAlias = list[tuple[int, Relation]]  # places

_READ, _WRITE = 4, 2
_END: dict[int, Relation] = {_READ: "reader", _WRITE: "writer", 6: "reader and writer"}


class Ends:
    """Built from all outlines, asked about each."""

    def __init__(self, outlines: Sequence[Outline], sockets: RelatedSockets) -> None:
        self._sockets = sockets
        self._lookup = Lookup()
        self._socket: dict[int, int] = {}  # inode -> place of the first holder
        self._shared_socket: dict[int, list[int]] = {}  # of all, where there are several
        self._pipes: dict[int, list[tuple[int, int]]] = {}  # inode -> places with their access
        self._holders: dict[tuple[int, int], Found] = {}  # by inode and access
        for outline in outlines:
            self._lookup.know_names(outline.names)
            self._add(outline)
        rare = [record for outline in outlines for record in outline.rare]
        self._rare = PeerIndex.build(rare, SocketPeers(), self._lookup)

    def _add(self, outline: Outline) -> None:
        holder_of, shared = self._socket.setdefault, self._shared_socket
        column = outline.sockets
        for ino, place in zip(column.numbers, column.places, strict=True):
            holder = holder_of(ino, place)
            if holder != place:
                shared.setdefault(ino, [holder]).append(place)
        column = outline.pipes
        for ino, place, access in zip(column.numbers, column.places, outline.access, strict=True):
            if access:
                self._pipes.setdefault(ino, []).append((place, access))

    def comm(self, pid: int) -> str:
        """Return the name of a process."""
        return self._lookup.comm(pid)

    def numbered(self, outline: Outline) -> Iterator[tuple[int, Found]]:
        """Yield (place, peers in order) of the sockets and pipes that have some."""
        pairs, holder_of, shared = self._sockets.pairs.get, self._socket.get, self._shared_socket
        others = self._sockets.others
        column = outline.sockets
        for ino, place in zip(column.numbers, column.places, strict=True):
            other = pairs(ino)
            if other is not None and other not in shared:
                if (holder := holder_of(other)) is not None:
                    yield place, [(holder, "other end")]
            elif other is not None or ino in others:
                found = self._of_socket(ino)
                if found:
                    yield place, found
        column = outline.pipes
        for ino, place, access in zip(column.numbers, column.places, outline.access, strict=True):
            if not access:
                continue
            # Readers face writers; who opened for both faces everybody.
            faced = self._faced(ino, access >> 1 & _WRITE | access << 1 & _READ)
            found = [one for one in faced if one[0] != place]
            if found:
                yield place, found

    def _faced(self, ino: int, access: int) -> Found:
        """The holders of a pipe that have this access or some of it."""
        key = ino, access
        found = self._holders.get(key)
        if found is None:
            found = self._holders[key] = [
                (place, _END[its]) for place, its in self._pipes[ino] if its & access
            ]
        return found

    def _of_socket(self, ino: int) -> Found:
        found: Found = []
        related: list[Related]
        pair = self._sockets.pairs.get(ino)
        related = self._sockets.others[ino] if pair is None else [(pair, "other end")]
        for other, what in related:
            if other in self._shared_socket:
                found += [(one, what) for one in self._shared_socket[other]]
            elif other in self._socket:
                found.append((self._socket[other], what))
        found.sort(key=_place)
        return found

    def others(self, outline: Outline) -> Iterator[tuple[int, tuple[Peer, ...]]]:
        """Yield (place, peers) of the rows that are not found by numbers alone."""
        for record in outline.rare:
            peers = self._rare.of_record(record)
            if peers:
                yield record.pid << 32 | record.fd, peers


def _place(found: tuple[int, Relation]) -> int:
    return found[0]
