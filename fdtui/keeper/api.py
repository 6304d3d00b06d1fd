"""What the keeper can be asked, as the screens and commands see it; tests give a fake."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from fdtui.acquire.base import Target, Verdict
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry

if TYPE_CHECKING:
    from fdtui.keeper.operations import Reply
    from fdtui.linux.scm import HasFileno


@dataclass(frozen=True, slots=True)
class Acquired:
    """A descriptor the keeper has, for a view (`held` False) or kept (`held` True).

    `entry` is what was acquired, never what was listed; `kind` is classified from it.
    """

    id: int
    target: Target
    comm: str
    via: str
    shares_description: bool
    kind: str
    view: str  # View's value: bytes, queue, entries, state
    reads: str  # "shared" or "private": the description that bytes are read through
    entry: Entry
    info: Info
    held: bool


class BadBlock(NamedTuple):
    """A stretch that could not be read."""

    offset: int
    length: int
    errno: int


@dataclass(frozen=True, slots=True)
class Window:
    """Bytes at an offset, and how things stood when they were read.

    `data` may be short (end of file).  Bad blocks are zero-filled in `data`.
    `why` is not empty when no byte may be seen, in a sentence.
    """

    offset: int
    data: bytes
    size: int | None  # of the file, or bytes queued
    pos: int | None  # the target's own offset, None where it means nothing
    entry: Entry
    errors: tuple[BadBlock, ...] = ()
    why: str = ""


class DirEntry(NamedTuple):
    """A name in a directory; `type` as ls -F marks directories and links: / @ or ""."""

    name: str
    type: str
    ino: int


class Match(NamedTuple):
    """Where a search ended: `offset` None when nothing was found; `searched` in bytes."""

    offset: int | None
    length: int
    searched: int


@dataclass(frozen=True, slots=True)
class Hold:
    """One row of Held."""

    acquired: Acquired
    since: float  # time.time()
    pinned: bool
    in_target: Literal["open", "closed", "exited", "unknown"]
    changed_at: float  # when in_target became what it is
    cost: str  # "" costs nothing; one sentence otherwise


class Event(NamedTuple):
    """Something that happened without being asked for: verb, about what, words."""

    verb: str  # took looked released noticed failed received ...
    about: str
    detail: str
    hold_id: int


Progress = Callable[[int, int], None]  # bytes done, bytes in all; called in the reader thread


class Keeper(Protocol):
    """Every method returns at once; the future fails with FdtuiError or CallFailed."""

    @property
    def pid(self) -> int:
        """The process that has what is acquired; 0 while it is not known."""

    def look(self, target: Target, via: str | None = None) -> Future[Acquired]:
        """Borrow for a view, by `via` or the first method that can; release() ends it."""

    def steal(self, target: Target, via: str | None = None) -> Future[Acquired]:
        """Acquire and keep until released, or until the target closes its own."""

    def window(self, id: int, offset: int, length: int) -> Future[Window]:
        """Read bytes at an offset, or what is queued (offset 0)."""

    def state(self, id: int) -> Future[tuple[Entry, Info]]:
        """Look once more: entry and everything decoded."""

    def entries(self, id: int, limit: int = 100_000) -> Future[list[DirEntry]]:
        """List a directory through a description of our own."""

    def search(
        self,
        id: int,
        pattern: bytes,
        *,
        regex: bool,
        ignore_case: bool,
        start: int,
        backwards: bool,
        progress: Progress | None = None,
    ) -> Future[Match]:
        """Find the first match at or after `start`; backwards, the last that begins before it.

        An expression is one of Python's re with MULTILINE.  Cancel the future to stop.
        """

    def perform(
        self,
        op: str,
        id: int,
        args: Info | None = None,
        payload: bytes = b"",
        *,
        progress: Progress | None = None,
        timeout: float = float("inf"),
    ) -> Future[Reply]:
        """Ask for an operation of `fdtui.keeper.ops`; cancel the future to stop."""

    def serve(
        self, op: str, args: Info | None = None, *, timeout: float = float("inf")
    ) -> Future[Reply]:
        """Ask for a service of `fdtui.keeper.ops`, which concerns no descriptor."""

    def give(
        self, op: str, descriptor: HasFileno, args: Info | None = None, *, timeout: float = 5.0
    ) -> Future[Reply]:
        """Ask for a service and send it a descriptor of ours."""

    def glance(self, targets: Sequence[Target]) -> Future[list[tuple[Entry, Info] | None]]:
        """Borrow each for microseconds and decode it; None where no method works."""

    def check(self, target: Target) -> Future[list[tuple[str, Verdict]]]:
        """Ask every method for its verdict, in the order of the chain."""

    def release(self, id: int) -> Future[None]:
        """Close it, in the thread that reads it."""

    def release_all(self) -> Future[int]:
        """Close everything held; returns how many."""

    def pin(self, id: int, on: bool) -> Future[None]:
        """Keep it when the target closes its own."""

    def held(self) -> Future[list[Hold]]:
        """List what is held."""

    def subscribe(self, callback: Callable[[Event], object]) -> None:
        """Call back (in the reader thread) for every event."""

    def close(self) -> None:
        """Let go of everything; returns at once even when the keeper is stuck."""
