"""`!`: a command that inherits the descriptor, on the terminal that the screen gives up for it."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.app import SuspendNotSupported
from textual.binding import Binding, BindingType

from fdtui.acquire.base import Target
from fdtui.errors import CallFailed, FdtuiError
from fdtui.keeper.api import Acquired
from fdtui.linux.procfs import Entry
from fdtui.render.safe import safe
from fdtui.tui.screens.askline import AskLine

if TYPE_CHECKING:
    from fdtui.tui.screens.place import PlaceScreen

_READ, _WRITE = 4, 2
_OPENED_ANEW = frozenset({"regular", "memfd", "block"})
_NUMBER = re.compile(r"\s*([0-9]{1,7})=\s+(?=\S)")
_PRIVATE = "private: opened anew, own offset, from the start"
_SENT = "shared with whoever sent it: one offset, one set of flags"
_SHARED = "shared with the target: one offset, one set of flags"


class Wanted(NamedTuple):
    """What is typed: the number that the descriptor shall have, and the shell's words."""

    number: int
    command: str


def wanted(typed: str, access: int) -> Wanted:
    """Take `5= ./inspect` apart; without a number it is stdin, or stdout if only written to."""
    match = _NUMBER.match(typed)
    if match:
        return Wanted(int(match[1]), typed[match.end() :])
    return Wanted(1 if access == _WRITE else 0, typed)


def command_words(target: Target, wish: Wanted, *, shared: bool) -> list[str]:
    """Return the words of `fdtui run`; the shell takes care of pipes and redirections."""
    which = ["--shared"] if shared else ["--private"]
    place = f"{target.pid}:{target.fd}={wish.number}"
    return ["fdtui", "run", *which, place, "--", "sh", "-c", wish.command]


class AskCommand(AskLine):
    """A command; tab switches between a description of its own and the target's."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "switch", "private or shared", id="run.switch", show=False, priority=True),
    ]

    def __init__(self, prompt: str, *, private: bool, shared: str = _SHARED) -> None:
        """`private`: it can be opened anew, and is unless tab says otherwise."""
        self.shared = not private
        self._shared_words = shared
        self._can_choose = private
        super().__init__(prompt, check=lambda typed: "" if typed.strip() else "a command is needed")

    def hint(self) -> str:
        """Which description the command gets."""
        which = self._shared_words if self.shared else _PRIVATE
        return (
            f"{which}  tab: {'private' if self.shared else 'shared'}" if self._can_choose else which
        )

    def action_switch(self) -> None:
        """Choose the other one."""
        if self._can_choose:
            self.shared = not self.shared
            self.line.note(self._note(""))


def ask_about_sent(screen: PlaceScreen, acquired: Acquired) -> None:
    """Ask for a command for what somebody sent, and run it with the description itself."""
    from fdtui.tui.screens.runningsent import Handing

    number = wanted("", acquired.entry.access).number
    line = AskCommand(f"! {safe(acquired.comm)}={number}", private=False, shared=_SENT)

    def typed(command: str | None) -> None:
        if command is not None:
            Handing(screen, acquired, wanted(command, acquired.entry.access)).begin()

    screen.fdtui.push_screen(line, typed)


def ask_command(screen: PlaceScreen, target: Target, kind: str, entry: Entry) -> None:
    """Ask for a command, and run it."""
    app = screen.fdtui
    private = kind in _OPENED_ANEW and bool(entry.access & _READ)
    number = wanted("", entry.access).number
    line = AskCommand(f"! {target.pid}:{target.fd}={number}", private=private)

    def typed(command: str | None) -> None:
        if command is not None:
            wish = wanted(command, entry.access)
            run(screen, command_words(target, wish, shared=line.shared))

    app.push_screen(line, typed)


def run(screen: PlaceScreen, words: list[str]) -> None:
    """Run `fdtui run` on the terminal."""
    command = [sys.executable, "-m", "fdtui", *words[1:]]
    on_the_terminal(screen, safe(shlex.join(words)), command)


def on_the_terminal(
    screen: PlaceScreen, told: str, command: list[str], inherited: tuple[int, ...] = ()
) -> None:
    """Give up the terminal, run it there, come back when enter is pressed."""
    app = screen.fdtui
    try:
        with app.suspend():
            print(f"$ {told}", flush=True)
            status = _status_of(command, inherited)
            print(f"\nexit status {status}, enter goes back to fdtui ", end="", flush=True)
            _wait_for_enter()
    except SuspendNotSupported:
        app.tell_error(FdtuiError("this terminal cannot be given up", told))
        return
    except OSError as error:
        app.tell_error(CallFailed(f"exec({sys.executable})", error))
        return
    app.tell("ran", told, f"exit status {status}")
    app.poller.poke()


def _status_of(command: list[str], inherited: tuple[int, ...]) -> int:
    """Run and wait as system(3) does: what the keys send is the command's, not ours."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGQUIT)}
    for number in before:
        signal.signal(number, _leave_to_it)
    try:
        return subprocess.run(command, check=False, pass_fds=inherited).returncode
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave_to_it(_number: int, _frame: object) -> None:
    """The terminal sends these to the command as well; a handler is not inherited by it."""


def _wait_for_enter() -> None:
    try:
        sys.stdin.readline()
    except KeyboardInterrupt:
        pass  # as good as enter
