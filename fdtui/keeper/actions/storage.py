"""sync, punch: the blocks of a file."""

from __future__ import annotations

import errno

from fdtui.errors import FdtuiError
from fdtui.keeper.actions.arguments import MAX_OFFSET, Args, Argument, Usage, parse_size, whole
from fdtui.keeper.actions.base import STORED, Action, Held, Outcome, Preview, Token, failed
from fdtui.keeper.actions.regions import old_bytes, quoted, region_token
from fdtui.linux.act import Act
from fdtui.render.units import count, offset_words, size_words

_BLOCK = 512  # st_blocks


class Sync(Action):
    """fsync(2)."""

    name = "sync"
    title = "Sync to disk"
    risk = "others wait for the disk meanwhile"
    kinds = STORED | {"directory"}

    def preview(self, held: Held, args: Args) -> Preview:
        return Preview(
            now=(size_words(held.size),),
            after=("on the disk, as far as it can be",),
            hazard="Others wait for the disk meanwhile. "
            "A write error that is told here is not told the target again.",
            undo="none, and none needed",
            calls=("fsync(fd)",),
            size_after=held.size,
            shared_by="unaffected",
        )

    def perform(self, held: Held, args: Args, shown: Token) -> Outcome:
        try:
            Act(held.owned).sync()
        except OSError as error:
            raise failed("fsync", held, error) from error
        return Outcome("synced", f"{size_words(held.size)} of {held.about()}", (), "none needed")


class Punch(Action):
    """FALLOC_FL_PUNCH_HOLE of fallocate(2).  Bound to the bytes that become zeros."""

    name = "punch"
    title = "Punch a hole"
    risk = "bytes become zeros, for good"
    kinds = STORED
    arguments = (
        Argument("OFFSET", parse_size, example="0"),
        Argument("LENGTH", parse_size, example="1M"),
    )
    access = 2

    def essentials(self, held: Held, args: Args) -> Token:
        return region_token(held, whole(args, 0), whole(args, 1))

    def preview(self, held: Held, args: Args) -> Preview:
        offset, length = whole(args, 0), whole(args, 1)
        if length == 0 or offset + length > MAX_OFFSET:
            raise Usage("a hole is at least 1 byte long, and ends before 2^63-1")
        if offset >= held.size and held.kind.name != "block":
            raise FdtuiError(f"{offset_words(offset)} is behind the end, {count(held.size)}")
        return Preview(
            now=(size_words(held.size), f"{size_words(_blocks(held))} of blocks"),
            after=(
                size_words(held.size),
                f"zeros from {count(offset)} to {count(offset + length)}",
            ),
            hazard=f"{size_words(length)} become zeros, for everybody and for good.",
            undo="none; dump it first",
            calls=(f"fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, {offset}, {length})",),
            notes=(("there now", quoted(old_bytes(held, offset, min(length, 4096)))),),
            size_after=held.size,
            shared_by="sees zeros",
        )

    def perform(self, held: Held, args: Args, shown: Token) -> Outcome:
        before = _blocks(held)
        try:
            Act(held.owned).punch(whole(args, 0), whole(args, 1))
        except OSError as error:
            cause = "its file system knows no holes" if error.errno == errno.EOPNOTSUPP else ""
            raise failed("fallocate PUNCH_HOLE", held, error, cause) from error
        freed = before - held.peek.fstat().st_blocks * _BLOCK
        words = f"{size_words(whole(args, 1))} of {held.about()}, {size_words(max(0, freed))} freed"
        return Outcome("punched", words, (), "none: the bytes are gone")


def _blocks(held: Held) -> int:
    return held.entry.stat.blocks * _BLOCK if held.entry.stat else 0


ACTIONS = (Sync(), Punch())
