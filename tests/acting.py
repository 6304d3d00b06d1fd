"""Acting as screens and commands do it: take custody, preview, confirm, perform."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fdtui.acquire.base import Target
from fdtui.keeper.actions.arguments import parse_words
from fdtui.keeper.actions.base import Outcome, Preview
from fdtui.keeper.actions.codec import action_named
from fdtui.keeper.actions.doing import perform, preview
from fdtui.keeper.custody import Custody
from fdtui.keeper.looks import open_custody
from fdtui.linux.procfs import ProcFs


@contextmanager
def custody_of(pid: int, fd: int) -> Iterator[Custody]:
    """Take a descriptor by pidfd_getfd, and let go of it at the end."""
    custody = open_custody(Target(pid, ProcFs().start_time(pid), fd), None)
    try:
        yield custody
    finally:
        custody.close()


def show(custody: Custody, name: str, *words: str) -> Preview:
    """Preview one action, given as the words of a command line."""
    action = action_named(name)
    return preview(custody, action, parse_words(action.arguments, words))


def confirm(custody: Custody, shown: Preview, name: str, *words: str) -> Outcome:
    """Do what a preview showed."""
    action = action_named(name)
    return perform(custody, action, parse_words(action.arguments, words), shown.token)


def do(custody: Custody, name: str, *words: str) -> Outcome:
    """Preview and do at once."""
    return confirm(custody, show(custody, name, *words), name, *words)


def undo(custody: Custody, outcome: Outcome) -> Outcome:
    """Do what the outcome says undoes it."""
    return do(custody, *outcome.undo)
