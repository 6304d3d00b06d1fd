"""What an action is: a name, what it fits, what it shows beforehand, the deed, and the way back."""

from __future__ import annotations

import errno
import shlex
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple, TypeAlias

from fdtui.acquire.base import Target
from fdtui.errors import CallFailed
from fdtui.keeper.actions.arguments import Args, Argument, usage
from fdtui.keeper.reading import Stretch
from fdtui.kinds.base import FdKind
from fdtui.linux.json_types import Info, Json
from fdtui.linux.owned import OwnedFd
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry
from fdtui.linux.written import Written
from fdtui.render.units import plural

Token: TypeAlias = dict[str, Json]  # what a confirmation is bound to, by the words that name it

FILES = frozenset({"regular", "memfd"})
STORED = FILES | {"block"}
PIPES = frozenset({"pipe", "fifo"})
TERMINALS = frozenset({"tty", "ptmx"})
STREAMS = frozenset({"unix", "tcp", "sctp", "vsock", "socket"})
SOCKETS = STREAMS | {"udp", "udplite", "raw", "ping", "netlink", "packet"}

_READ, _WRITE = 4, 2
_NEEDS = {_READ: "reading", _WRITE: "writing", _READ | _WRITE: "reading and writing"}
_CAUSES = {
    errno.EAGAIN: "it is full, and nobody takes from it",
    errno.EPIPE: "nobody is left to read it",
    errno.EDQUOT: "the quota of its owner is used up",
    errno.EFBIG: "larger than the file system or RLIMIT_FSIZE allows",
}


@dataclass(frozen=True, slots=True)
class Held:
    """What is acted on, looked at a moment ago.

    `owned` shares the target's description; `read(offset, length)` disturbs nobody.
    """

    owned: OwnedFd
    peek: Peek
    read: Callable[[int, int], Stretch]
    entry: Entry
    info: Info
    kind: FdKind
    target: Target
    comm: str
    via: str
    in_target: str  # open, closed, exited, unknown

    @property
    def size(self) -> int:
        """st_size in bytes, 0 where there is none."""
        return self.entry.stat.size if self.entry.stat else 0

    @property
    def pos(self) -> int:
        """The shared offset in bytes."""
        return self.entry.info.pos if self.entry.info else 0

    def has(self, flag: int) -> bool:
        """Is this file status flag set?"""
        return bool(self.entry.info and self.entry.info.flags & flag)

    def about(self) -> str:
        """Return `fd 7 of ingestd 4182`."""
        return f"fd {self.target.fd} of {self.comm} {self.target.pid}"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a confirmation shows; text of strangers in it is not made safe yet.

    `held` and `token` are filled in by `doing.preview`.  `size_after` in bytes, None for no file.
    """

    now: tuple[str, ...]
    after: tuple[str, ...]
    hazard: str
    undo: str
    calls: tuple[str, ...]
    notes: tuple[tuple[str, str], ...] = ()  # further rows: head and sentence
    size_after: int | None = None
    shared_by: str = ""  # what happens to who shares the description, two or three words
    held: tuple[str, ...] = ()
    token: Token = field(default_factory=dict)


class Outcome(NamedTuple):
    """What was done: a verb of the log, words, and the words of the action that undoes it.

    `undo_note` is said where no command undoes; `stopped` says why it was done in part only.
    """

    verb: str
    words: str
    undo: tuple[str, ...] = ()
    undo_note: str = ""
    stopped: str = ""


class Action(ABC):
    """One action.  A module in this package has `ACTIONS = (...)`; nothing else changes."""

    name: ClassVar[str]
    title: ClassVar[str]
    risk: ClassVar[str]  # what a menu says of it, at most 38 characters
    in_target: ClassVar[bool] = False  # done by the target itself, through injection
    kinds: ClassVar[frozenset[str] | None] = None  # None: every kind
    arguments: ClassVar[tuple[Argument, ...]] = ()
    access: ClassVar[int] = 0  # 4 read, 2 write: what the descriptor must be open for

    def heading(self, kind: str) -> str:
        """Return the title, as it is for this kind."""
        return self.title

    def danger(self, kind: str) -> str:
        """Return what a menu says of it for this kind, at most 38 characters."""
        return self.risk

    def unfit(self, kind: str, entry: Entry) -> str:
        """Say why it can't be offered for this descriptor; "" when it can."""
        if self.kinds is not None and kind not in self.kinds:
            return f"{self.name} is not for kind {kind}"
        missing = self.access & ~entry.access if entry.access >= 0 else 0
        return f"{self.name}: it is not open for {_NEEDS[missing]}" if missing else ""

    def usage(self) -> str:
        """Return `pwrite OFFSET TEXT`."""
        return f"{self.name} {usage(self.arguments)}".rstrip()

    def button(self) -> str:
        """Return the words on the dangerous button."""
        return self.title.lower()

    def essentials(self, held: Held, args: Args) -> Token:
        """Return what the confirmation is bound to, besides the identity of what is held.

        Only what would make the person decide otherwise: a log that grew is the same log.
        """
        return {}

    def again(self, held: Held, args: Args, shown: Token) -> Token:
        """Return the essentials as they are at the deed, to be compared with those `shown`."""
        return self.essentials(held, args)

    @abstractmethod
    def preview(self, held: Held, args: Args) -> Preview:
        """Say what is, what will be and what can go wrong.  Reads only."""

    @abstractmethod
    def perform(self, held: Held, args: Args, shown: Token) -> Outcome:
        """Do it.  CallFailed when the kernel says no and nothing was done."""


def effect_on_opener(preview: Preview, pos: int) -> str:
    """Say what another description of the same file, with its own offset, gets to see."""
    after = preview.size_after
    if after is None:
        return ""
    return "its offset will lie beyond the end" if pos > after else "sees the change"


def command_line(target: Target, words: Sequence[str]) -> str:
    """Return the command that does this from a shell: `fdtui act 812:3 seek 40`."""
    return shlex.join(["fdtui", "act", f"{target.pid}:{target.fd}", *words])


def failed(
    call: str, held: Held, error: OSError | int, cause: str = "", remedy: str = ""
) -> CallFailed:
    """Make the error of a call on what is held: `ftruncate(fd 7 of x 812): ... (EPERM)`."""
    code = error if isinstance(error, int) else error.errno or 0
    return CallFailed(f"{call}({held.about()})", code, cause or _CAUSES.get(code, ""), remedy)


def written(
    held: Held, done: Written, call: str, undo: Sequence[str] = (), note: str = ""
) -> Outcome:
    """Turn how far a write came into an outcome; CallFailed when not one byte went."""
    if done.errno and not done.done:
        raise failed(call, held, done.errno)
    if not done.errno:
        words = f"{plural(done.done, 'byte')} to {held.about()}"
        return Outcome("wrote", words, tuple(undo), note)
    words = f"{done.done:,} of {plural(done.wanted, 'byte')} to {held.about()}"
    return Outcome("wrote", words, tuple(undo), note, failed(call, held, done.errno).message)
