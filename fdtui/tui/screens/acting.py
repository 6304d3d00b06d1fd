"""Choosing an action of those that fit, and typing its arguments."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fdtui.errors import CallFailed, FdtuiError, errno_name
from fdtui.keeper import keepsake
from fdtui.keeper.actions.arguments import Argument, Usage, parse_name, parse_text, parse_words
from fdtui.keeper.actions.base import Action
from fdtui.keeper.actions.codec import action_named
from fdtui.keeper.actions.flags import Flag
from fdtui.keeper.api import Acquired, Hold
from fdtui.keeper.client import QUICK
from fdtui.keeper.codec import items, text
from fdtui.keeper.operations import Reply
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry as Listed
from fdtui.render.safe import safe
from fdtui.render.spans import Span, Spans, shown
from fdtui.tui.screens.actionmenu import ActionMenu, Entry, entries
from fdtui.tui.screens.askline import AskLine
from fdtui.tui.screens.deed import Deed, Plan
from fdtui.tui.screens.loan import about

if TYPE_CHECKING:
    from fdtui.tui.screens.place import PlaceScreen

_HEAD = 10  # cells of the words before what is said under the menu
_PROPOSED = {"truncate": "0"}


class Acting:
    """From the menu to the confirmation."""

    def __init__(self, screen: PlaceScreen, acquired: Acquired, *, taken: bool = False) -> None:
        """`taken`: for this alone; released again when nothing comes of it."""
        self.deed = Deed(screen, acquired, taken=taken)
        self._app, self._acquired = screen.fdtui, acquired
        self._entries: dict[str, Entry] = {}

    # Choosing

    def choose(self) -> None:
        """Offer what fits."""
        keeper, ident = self._app.keeper, self._acquired.id

        def held(holds: Sequence[Hold]) -> None:
            self._app.when(
                keeper.perform("actions", ident, timeout=QUICK),
                lambda reply: self._offer(reply, holds),
                self.deed.give_up,
                opens=True,
            )

        self._app.when(keeper.held(), held, self.deed.give_up, opens=True)

    def _offer(self, reply: Reply, holds: Sequence[Hold]) -> None:
        names = [name for name in map(text, items(reply.facts["actions"])) if self._able(name)]
        if not names:
            via = self._acquired.via
            words = f"{via} gives a private description: acting on it does not reach the target"
            self.deed.give_up(FdtuiError(words, "s takes the target's own"))
            return
        found = entries(names, self._acquired.kind)
        self._entries = {entry.key: entry for entry in found}
        self.deed.look_around()
        menu = ActionMenu(f"Act on {about(self._acquired)}", found, self._below(holds))
        self._app.push_screen(menu, self._chosen)

    def _able(self, name: str) -> bool:
        target = self._acquired.target
        if name == "restore":
            return target.fd >= 0 and keepsake.kept(target)
        return target.fd >= 0 or not action_named(name).in_target

    def _below(self, holds: Sequence[Hold]) -> list[Spans]:
        """How it was taken, and what holding it costs."""
        lines: list[Spans] = []
        if self.deed.taken:
            words = f"taken by {self._acquired.via} to act on it, released again if you leave it"
            lines.append((Span(f"{'held':<{_HEAD}}", "muted"), Span(words)))
        cost = next((hold.cost for hold in holds if hold.acquired.id == self._acquired.id), "")
        if cost:
            lines.append((Span(f"{'costs':<{_HEAD}}", "muted"), *shown(cost)))
        return lines

    def _chosen(self, key: str | None) -> None:
        if key is None:
            self.deed.leave()
            return
        entry = self._entries[key]
        if isinstance(entry.action, Flag):
            self._toggle(entry.action)
        elif entry.words or not _asked(entry.action):
            self._preview(entry.action, entry.words, typed=False, title=entry.title)
        else:
            self._ask(entry.action)

    def at_once(self, name: str) -> None:
        """Show the confirmation of an action that nothing has to be typed for."""
        action = action_named(name)
        self.deed.look_around()
        if isinstance(action, Flag):
            self._toggle(action)
        else:
            self._preview(action, (), typed=False)

    def _toggle(self, action: Flag) -> None:
        """A flag has one other state: nothing has to be typed."""

        def seen(state: tuple[Listed, Info]) -> None:
            flags = state[0].info.flags if state[0].info else 0
            word = "off" if flags & action.flag else "on"
            self._preview(action, (word,), typed=False)

        self._app.when(
            self._app.keeper.state(self._acquired.id), seen, self.deed.give_up, opens=True
        )

    # Asking for arguments

    def _ask(
        self,
        action: Action,
        words: tuple[str, ...] = (),
        value: str | None = None,
        mistake: str = "",
    ) -> None:
        """Ask for the next word; with all of them, show what would be done."""
        if len(words) == len(action.arguments):
            self._preview(action, words, typed=True)
            return
        argument = action.arguments[len(words)]

        def typed(word: str | None) -> None:
            if word is None:
                self.deed.leave()
            elif word or not argument.optional:
                self._ask(action, (*words, word))
            else:
                self._preview(action, words, typed=True)

        line = AskLine(
            safe(" ".join([action.name, *words, argument.name])),
            _PROPOSED.get(action.name, "") if value is None else value,
            syntax=_syntax(argument),
            check=lambda word: _mistake(argument, word),
            mistake=mistake,
        )
        self._app.push_screen(line, typed)

    def _preview(
        self, action: Action, words: tuple[str, ...], *, typed: bool, title: str = ""
    ) -> None:
        title = title or action.heading(self._acquired.kind)
        if isinstance(action, Flag) and words and not typed:
            title += f" {words[0]}"

        def refused(error: FdtuiError) -> None:
            if typed and words:
                self._ask(action, words[:-1], words[-1], _short(error))
            else:
                self.deed.give_up(error)

        places = [absolute(action, n, word) for n, word in enumerate(words)]
        try:
            args = parse_words(action.arguments, places)
        except Usage as error:
            refused(error)
        else:
            self.deed.show(Plan(action, args, title, refused))


def _asked(action: Action) -> tuple[Argument, ...]:
    """The arguments that a person is asked for; a size is, although 0 is usually meant."""
    return () if action.name == "truncate-rewind" else action.arguments


def _syntax(argument: Argument) -> str:
    if argument.parse is parse_text:
        return r"text, with \n \t \xHH"
    return f"like {argument.example}" if argument.example else ""


def _short(error: FdtuiError) -> str:
    """What it says without the call: the line is narrow, and shows its argument already."""
    if isinstance(error, CallFailed):
        return f"{error.cause} ({errno_name(error.errno)})"
    return str(error)


def _mistake(argument: Argument, word: str) -> str:
    if not word and argument.optional:
        return ""
    try:
        argument.parse(word)
    except Usage as error:
        return f"{error.message}  {error.remedy}" if error.remedy else error.message
    return ""


def absolute(action: Action, place: int, word: str) -> str:
    """A path is meant from where fdtui was started."""
    if action.arguments[place].parse is not parse_name or word[:1] in ("@", "|", ""):
        return word
    path = os.path.expanduser(word)
    try:
        return os.path.abspath(path)
    except FileNotFoundError:
        return path  # the working directory has been removed: open(2) will say so
