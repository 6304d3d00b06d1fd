"""seek: the shared offset."""

from __future__ import annotations

import os

from fdtui.keeper.actions.arguments import END, Args, Argument, parse_offset, whole
from fdtui.keeper.actions.base import STORED, Action, Held, Outcome, Preview, Token, failed
from fdtui.linux.act import Act
from fdtui.render.units import count, offset_words, size_words


class Seek(Action):
    """lseek(2) with SEEK_SET.  Bound to the description only: a busy target's offset moves on."""

    name = "seek"
    title = "Seek the shared offset"
    risk = "its next read or write is elsewhere"
    kinds = STORED | {"directory"}
    arguments = (Argument("OFFSET", parse_offset, example="0, 4K or end"),)

    def _wanted(self, held: Held, args: Args) -> int:
        return held.size if whole(args, 0) == END else whole(args, 0)

    def preview(self, held: Held, args: Args) -> Preview:
        wanted = self._wanted(held, args)
        if held.has(os.O_APPEND) and held.entry.access == 2:
            hazard = "O_APPEND is set: the target writes at the end all the same."
        elif held.entry.access == 2 and wanted < held.size:
            hazard = f"The target's next write overwrites what is at {offset_words(wanted)}."
        elif held.kind.name != "directory" and wanted > held.size:
            hazard = "Its next read sees the end of the file; its next write leaves a hole."
        else:
            hazard = "What the target reads or writes next is not what it expects."
        return Preview(
            now=(size_words(held.size), f"offset {count(held.pos)}"),
            after=(size_words(held.size), f"offset {count(wanted)}"),
            hazard=hazard,
            undo=f"seek {held.pos}",
            calls=(f"lseek(fd, {wanted}, SEEK_SET)",),
            size_after=held.size,
            shared_by="its offset moves too",
        )

    def perform(self, held: Held, args: Args, shown: Token) -> Outcome:
        wanted = self._wanted(held, args)
        try:
            Act(held.owned).seek(wanted)
        except OSError as error:
            raise failed("lseek", held, error) from error
        words = f"{held.about()} from {offset_words(held.pos)} to {offset_words(wanted)}"
        return Outcome("moved", words, ("seek", str(held.pos)))


ACTIONS = (Seek(),)
