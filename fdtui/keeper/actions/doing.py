"""Preview and deed on what is in custody, bound to each other by a token.

Nothing is done unless what was confirmed still is what there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from fdtui.acquire.identity import same_description
from fdtui.errors import FdtuiError
from fdtui.keeper.actions.arguments import Args
from fdtui.keeper.actions.base import STORED, Action, Held, Outcome, Preview, Token
from fdtui.keeper.custody import Custody
from fdtui.keeper.reading import Stretch, read_seen
from fdtui.keeper.seeing import entry_of
from fdtui.keeper.watching import exited, in_target
from fdtui.kinds.base import decode
from fdtui.linux.owned import OwnedFd
from fdtui.linux.peek import Peek
from fdtui.linux.pseudofs import pseudofs
from fdtui.render.units import count, size_words


class Changed(FdtuiError):
    """What was confirmed is not what is there now; nothing was done."""


@contextmanager
def holding(custody: Custody) -> Iterator[Held]:
    """Yield one look at the shared description, to preview or act on."""
    if not custody.shares_description:
        raise FdtuiError(
            f"{custody.via} gives a private description: acting on it does not reach the target",
            "acquire it by pidfd_getfd, helper or injection",
        )

    def read(offset: int, length: int) -> Stretch:
        with custody.seen() as seen:
            return read_seen(custody, seen, offset, length)

    with custody.borrowed() as owned:
        peek = Peek(owned)
        entry, info = decode(custody.kind, peek, entry_of(owned, custody.target))
        yield Held(
            owned=owned,
            peek=peek,
            read=read,
            entry=entry,
            info=info,
            kind=custody.kind,
            target=custody.target,
            comm=custody.comm,
            via=custody.via,
            in_target=_in_target(custody, owned),
        )


def _in_target(custody: Custody, owned: OwnedFd) -> str:
    if custody.shared is not None:
        return in_target(custody)
    if custody.pidfd is not None and exited(custody.pidfd):
        return "exited"
    same = same_description(owned, custody.target.pid, custody.target.fd)
    return "unknown" if same is None else "open" if same else "closed"


def identity(held: Held) -> Token:
    """Return what every confirmation is bound to: the description, not a pid and a number."""
    stat, info = held.entry.stat, held.entry.info
    token: Token = {
        "the file": [stat.dev_major, stat.dev_minor, stat.ino] if stat else [],
        "the kind": held.kind.name,
        "the access mode": held.entry.access,
        "the target's descriptor": held.in_target,
    }
    if stat and stat.dev == pseudofs().anon_inode:
        token["the object"] = [held.entry.link, info.get("eventfd-id") if info else None]
    return token


def held_words(held: Held) -> tuple[str, ...]:
    """Name what is held: kind and path, then device, inode and where it was taken from."""
    stat, target = held.entry.stat, held.target
    family = held.kind.family.glyph
    where = (f"dev {stat.dev_major}:{stat.dev_minor}  ino {stat.ino}",) if stat else ()
    still = {"closed": ", which closed it", "exited": ", which has ended"}.get(held.in_target, "")
    return (
        f"{family} {held.kind.name} {held.entry.link}",
        *where,
        f"taken from {held.comm} {target.pid} fd {target.fd} by {held.via}{still}",
    )


def preview(custody: Custody, action: Action, args: Args) -> Preview:
    """Show what would be done; FdtuiError when it can't be."""
    with holding(custody) as held:
        _must_fit(action, held)
        # The token first: what comes in between is shown, and not covered by the confirmation.
        token = identity(held) | action.essentials(held, args)
        shown = action.preview(held, args)
        now = (*shown.now, *_size_and_offset(held, shown.now))
        return replace(shown, now=now, held=held_words(held), token=token)


def _size_and_offset(held: Held, now: tuple[str, ...]) -> tuple[str, ...]:
    """Say of a file what the action has not said itself."""
    if held.kind.name not in STORED:
        return ()
    cells = (size_words(held.size), f"offset {count(held.pos)}")
    return tuple(cell for cell in cells if cell not in now)


def perform(custody: Custody, action: Action, args: Args, token: Token) -> Outcome:
    """Do what was confirmed; Changed when it is not the same any more, and nothing was done."""
    with holding(custody) as held:
        confirmed = Confirmed(token)
        confirmed.compare(identity(held))
        _must_fit(action, held)
        confirmed.compare(action.again(held, args, token))
        confirmed.nothing_left()
        return action.perform(held, args, token)


class Confirmed:
    """A token, compared part by part: identity first, for essentials of another file say less."""

    def __init__(self, token: Token) -> None:
        self._left = dict(token)

    def compare(self, now: Token) -> None:
        """Raise Changed for the first part that differs."""
        for name, value in now.items():
            if name not in self._left:
                raise Changed(f"changed since confirmed: {name}{_short(value)}", _REMEDY)
            before = self._left.pop(name)
            if before != value:
                told = name + _short(before, " was") + _short(value, " is")
                raise Changed(f"changed since confirmed: {told}", _REMEDY)

    def nothing_left(self) -> None:
        """Raise Changed for a part that was shown and is not there any more."""
        for name in self._left:
            raise Changed(f"changed since confirmed: {name}", _REMEDY)


_REMEDY = "nothing was done; look at it and confirm again"


def _short(value: object, verb: str = "") -> str:
    """Tell a value that a person can read; digests and identities are none."""
    if isinstance(value, int):
        return f"{verb} {value:,}"
    if isinstance(value, str) and len(value) < 64:
        return f"{verb} {value}"
    return ""


def _must_fit(action: Action, held: Held) -> None:
    if reason := action.unfit(held.kind.name, held.entry):
        raise FdtuiError(reason)


def outcome_words(outcome: Outcome) -> str:
    """Return `truncated fd 7 of ingestd 4182 from 18.4 MB to 0 bytes`."""
    words = f"{outcome.verb} {outcome.words}"
    return f"{words}; then {outcome.stopped}" if outcome.stopped else words
