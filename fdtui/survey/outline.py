"""Rows of a pass in columns of numbers: what sharing and peers are found in, without the rows.

A place is a descriptor as one number, pid << 32 | fd.
"""

from __future__ import annotations

import marshal
import stat
from array import array
from collections.abc import Hashable, Iterable

from fdtui.linux.lean import TYPE_CHECKING, cast
from fdtui.linux.record import Owner, Record, Row
from fdtui.survey.peers import EVENTFD, PIDFDS, has_no_peer, may_have_ends
from fdtui.survey.sharing import description_key, refusal

if TYPE_CHECKING:
    from typing import Self

_SOCKET, _PIPE = "socket:[", "pipe:["
_FD = (1 << 32) - 1
_O_CLOEXEC = 0o2000000  # of the descriptor, not of the description


def descriptor(place: int) -> tuple[int, int]:
    """Return (pid, fd)."""
    return place >> 32, place & _FD


class Column:
    """Numbers, each with the place it was found at, in order of places."""

    __slots__ = ("numbers", "places")

    def __init__(self, numbers: bytes = b"", places: bytes = b"") -> None:
        self.numbers, self.places = array("Q", numbers), array("Q", places)

    def add(self, number: int, place: int) -> None:
        self.numbers.append(number)
        self.places.append(place)

    def cut(self, length: int) -> None:
        """Forget what came after the first ones."""
        del self.numbers[length:], self.places[length:]


class Outline:
    """Of some tables, in order of pid and fd."""

    # fmt: off
    __slots__ = (
        "access", "inodes", "key_places", "keys", "names", "ofds", "pipes", "positions", "rare",
        "refused", "sockets",
    )
    # fmt: on

    def __init__(self) -> None:
        self.names: dict[int, str] = {}  # comm by pid
        self.sockets = Column()  # inodes
        self.pipes = Column()  # inodes
        self.access = bytearray()  # of the pipes: 4 read, 2 write, 6 both, 0 neither
        self.rare: list[Record] = []  # whose peers are found by more than numbers
        self.ofds = Column()  # of descriptions that may be shared, where the kernel numbers them
        self.inodes, self.positions = array("Q"), array("Q")  # of those, in the raw bytes
        # Where it does not: what all descriptors of a description have in common.  Sockets need
        # no more than their inodes.
        self.keys: list[Hashable] = []
        self.key_places = array("Q")
        self.refused: dict[int, str] = {}  # place -> why nothing is known of it

    def add(self, owner: Owner, rows: Iterable[Row]) -> None:
        """Take a table that was read from /proc."""
        self.names[owner.pid] = owner.comm
        for row in cast("Iterable[Record]", rows):  # but without their names
            pid, fd, link, access, flags, _, _, ino, dev, _, mode, _, _, nlink, *_ = row
            place = pid << 32 | fd
            if link.startswith(_SOCKET):
                self.sockets.add(int(link[8:-1]), place)
                continue
            if not link:
                self.refused[place] = refusal(Record._make(row))
                continue
            numbered = link.startswith(_PIPE)
            if (numbered or link[:1] == "/") and dev >= 0 <= flags:
                self.keys.append((dev << 64 | ino) << 32 | flags & ~_O_CLOEXEC)
            else:
                self.keys.append(description_key(Record._make(row)))
            self.key_places.append(place)
            if numbered:
                self.pipes.add(int(link[6:-1]), place)
                self.access.append(max(access, 0))
            elif link[:1] != "/":
                if link == EVENTFD or link.startswith(PIDFDS):
                    self.rare.append(Record._make(row))
            elif nlink < 0 or not stat.S_ISDIR(mode):
                record = Record._make(row)
                if nlink < 0 or (
                    not has_no_peer(record) and (may_have_ends(record) or stat.S_ISCHR(mode))
                ):
                    self.rare.append(record)

    def mark(self) -> tuple[int, int, int]:
        """How far the columns are that the iterator fills."""
        return len(self.ofds.places), len(self.sockets.places), len(self.pipes.places)

    def cut(self, mark: tuple[int, int, int]) -> None:
        """Forget what the iterator said since."""
        for column, length in zip((self.ofds, self.sockets, self.pipes), mark, strict=True):
            column.cut(length)
        del self.access[mark[2] :], self.inodes[mark[0] :], self.positions[mark[0] :]

    def packed(self) -> bytes:
        """As bytes, for `unpacked`; `ofds` stay where they are."""
        rare = list(map(tuple, self.rare))
        return marshal.dumps(
            (
                self.names,
                self.sockets.numbers,
                self.sockets.places,
                self.pipes.numbers,
                self.pipes.places,
                self.access,
                rare,
                self.keys,
                self.key_places,
                self.refused,
            )
        )

    @classmethod
    def unpacked(cls, data: memoryview) -> Self:
        """Undo `packed`."""
        # fmt: off
        (
            names, sockets, socket_places, pipes, pipe_places, access, rare, keys, key_places,
            refused,
        ) = marshal.loads(data)  # noqa: S302  from our own workers
        # fmt: on
        found = cls()
        found.names, found.keys, found.refused = names, keys, refused
        found.sockets = Column(sockets, socket_places)
        found.pipes = Column(pipes, pipe_places)
        found.access = bytearray(access)
        found.rare = list(map(Record._make, rare))
        found.key_places = array("Q", key_places)
        return found
