"""Give descriptors of this shell to a running fdtui: `fdtui send 3 3<>file`."""

from __future__ import annotations

import argparse
import os

from fdtui.acquire.send import send
from fdtui.acquire.sessions import choose, sessions
from fdtui.commands.options import number
from fdtui.commands.telling import fail
from fdtui.errors import CallFailed, FdtuiError, WrongUsage
from fdtui.linux.owned import OwnedFd
from fdtui.linux.procfs import ProcFs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare FD..., --session and --label."""
    parser.add_argument(
        "fds", nargs="*", type=number, metavar="FD", help="descriptors of this process"
    )
    parser.add_argument(
        "--session", metavar="ID", help="which running fdtui, when there are several"
    )
    parser.add_argument("--label", metavar="TEXT", help="what Held shows beside it")
    parser.add_argument("--list", action="store_true", help="list the sessions and exit")


def run(args: argparse.Namespace) -> int:
    """Send; exit status 2 when the session or the descriptors are not clear."""
    if args.list:
        for session in sessions():
            print(f"{session.id}  pid {session.pid}  {session.tty or '-'}")
        return 0
    if not args.fds:
        return _usage(FdtuiError("no descriptor given", "fdtui send 3 3<>file"))
    try:
        session = choose(args.session)
    except FdtuiError as error:
        return _usage(error)
    fds = [_own(number) for number in args.fds]
    send(session.socket, fds, args.label if args.label is not None else _label(args.fds))
    return 0


def _usage(error: FdtuiError) -> int:
    return fail(WrongUsage(error.message, error.remedy))


def _own(number: int) -> OwnedFd:
    try:
        return OwnedFd.duplicate_of(number)
    except (OSError, OverflowError) as error:
        code = error if isinstance(error, OSError) else 9
        cause = f"this process has no descriptor {number}"
        raise CallFailed(
            f"dup({number})", code, cause, f"fdtui send {number} {number}<>file"
        ) from None


def _label(numbers: list[int]) -> str:
    """Name the shell that has them: this process is gone in a moment."""
    names = " ".join(map(str, numbers))
    try:
        return f"fd {names} of {ProcFs().stat(os.getppid()).comm} {os.getppid()}"
    except OSError:
        return f"fd {names}"
