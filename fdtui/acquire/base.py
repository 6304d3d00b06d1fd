"""What a way to get hold of a descriptor is: a name, a verdict beforehand, the deed."""

from __future__ import annotations

from abc import ABC, abstractmethod

from fdtui.linux.lean import TYPE_CHECKING, Literal, NamedTuple
from fdtui.linux.owned import OwnedFd

if TYPE_CHECKING:
    from typing import ClassVar


State = Literal["works", "ready", "waiting", "refused", "never"]


class Target(NamedTuple):
    """A descriptor of a process; the start time (clock ticks since boot) makes the pid unique."""

    pid: int
    start_time: int
    fd: int


class Verdict(NamedTuple):
    """What a method says before it is tried: the dialog's NOW, and why, and what would change it.

    `why` is one line (`EPERM: kernel.yama.ptrace_scope is 1`), `remedy` a command or sentence.
    """

    state: State
    why: str = ""
    remedy: str = ""


class Method(ABC):
    """One way to acquire.  A module in this package ends in `METHOD = ...`."""

    name: ClassVar[str]  # the word of --via, titles, Held and JSON
    shares_description: ClassVar[bool] = True  # False: a private description of the same file
    opt_in: ClassVar[bool] = False  # True: only when asked for by name

    @abstractmethod
    def check(self, target: Target) -> Verdict:
        """Judge without acquiring for keeps and without disturbing the target."""

    @abstractmethod
    def acquire(self, target: Target) -> OwnedFd:
        """Get it.  CallFailed names call, target, errno, cause and remedy."""
