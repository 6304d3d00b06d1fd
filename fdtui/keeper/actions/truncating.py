"""truncate, truncate-rewind: fewer bytes (or zeros more), with the offset left or rewound."""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack

from fdtui.keeper.actions.arguments import Args, Argument, one_of, parse_size, whole, word_at
from fdtui.keeper.actions.base import FILES, Action, Held, Outcome, Preview, Token, failed
from fdtui.linux.abi import Seals, flag_names
from fdtui.linux.act import Act
from fdtui.render.units import count, offset_words, size_words

APPEND = "append"
_OVERTAKEN = 20


def cut(held: Held, size: int) -> None:
    """Do ftruncate(2) and tell why not."""
    try:
        Act(held.owned).truncate(size)
    except OSError as error:
        cause = ""
        if error.errno == errno.EPERM and held.kind.name == "memfd":
            cause = f"sealed: {', '.join(_seals(held))}"
        elif error.errno == errno.EPERM:
            cause = "append-only or immutable (chattr)"
        elif error.errno == errno.ETXTBSY:
            cause = "it is the executable of a running process"
        raise failed("ftruncate", held, error, cause) from error


def _seals(held: Held) -> list[str]:
    return [f"F_SEAL_{name.upper()}" for name in flag_names(held.peek.seals(), Seals)]


class Truncate(Action):
    """ftruncate(2).  Bound to whether it shortens or lengthens; a log that grew is the same."""

    name = "truncate"
    title = "Truncate"
    risk = "bytes are gone; may leave a hole"
    kinds = FILES
    arguments = (Argument("SIZE", parse_size, optional=True, example="0"),)
    access = 2

    def essentials(self, held: Held, args: Args) -> Token:
        return {"what it does to the file": _direction(held.size, whole(args, 0))}

    def preview(self, held: Held, args: Args) -> Preview:
        size = whole(args, 0)
        lost = held.size - size
        notes = []
        if held.pos > size and not held.has(os.O_APPEND):
            notes.append(
                (
                    "hole",
                    f"the next write lands at {count(held.pos)}, behind zeros; "
                    "truncate-rewind avoids that",
                )
            )
        return Preview(
            now=(size_words(held.size), f"offset {count(held.pos)}"),
            after=(size_words(size), f"offset {count(held.pos)}", "the offset stays"),
            hazard=f"{size_words(lost)} are gone, for everybody and for good."
            if lost > 0
            else "Zeros are appended, which take no blocks.",
            undo="none; dump it first" if lost > 0 else f"truncate {held.size}",
            calls=(f"ftruncate(fd, {size})",),
            notes=tuple(notes),
            size_after=size,
            shared_by="same description: same offset",
        )

    def perform(self, held: Held, args: Args, shown: Token) -> Outcome:
        size = whole(args, 0)
        cut(held, size)
        words = f"{held.about()} from {size_words(held.size)} to {size_words(size)}"
        grew = size > held.size
        return Outcome(
            "truncated",
            words,
            ("truncate", str(held.size)) if grew else (),
            "" if grew else "none: the bytes are gone",
        )


class TruncateRewind(Action):
    """ftruncate(2) to 0 and lseek(2) to 0: the next line written is the first.

    With `append`, O_APPEND is set before: then every later truncation, by anybody, leaves no hole
    either.  Bound to nothing but the description: the log goes on growing while one reads.
    """

    name = "truncate-rewind"
    title = "Truncate and rewind"
    risk = "every byte is gone, for good"
    kinds = FILES
    arguments = (Argument("append", one_of(APPEND), optional=True, example=APPEND),)
    access = 2

    def preview(self, held: Held, args: Args) -> Preview:
        sticks = word_at(args, 0) == APPEND
        had = held.has(os.O_APPEND)
        calls = ["ftruncate(fd, 0)", "lseek(fd, 0, SEEK_SET)"]
        notes = []
        if held.pos and not had:
            notes.append(
                (
                    "why rewind",
                    f"without it the next line lands at {count(held.pos)}, behind a hole",
                )
            )
        if sticks and not had:
            calls.insert(0, "fcntl(fd, F_SETFL, O_APPEND)")
            notes.append(
                ("why O_APPEND", "the next truncation, by whomever, leaves no hole either")
            )
        return Preview(
            now=(
                size_words(held.size),
                f"offset {count(held.pos)}",
                "O_APPEND" if had else "no O_APPEND",
            ),
            after=(
                "0 bytes",
                "offset 0",
                "the next line written is the first",
                *(("O_APPEND",) if sticks and not had else ()),
            ),
            hazard=f"{size_words(held.size)} are gone, for everybody and for good.",
            undo="none; dump it first",
            calls=tuple(calls),
            notes=tuple(notes),
            size_after=0,
            shared_by="same description: rewound too",
        )

    def perform(self, held: Held, args: Args, shown: Token) -> Outcome:
        act = Act(held.owned)
        sticks = word_at(args, 0) == APPEND and not held.has(os.O_APPEND)
        with ExitStack() as undo:
            if sticks:
                try:
                    act.set_flag(os.O_APPEND, True)
                except OSError as error:
                    raise failed("fcntl F_SETFL O_APPEND", held, error) from error
                undo.callback(act.set_flag, os.O_APPEND, False)
            cut(held, 0)
            undo.pop_all()
        act.seek(0)
        if not held.has(os.O_APPEND) and not sticks:
            _again_while_overtaken(held, act)
        words = (
            f"{held.about()} from {size_words(held.size)} to 0 bytes, "
            f"its offset from {offset_words(held.pos)} to 0"
        )
        return Outcome(
            "truncated",
            words + (", O_APPEND set" if sticks else ""),
            ("set-append", "off") if sticks else (),
            "the bytes are gone" if sticks else "none: the bytes are gone",
        )


def _again_while_overtaken(held: Held, act: Act) -> None:
    """Repeat for a line written between the two calls: it went to the old offset, behind a hole.

    The size is read before the offset, so that a line written after both is no reason.
    """
    for _ in range(_OVERTAKEN):
        size = held.peek.fstat().st_size
        if size <= held.peek.fdinfo().pos:
            return
        act.truncate(0)
        act.seek(0)


def _direction(size: int, wanted: int) -> str:
    if wanted == size:
        return "leaves it as it is"
    return "shortens it" if wanted < size else "lengthens it"


ACTIONS = (Truncate(), TruncateRewind())
