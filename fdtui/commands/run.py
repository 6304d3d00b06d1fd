"""Run a command that inherits a descriptor, as number N (0, 1 and 2 too).

fdtui run 812:3=0 -- gzip -c > copy.gz      fdtui run 812:5 -- ./inspect --fd 5
"""

from __future__ import annotations

import argparse
import errno
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

from fdtui.acquire.base import Target
from fdtui.commands.helping import with_helper
from fdtui.commands.targets import parse_target
from fdtui.errors import CallFailed, FdtuiError, WrongUsage
from fdtui.keeper.custody import Custody
from fdtui.keeper.looks import open_custody
from fdtui.linux.act import Act
from fdtui.linux.lean import TYPE_CHECKING, NamedTuple
from fdtui.linux.owned import OwnedFd
from fdtui.linux.peek import Peek
from fdtui.linux.spawn import spawn, wait_for_children
from fdtui.render.safe import plain

if TYPE_CHECKING:
    from typing import TypeAlias


Handler: TypeAlias = "Callable[[int, FrameType | None], object] | int | None"
NOT_FOUND, NOT_EXECUTABLE = 127, 126  # as shells, env(1) and nohup(1) have it
_PRIVATE = frozenset({"regular", "memfd", "directory", "block"})  # have an offset, not a queue
_READ = 4


class Wish(NamedTuple):
    """A descriptor, and the number it shall have in the command."""

    target: Target
    number: int
    words: str  # as typed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the words are taken apart at `--` by ourselves."""
    parser.usage = "fdtui run [--shared | --private] [--via NAME] PID:FD[=N]... -- COMMAND..."
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        "Without an option a file that the target reads is opened anew for the command: with an\n"
        "offset of its own, from the start, so that the target's does not move.  Everything else\n"
        "is shared: the command reads, writes, seeks for the target as well.\n"
        "The exit status is the command's."
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--shared", action="store_true", help="the target's own description")
    which.add_argument("--private", action="store_true", help="the same file opened anew, or fail")
    parser.add_argument("--via", metavar="NAME", help="the method: pidfd_getfd, helper, injection")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="PID:FD[=N]... -- COMMAND...")


def run(args: argparse.Namespace) -> int:
    """Acquire, start, wait; the status is the command's, 128+n when a signal ended it."""
    wishes, command = parse_words(args.words)
    _check_limit(wishes)
    with ExitStack() as stack:
        inherited = {wish.number: stack.enter_context(descriptor(wish, args)) for wish in wishes}
        return execute(command, inherited, stack)


def execute(command: list[str], inherited: dict[int, OwnedFd], ours: ExitStack) -> int:
    """Start it, close `ours` so that only the command has it, wait; returns its exit status."""
    wait_for_children()
    with ours, signals_waiting() as mask:
        try:
            pid = spawn(command, inherited, mask=mask)
        except OSError as error:
            print(f"fdtui: {CallFailed(f'exec({plain(command[0])})', error)}", file=sys.stderr)
            return NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
        handlers = handle_for(pid)
    try:
        _, status = os.waitpid(pid, 0)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def parse_words(words: list[str]) -> tuple[list[Wish], list[str]]:
    """Take `PID:FD[=N]... -- COMMAND...` apart; WrongUsage says what is missing or twice."""
    remedy = "fdtui run 812:3=0 -- gzip -c"
    if "--" not in words:
        raise WrongUsage("-- and a command are missing", remedy)
    place = words.index("--")
    command = words[place + 1 :]
    if not command or not place:
        raise WrongUsage("a PID:FD before -- and a command behind it are needed", remedy)
    wishes = []
    for word in words[:place]:
        descriptor, equals, number = word.partition("=")
        if equals and not (number.isascii() and number.isdigit() and len(number) < 8):
            raise WrongUsage(f"not PID:FD=N: {word}", remedy)
        target = parse_target(descriptor)
        wishes.append(Wish(target, int(number) if equals else target.fd, word))
    numbers = [wish.number for wish in wishes]
    for wish in wishes:
        if numbers.count(wish.number) > 1:
            raise WrongUsage(
                f"two descriptors for number {wish.number}", "PID:FD=N chooses another"
            )
    return wishes, command


def _check_limit(wishes: list[Wish]) -> None:
    """CallFailed for a number that the command cannot have, before it is acquired."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wish in wishes:
        if wish.number >= soft != resource.RLIM_INFINITY:
            raise CallFailed(
                f"dup2({wish.number})",
                errno.EBADF,
                f"RLIMIT_NOFILE allows numbers below {soft}",
                f"PID:FD=N chooses another, ulimit -n {wish.number + 1} allows it",
            )


@contextmanager
def descriptor(wish: Wish, args: argparse.Namespace) -> Iterator[OwnedFd]:
    """Yield what the command inherits, and say in words on stderr which description it is."""
    with_helper(wish.target, args.via)
    custody = open_custody(wish.target, args.via)
    try:
        if not custody.shares_description:
            if args.shared:
                raise FdtuiError(
                    f"{custody.via} gives a private description, not the target's own",
                    "--via pidfd_getfd, helper or injection gives that",
                )
            assert custody.private is not None
            _tell(wish, custody, f"private by {custody.via}: own offset")
            yield _blocking(custody.private)
        elif not args.shared and (args.private or _reads(custody)):
            with _opened_anew(custody) as private:
                _tell(
                    wish,
                    custody,
                    "private: opened anew for reading, from the start; the target's offset stays "
                    "(--shared gives the target's own)",
                )
                yield private
        else:
            with custody.borrowed() as owned:
                _tell(wish, custody, "shared with the target: one offset, one set of flags")
                yield owned
    finally:
        custody.close()


def _reads(custody: Custody) -> bool:
    return custody.kind.name in _PRIVATE - {"directory"} and bool(custody.entry.access & _READ)


def _opened_anew(custody: Custody) -> OwnedFd:
    if custody.kind.name not in _PRIVATE:
        raise FdtuiError(
            f"a {custody.kind.name} cannot be had privately: there is one queue or object of it",
            "--shared",
        )
    try:
        with custody.borrowed() as owned:
            return _blocking(Peek(owned).open_anew())
    except OSError as error:
        raise CallFailed(
            f"open({custody.entry.link})", error, remedy="--shared needs no right to open it"
        ) from error


def _blocking(private: OwnedFd) -> OwnedFd:
    """Take O_NONBLOCK off, which opening anew needed; the description is our own."""
    Act(private).set_flag(os.O_NONBLOCK, False)
    return private


def _tell(wish: Wish, custody: Custody, words: str) -> None:
    link = plain(custody.entry.link)
    print(f"fdtui: {wish.number} = {custody.kind.name} {link}, {words}", file=sys.stderr)


_KEYS, _ORDERS = (signal.SIGINT, signal.SIGQUIT), (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def signals_waiting() -> Iterator[set[int]]:
    """Hold signals back until there is a command to pass them on to; yields the mask before."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (*_KEYS, *_ORDERS))
    try:
        yield set(before)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def handle_for(pid: int) -> dict[int, Handler]:
    """Do as system(3): keys go to the command by themselves, SIGTERM and SIGHUP are passed on."""

    def pass_on(number: int, _frame: object) -> None:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass  # it has just ended

    def leave_to_it(_number: int, _frame: object) -> None:
        """The terminal sends these to the command as well."""

    return {
        **{number: signal.signal(number, leave_to_it) for number in _KEYS},
        **{number: signal.signal(number, pass_on) for number in _ORDERS},
    }
