"""set-append, set-nonblock: the file status flags, which belong to the description."""

from __future__ import annotations

import os
from typing import ClassVar

from fdtui.keeper.actions.arguments import Args, Argument, parse_switch, whole
from fdtui.keeper.actions.base import FILES, Action, Held, Outcome, Preview, Token, failed
from fdtui.linux.act import Act
from fdtui.linux.procfs import Entry

_ON = ("off", "on")


class Flag(Action):
    """F_SETFL of fcntl(2) for one flag.  Bound to what the flag is now."""

    flag: ClassVar[int]
    flag_name: ClassVar[str]
    effects: ClassVar[tuple[str, str]]  # of off, of on
    arguments = (Argument("on|off", parse_switch, example="off"),)

    def _is(self, held: Held) -> str:
        return f"{self.flag_name} {_ON[held.has(self.flag)]}"

    def essentials(self, held: Held, args: Args) -> Token:
        return {"the flag": self._is(held)}

    def preview(self, held: Held, args: Args) -> Preview:
        on = whole(args, 0)
        sign = "|" if on else "& ~"
        return Preview(
            now=(self._is(held),),
            after=(f"{self.flag_name} {_ON[on]}",),
            hazard=self.effects[on],
            undo=f"{self.name} {_ON[held.has(self.flag)]}",
            calls=("fcntl(fd, F_GETFL)", f"fcntl(fd, F_SETFL, flags {sign}{self.flag_name})"),
            shared_by="same flag",
        )

    def perform(self, held: Held, args: Args, shown: Token) -> Outcome:
        on = whole(args, 0)
        try:
            before = Act(held.owned).set_flag(self.flag, bool(on))
        except OSError as error:
            raise failed(f"fcntl F_SETFL {self.flag_name}", held, error) from error
        words = f"{self.flag_name} {_ON[on]} for {held.about()}"
        return Outcome("set", words, (self.name, _ON[bool(before & self.flag)]))


class SetAppend(Flag):
    """O_APPEND: every write goes to the end, wherever the offset is."""

    name = "set-append"
    title = "Set O_APPEND"
    risk = "its writes land somewhere else"
    kinds = FILES
    flag = os.O_APPEND
    flag_name = "O_APPEND"
    effects = (
        "A target that relies on it overwrites from its offset on.",
        "A target that seeks and writes in the middle of the file writes at its end instead.",
    )


class SetNonblock(Flag):
    """O_NONBLOCK: calls that would wait fail with EAGAIN."""

    name = "set-nonblock"
    title = "Set O_NONBLOCK"
    risk = "calls fail with EAGAIN, or hang"
    flag = os.O_NONBLOCK
    flag_name = "O_NONBLOCK"
    effects = (
        "A target that polls and relies on it may hang in read(2) or write(2).",
        "A target that expects to wait gets EAGAIN: Resource temporarily unavailable.",
    )

    def unfit(self, kind: str, entry: Entry) -> str:
        """It means nothing for what never waits, and cannot be set through O_PATH."""
        if kind in FILES | {"directory", "block", "o-path", "symlink"}:
            return f"{self.name} means nothing for kind {kind}"
        return super().unfit(kind, entry)


ACTIONS = (SetAppend(), SetNonblock())
