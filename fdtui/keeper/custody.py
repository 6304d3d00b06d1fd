"""Custody: what one look or hold has of a descriptor, and the ways to touch it.

Belongs to one thread; every call here may block on the file's server.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from fdtui.acquire.base import Target
from fdtui.acquire.identity import Identity, identity_of
from fdtui.errors import FdtuiError
from fdtui.keeper.acquiring import acquire
from fdtui.keeper.seeing import entry_of, fdinfo_of, same_file
from fdtui.kinds import classify
from fdtui.kinds.base import FdKind, decode
from fdtui.linux.json_types import Info
from fdtui.linux.owned import OwnedFd
from fdtui.linux.peek import Peek
from fdtui.linux.private import PrivatePeek
from fdtui.linux.procfs import Entry
from fdtui.linux.pseudofs import pseudofs


class Seen(NamedTuple):
    """One look: the facts, and what to read bytes with."""

    entry: Entry
    info: Info
    peek: Peek  # a PrivatePeek where the description is our own
    reader: OwnedFd  # what it looks through

    @property
    def private(self) -> bool:
        """Is the description that bytes are read through our own?"""
        return isinstance(self.peek, PrivatePeek)


@dataclass(slots=True)
class Custody:
    """`shared` is the target's description, `private` one of our own of the same file.

    `shared` is None where it is acquired anew for each look, or was dropped for `private`.
    """

    target: Target
    comm: str
    via: str
    shares_description: bool
    kind: FdKind
    identity: Identity
    entry: Entry  # as it was acquired
    shared: OwnedFd | None
    private: OwnedFd | None
    why: str  # why no byte may be read, "" when they may
    pidfd: OwnedFd | None

    @contextmanager
    def borrowed(self) -> Iterator[OwnedFd]:
        """Yield the target's description for one operation, verified where it is taken anew."""
        if self.shared is not None:
            yield self.shared
            return
        with acquire(self.target, self.via)[1] as owned:
            self._verify(owned)
            yield owned

    @contextmanager
    def seen(self) -> Iterator[Seen]:
        """Yield one look at it."""
        if self.private is not None:
            peek = PrivatePeek(self.private)
            entry = self._entry_by_private(self.private)
            yield Seen(*decode(self.kind, peek, entry), peek, self.private)
            return
        with self.borrowed() as owned:
            shared = Peek(owned)
            yield Seen(*decode(self.kind, shared, entry_of(owned, self.target)), shared, owned)

    def _entry_by_private(self, private: OwnedFd) -> Entry:
        if self.shared is not None:
            return entry_of(self.shared, self.target)
        own = entry_of(private, self.target)
        theirs = fdinfo_of(self.target)
        if theirs is None or own.info is None or not same_file(theirs, own.info):
            theirs = None  # closed, or another file by now: its offset says nothing
        return own._replace(access=self.entry.access, info=theirs)

    def _verify(self, owned: OwnedFd) -> None:
        entry = entry_of(owned, self.target)
        if classify(entry) is self.kind and same_identity(self.identity, self.entry, owned, entry):
            return
        raise FdtuiError(
            f"fd {self.target.fd} of {self.comm} {self.target.pid} now holds another file: "
            f"{entry.link}",
            "look at it again to see the new one",
        )

    def reads_privately(self) -> bool:
        """Are bytes read through a description that the target does not share?"""
        return self.private is not None or not self.shares_description

    def keeps_anything(self) -> bool:
        """True while a descriptor stays open between two looks."""
        return self.shared is not None or self.private is not None

    def close(self) -> None:
        """Close everything; blocks for as long as a hung FUSE or NFS server wants."""
        for owned in (self.shared, self.private, self.pidfd):
            if owned is not None:
                owned.let_go()


def same_identity(first: Identity, listed: Entry, owned: OwnedFd, entry: Entry) -> bool:
    """Is it the file that was looked at first?  Names may change, files may not.

    Anonymous inodes share one inode number: there the text counts, and eventfd's own id.
    """
    now = identity_of(owned)
    if (now.dev, now.ino) != (first.dev, first.ino):
        return False
    if now.dev != pseudofs().anon_inode:
        return True
    return now.link == first.link and _unique(listed) == _unique(entry)


def _unique(entry: Entry) -> str | None:
    return entry.info.get("eventfd-id") if entry.info else None
