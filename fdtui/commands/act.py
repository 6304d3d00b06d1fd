"""Change what is shared: truncate, seek, unlock, shut down ... after showing what it does.

fdtui act PID:FD lists what fits.  TEXT takes \\n \\xHH \\0 and other escapes, - reads stdin;
sizes and offsets take 0x, K, M, G.  Options may stand anywhere; behind -- there are none.
"""

from __future__ import annotations

import argparse
import errno
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from fdtui.acquire.base import Target
from fdtui.acquire.injection import WORKERS
from fdtui.commands.actwords import Given, take_apart
from fdtui.commands.helping import with_helper
from fdtui.commands.targets import parse_target
from fdtui.errors import CallFailed, FdtuiError, WrongUsage
from fdtui.keeper.actions import actions, fitting
from fdtui.keeper.actions.affected import affected
from fdtui.keeper.actions.arguments import MAX_TEXT, parse_words
from fdtui.keeper.actions.base import Action, Outcome, Preview, command_line
from fdtui.keeper.actions.codec import action_named
from fdtui.keeper.actions.doing import holding, outcome_words, perform, preview
from fdtui.keeper.custody import Custody
from fdtui.keeper.looks import open_custody
from fdtui.render.safe import COMMAND_LIMIT, safe

MOST = 20  # lines about who else is affected
_PATHS = frozenset({"give", "redirect"})  # their word is a path, which may be relative here


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare PID:FD, the words of the action, --yes and --via."""
    lines = [f"  {action.usage():<26}  {action.title}" for action in actions().values()]
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "actions:\n" + "\n".join(lines)
    parser.usage = "fdtui act [--yes] [--via NAME] PID:FD [ACTION [ARGS]]"
    parser.allow_abbrev = False
    parser.add_argument("--yes", action="store_true", help="do it without asking")
    parser.add_argument("--via", metavar="NAME", help="the method: pidfd_getfd, helper, injection")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="PID:FD [ACTION [ARGS]]")
    parser.set_defaults(print_help=parser.print_help)


def run(args: argparse.Namespace) -> int:
    """Preview, ask, perform; 0 done, 1 refused, failed or done in part, 2 wrong words."""
    if "--help" in args.words[: args.words.index("--") if "--" in args.words else None]:
        args.print_help()
        return 0
    given = take_apart(args.words, yes=args.yes, via=args.via)
    target = parse_target(given.target)
    action = _action(given)
    asks = os.isatty(0) and os.isatty(2) and "-" not in given.words
    if action and not given.yes and not asks:
        parse_words(action.arguments, given.words, bytes)  # what is wrong with them comes first
        raise FdtuiError(
            "nothing is changed without --yes when there is no terminal to ask on",
            shlex.join(given.with_yes()),
        )
    words = [_absolute(word, given.action) for word in given.words]
    values = parse_words(action.arguments, words, _stdin) if action else ()
    with _custody(target, given.via) as custody:
        if action is None:
            return _list(custody)
        shown = preview(custody, action, values)
        if not given.yes:
            _show(action, shown, _affected(custody, shown))
            if not _confirmed(action):
                print("left alone", file=sys.stderr)
                return 1
        return _tell(target, perform(custody, action, values, shown.token))


@contextmanager
def _custody(target: Target, via: str | None) -> Iterator[Custody]:
    with_helper(target, via)
    custody = open_custody(target, via)
    try:
        yield custody
    finally:
        custody.close()
        WORKERS.close()


def _action(given: Given) -> Action | None:
    if not given.action:
        return None
    try:
        return action_named(given.action)
    except FdtuiError as error:
        raise WrongUsage(error.message, error.remedy) from error


def _absolute(word: str, action: str) -> str:
    if action not in _PATHS or not word or word.startswith(("/", "@", "|")):
        return word
    from fdtui.survey.reach import absolute

    return absolute(word)


def _stdin() -> bytes:
    if sys.stdin is None:
        raise CallFailed("read(stdin)", errno.EBADF, "standard input is closed")
    try:
        return sys.stdin.buffer.read(MAX_TEXT + 1)
    except OSError as error:
        raise CallFailed("read(stdin)", error) from error


def _list(custody: Custody) -> int:
    """Print what fits, one action a line."""
    with holding(custody) as held:
        for action in fitting(custody.kind.name, held.entry):
            print(f"{action.usage():<26}  {action.heading(custody.kind.name)}")
    return 0


def _affected(custody: Custody, shown: Preview) -> list[tuple[str, str]]:
    """Say who shares the description and who has the file open apart from it."""
    with holding(custody) as held:
        entry = held.entry
    found = affected(custody.target, entry, shown, frozenset({os.getpid()}))
    rows = [(one.head, f"{one.comm} {one.pid} fd {one.fd}   {one.effect}") for one in found]
    if len(rows) > MOST:
        rows[MOST:] = [("", f"and {len(rows) - MOST} more")]
    return rows


def _show(action: Action, shown: Preview, others: list[tuple[str, str]]) -> None:
    rows = [
        ("held", shown.held[0]),
        *(("", line) for line in shown.held[1:]),
        ("now", "   ".join(shown.now)),
        ("after", "   ".join(shown.after)),
        *others,
        ("hazard", shown.hazard),
        ("undo", shown.undo),
        *shown.notes,
        ("calls", "  ".join(shown.calls)),
    ]
    width = max(len(head) for head, _ in rows)
    print(action.title, file=sys.stderr)
    for head, words in rows:
        print(f"  {safe(head):<{width}}  {safe(words)}", file=sys.stderr)


def _confirmed(action: Action) -> bool:
    """Ask on the terminal; anything but y, and the end of the input, leave it alone."""
    print(f"y: {action.button()}, anything else leaves it alone: ", end="", file=sys.stderr)
    sys.stderr.flush()
    return sys.stdin.readline().strip() == "y"


def _tell(target: Target, outcome: Outcome) -> int:
    """Print the result, and the command that undoes it."""
    print(safe(outcome_words(outcome)))
    if outcome.undo:
        note = f"  ({safe(outcome.undo_note)})" if outcome.undo_note else ""
        command = command_line(target, outcome.undo)
        print(f"undo: {safe(command, COMMAND_LIMIT)}{note}")
    elif outcome.undo_note:
        print(f"undo: {safe(outcome.undo_note)}")
    return 1 if outcome.stopped else 0
