"""edit: the changes collected in the hex view, written only where the old bytes still are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fdtui.errors import FdtuiError
from fdtui.keeper.actions.arguments import (
    MAX_OFFSET,
    Args,
    Argument,
    Usage,
    parse_size,
    parse_text,
    raw,
    whole,
    write_text,
)
from fdtui.keeper.actions.base import STORED, Action, Held, Outcome, Preview, Token, failed
from fdtui.keeper.actions.regions import UNDOABLE, old_bytes, quoted
from fdtui.linux.act import Act
from fdtui.render.units import count, offset_words, plural, size_words


class EditMade(NamedTuple):
    """One stretch: bytes that are there, and as many that shall be."""

    offset: int
    old: bytes
    new: bytes


def edits_of(args: Args) -> Iterator[EditMade]:
    """Yield the triplets of the arguments; Usage when one would change the length."""
    for place in range(0, len(args), 3):
        edit = EditMade(whole(args, place), raw(args, place + 1), raw(args, place + 2))
        if len(edit.old) != len(edit.new) or not edit.old:
            raise Usage(f"OLD and NEW at {edit.offset:#x} must be equally long, and not empty")
        if edit.offset + len(edit.new) > MAX_OFFSET:
            raise Usage("that lies beyond the largest offset, 2^63-1")
        yield edit


def edit_args(edits: Iterable[tuple[int, bytes, bytes]]) -> Args:
    """Make the arguments of `edit` out of (offset, old, new), as a hex view collects them."""
    return tuple(value for edit in edits for value in edit)


class Edit(Action):
    """Bound to the old bytes by its own arguments: every stretch is compared before any is written.

    A target that writes between the comparison and pwrite(2) is not noticed; no call does both.
    """

    name = "edit"
    title = "Edit bytes"
    risk = "the target may write the old ones back"
    kinds = STORED
    arguments = (
        Argument("OFFSET", parse_size, example="0x18"),
        Argument("OLD", parse_text, example=r"\x00"),
        Argument("NEW", parse_text, example=r"\x01", repeated=True),
    )
    access = 2

    def essentials(self, held: Held, args: Args) -> Token:
        """Return {} while the old bytes are there; what is there instead otherwise."""
        found: Token = {}
        for edit in edits_of(args):
            if old_bytes(held, edit.offset, len(edit.old)) != edit.old:
                found[f"the bytes at {offset_words(edit.offset)}"] = "others than they were"
        return found

    def preview(self, held: Held, args: Args) -> Preview:
        edits = list(edits_of(args))
        for edit in edits:
            now = old_bytes(held, edit.offset, len(edit.old))
            if now != edit.old:
                raise FdtuiError(
                    f"at {offset_words(edit.offset)} is {quoted(now)}, not {quoted(edit.old)}",
                    "look again: it changed, or it cannot be read",
                )
        total = sum(len(edit.new) for edit in edits)
        notes = [
            (offset_words(edit.offset), f"{quoted(edit.old)} becomes {quoted(edit.new)}")
            for edit in edits
        ]
        if held.has(os.O_APPEND):
            notes.append(("O_APPEND", "is set, and passed over for these writes"))
        return Preview(
            now=(size_words(held.size), f"offset {count(held.pos)}"),
            after=(plural(total, "byte") + " changed", "size and offset stay"),
            hazard="The target may have read the old bytes already, and write them back.",
            undo="the same edit the other way round",
            calls=tuple(f"pwrite(fd, {quoted(e.new)}, {len(e.new)}, {e.offset:#x})" for e in edits),
            notes=tuple(notes),
            size_after=held.size,
            shared_by="sees the bytes",
        )

    def perform(self, held: Held, args: Args, shown: Token) -> Outcome:
        act = Act(held.owned)
        undo: list[str] = ["edit"]
        done = 0
        for edit in edits_of(args):
            wrote = act.pwrite(edit.new, edit.offset)
            if wrote.done:
                old, new = edit.old[: wrote.done], edit.new[: wrote.done]
                undo += [f"{edit.offset:#x}", write_text(new), write_text(old)]
                done += wrote.done
            if wrote.errno:
                stop = failed("pwrite", held, wrote.errno)
                if not done:
                    raise stop
                words = f"{plural(done, 'byte')} of {held.about()}, not all that were meant"
                return Outcome("wrote", words, tuple(undo), stopped=stop.message)
        small = done <= UNDOABLE
        return Outcome(
            "wrote",
            f"{plural(done, 'byte')} of {held.about()}",
            tuple(undo) if small else (),
            "" if small else "too many bytes for a command",
        )


ACTIONS = (Edit(),)
