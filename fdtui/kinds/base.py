"""What a kind of descriptor is: how to recognise, describe, look at and warn about it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from fdtui.errors import CallFailed
from fdtui.kinds.facts import Facts
from fdtui.linux.json_types import Info
from fdtui.linux.lean import TYPE_CHECKING, NamedTuple
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry, Failure
from fdtui.linux.spans import Role, Span, Spans

if TYPE_CHECKING:
    from typing import ClassVar


class Fit(int):
    """How sure a kind is that an entry is its own; the highest claim wins, a tie is a bug."""

    NO: ClassVar[Fit]
    FALLBACK: ClassVar[Fit]  # nobody else knows it
    BY_TYPE: ClassVar[Fit]  # the file type says so (st_mode)
    BY_FACT: ClassVar[Fit]  # a fact that no name can fake: device, protocol name, fdinfo line
    BY_OPENING: ClassVar[Fit]  # O_PATH: whatever the file is, this descriptor cannot read it


Fit.NO, Fit.FALLBACK, Fit.BY_TYPE, Fit.BY_FACT, Fit.BY_OPENING = map(Fit, range(5))


class View(str):
    """What `enter` shows."""

    BYTES: ClassVar[View]  # bytes at offsets: hex and text
    QUEUE: ClassVar[View]  # what is queued, looked at and left
    ENTRIES: ClassVar[View]  # the entries of a directory
    STATE: ClassVar[View]  # decoded live state; it has no bytes


View.BYTES, View.QUEUE, View.ENTRIES, View.STATE = map(View, ["bytes", "queue", "entries", "state"])


class Borrow(str):
    """How long a view may keep the descriptor it borrowed."""

    VIEW: ClassVar[Borrow]  # until the view is left
    LOOK: ClassVar[Borrow]  # microseconds, once per look: holding it has a price


Borrow.VIEW, Borrow.LOOK = Borrow("view"), Borrow("look")


class Family(NamedTuple):
    """A glyph of `ls -F`, continued, and what it stands for."""

    glyph: str
    meaning: str


BYTES = Family("-", "bytes at offsets")
DIRECTORY = Family("/", "a directory")
QUEUE = Family("|", "a one-way queue")
SOCKET = Family("=", "a socket")
TERMINAL = Family("$", "a terminal")
DEVICE = Family("%", "a device")
EVENTS = Family("*", "events")
HANDLE = Family("@", "a handle on something else")
PROGRAM = Family("&", "kernel program or policy")
UNDECODED = Family("?", "not decoded")


class Counter(NamedTuple):
    """A count that only grows: a view that looks again tells how fast, in place of the note."""

    value: int
    of_bytes: bool = False
    of_time: bool = False  # nanoseconds


class Fact(NamedTuple):
    """One line of a pane or a state view: muted key, value, muted note.

    `share`, 0 to 1, is how full something is: drawn as a bar where there is room.
    """

    key: str
    value: Spans
    note: str = ""
    share: float | None = None
    counter: Counter | None = None


class Section(NamedTuple):
    """A head and its lines."""

    head: str
    facts: tuple[Fact, ...]


class Unseen(NamedTuple):
    """Why bytes cannot be shown safely, in a sentence."""

    why: str


class FdKind(ABC):
    """One kind of file descriptor.  A module in this package ends in `KIND = ...`.

    It judges by `Facts`, which hold no path, and looks through a `Peek`, which has no number.
    """

    name: ClassVar[str]  # the word of JSON and filters
    label: ClassVar[str]  # at most 8 cells
    family: ClassVar[Family]
    view: ClassVar[View] = View.STATE
    borrow: ClassVar[Borrow] = Borrow.LOOK
    examines: ClassVar[bool] = False  # True: an acquired descriptor tells more than /proc

    @abstractmethod
    def fit(self, facts: Facts) -> Fit:
        """Judge by facts of the kernel; asked once for all entries that share them."""

    def describe(self, entry: Entry) -> Info:
        """Decode what /proc alone tells, keys as in UX (`eventfd_count`, `seals` ...)."""
        return {}

    def examine(self, peek: Peek, entry: Entry) -> Info:
        """Decode what only an acquired descriptor tells, without disturbing; adds to `describe`.

        Called in the keeper or in a command, at each look.  OSError becomes a row.
        """
        return {}

    def size(self, entry: Entry, info: Info) -> int | None:
        """Return the SIZE cell in bytes: st_size, or bytes queued; None for blank."""
        return None

    def position(self, entry: Entry) -> int | None:
        """Return the POS cell; None where an offset means nothing."""
        return None

    def target(self, entry: Entry, info: Info) -> Spans:
        """Return the TARGET cell, whole; the table shortens it."""
        return (Span(entry.link),)

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        """Return the kind's own lines of the detail pane, most wanted first.

        Flags, device and inode, owner, sharers and peers are the same for every kind and are not
        among them.
        """
        return ()

    def state(self, entry: Entry, info: Info) -> tuple[Section, ...]:
        """Return the state view, for `View.STATE` and above the queue of a socket."""
        details = self.details(entry, info)
        return (Section(self.name, details),) if details else ()

    def read(self, peek: Peek, offset: int, length: int) -> bytes | Unseen:
        """Return bytes at an offset (`View.BYTES`) or from the head of the queue (`View.QUEUE`)."""
        return Unseen(f"a {self.name} has no bytes")

    def private_reader(self) -> bool:
        """True: the view reads through a private description of the same file where it can."""
        return False

    def hold_cost(self, entry: Entry, info: Info) -> str:
        """Return what holding it costs the target, one clause; "" for nothing."""
        return ""


def decode(kind: FdKind, peek: Peek, entry: Entry) -> tuple[Entry, Info]:
    """Decode everything; what the kernel refuses becomes the entry's error, the rest stands."""
    info = kind.describe(entry)
    if not kind.examines:
        return entry, info
    try:
        info |= kind.examine(peek, entry)
    except CallFailed as error:
        entry = entry._replace(error=Failure(error.call, error.errno))
    except OSError as error:
        entry = entry._replace(error=Failure(kind.name, error.errno or 0))
    return entry, info


def fact(key: str, value: str | int, note: str = "", role: Role = "text") -> Fact:
    """Make a line of one span."""
    return Fact(key, (Span(str(value), role),), note)


def joined(parts: Sequence[Span]) -> Spans:
    """Return the parts with two blanks between."""
    out: list[Span] = []
    for part in parts:
        if out:
            out.append(Span("  "))
        out.append(part)
    return tuple(out)
