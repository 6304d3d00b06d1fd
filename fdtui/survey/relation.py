"""What two descriptors can be to each other."""

from __future__ import annotations

from fdtui.linux.lean import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from typing import TypeAlias


Relation: TypeAlias = Literal[
    "other end",  # of a connection or pair
    "accepted",  # a connection of this listener
    "listener",  # that has not accepted this connection yet
    "waiting",  # connected to this listener, not accepted yet
    "server",  # what this datagram socket sends to
    "client",  # a datagram socket that sends here
    "reader",
    "writer",
    "reader and writer",
    "master",
    "slave",
    "same counter",
    "process",
]
Related: TypeAlias = tuple[int, Relation]  # socket inode, what it is to the one asked about
