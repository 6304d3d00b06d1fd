"""What an action is: a name, what it fits, what it shows beforehand, the deed, and the way back."""

from __future__ import annotations

import shlex
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple, TypeAlias

from fdtui.acquire.base import Target
from fdtui.errors import CallFailed
from fdtui.keeper.actions.arguments import Args, Argument, usage
from fdtui.kinds.base import FdKind
from fdtui.linux.json_types import Info, Json
from fdtui.linux.owned import OwnedFd
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry
from fdtui.linux.written import Written
from fdtui.render.units import plural, size_words

Token: TypeAlias = dict[str, Json]  # what a confirmation is bound to, by the words that name it


@dataclass(frozen=True, slots=True)
class Held:
    """What is acted on, looked at a moment ago.  `owned` shares the target's description."""

    owned: OwnedFd
    peek: Peek
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

    @property
    def flags(self) -> int:
        """File status flags as fdinfo prints them."""
        return self.entry.info.flags if self.entry.info else 0

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

    `stopped` says why it was done in part only; `undo_note` is said where no command undoes.
    """

    verb: str
    words: str
    undo: tuple[str, ...] = ()
    undo_note: str = "none"
    stopped: str = ""


class Action(ABC):
    """One action.  A module in this package has `ACTIONS = (...)`; nothing else changes."""

    name: ClassVar[str]
    title: ClassVar[str]
    kinds: ClassVar[frozenset[str]]
    arguments: ClassVar[tuple[Argument, ...]] = ()
    access: ClassVar[int] = 0  # 4 read, 2 write: what the descriptor must be open for
    in_target: ClassVar[bool] = False  # True: done inside the target, by injection

    def unfit(self, kind: str, entry: Entry) -> str:
        """Say why it can't be offered for this descriptor; "" when it can."""
        if kind not in self.kinds:
            return f"{self.name} is not for kind {kind}"
        if entry.access == 0 and not self.in_target and self.access:
            return f"{self.name} needs a descriptor that is open for more than its path (O_PATH)"
        if entry.access >= 0 and self.access & ~entry.access:
            mode = {2: "writing", 4: "reading"}[self.access & ~entry.access]
            return f"{self.name} needs a descriptor that is open for {mode}"
        return ""

    def usage(self) -> str:
        """Return `pwrite OFFSET TEXT`."""
        return f"{self.name} {usage(self.arguments)}".rstrip()

    def button(self, args: Args) -> str:
        """Return the words on the dangerous button."""
        return self.title.lower()

    @abstractmethod
    def preview(self, held: Held, args: Args) -> Preview:
        """Say what is, what will be and what can go wrong.  Reads only."""

    def essentials(self, held: Held, args: Args) -> Token:
        """Return what the confirmation is bound to, besides the identity of what is held.

        Only what would make the person decide otherwise: a log that grew is the same log.
        """
        return {}

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
    return CallFailed(f"{call}({held.about()})", error, cause, remedy)


def written(
    held: Held, done: Written, call: str, undo: Sequence[str] = (), note: str = "none"
) -> Outcome:
    """Turn how far a write came into an outcome; CallFailed when not one byte went."""
    reasons = {11: "there is no room, and nobody reads", 32: "nobody is left to read"}
    if done.errno and not done.done:
        raise failed(call, held, done.errno, reasons.get(done.errno, ""))
    went = size_words(done.done) if done.done > 999 else plural(done.done, "byte")
    if not done.errno:
        return Outcome("wrote", f"{went} to {held.about()}", tuple(undo), note)
    error = failed(call, held, done.errno, reasons.get(done.errno, ""))
    words = f"{done.done:,} of {done.wanted:,} bytes to {held.about()}"
    return Outcome("wrote", words, tuple(undo), note, stopped=error.message)
