"""No way yet: every method, what it says now, and what would change that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, cast

from textual.binding import Binding, BindingType

from fdtui.acquire.base import Verdict
from fdtui.errors import CallFailed, FdtuiError
from fdtui.render.safe import safe
from fdtui.render.spans import Role, Span, shown
from fdtui.tui.app import FdtuiApp
from fdtui.tui.screens.looking import Wish
from fdtui.tui.widgets.dialog import Button, Dialog, DialogLine

Verdicts = Sequence[tuple[str, Verdict]]
_METHOD, _NOW = 14, 10  # cells of the first two columns
_ROLES: dict[str, Role] = {
    "works": "good",
    "ready": "good",
    "waiting": "muted",
    "refused": "attention",
    "never": "muted",
}
_DOES = {
    "helper": "start the helper",
    "injection": "have the target send it",
    "inbox": "wait for it",
    "reopen": "open it anew",
}
_ABLE = ("works", "ready")


class AcquireDialog(Dialog):
    """Answers with the name of the method to try, None for leaving it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "choose(-1)", "up", id="acquire.up", show=False),
        Binding("down,j", "choose(1)", "down", id="acquire.down", show=False),
    ]

    def __init__(self, wish: Wish, verdicts: Verdicts, error: FdtuiError | None) -> None:
        self._verdicts, self._error = verdicts, error
        self._tried = wish.via or "pidfd_getfd"
        able = [n for n, (_, verdict) in enumerate(verdicts) if verdict.state in _ABLE]
        self._chosen = able[0] if able else 0
        self._words = self.words_for(wish)
        super().__init__(self._words, list(self._lines()), self._keys())

    def words_for(self, wish: Wish) -> str:
        """The title."""
        return f"No way yet to {'take' if wish.keep else 'look at'} {wish.words}"

    def _lines(self) -> Iterator[DialogLine]:
        head = f"{'METHOD':<{_METHOD}}{'NOW':<{_NOW}}WHY, AND WHAT WOULD CHANGE IT"
        indent = _METHOD + _NOW
        yield from self._trouble()
        yield DialogLine((Span(head, "muted"),))
        for index, (name, verdict) in enumerate(self._verdicts):
            chosen = index == self._chosen
            if index:
                yield DialogLine()
            yield DialogLine(
                (
                    Span(f"{safe(name):<{_METHOD}}", "strong"),
                    Span(f"{verdict.state:<{_NOW}}", _ROLES[verdict.state]),
                    *shown(verdict.why),
                ),
                indent,
                chosen,
            )
            if verdict.remedy:
                remedy = (Span(" " * indent + "→ ", "muted"), *shown(verdict.remedy, "muted"))
                yield DialogLine(remedy, indent + 2, chosen)

    def _trouble(self) -> Iterator[DialogLine]:
        """What went wrong with a method that should have worked; the others explain themselves."""
        error, states = self._error, {name: verdict.state for name, verdict in self._verdicts}
        if error is None:
            return
        told: list[tuple[str, str]] = []
        if states.get(self._tried, "works") in _ABLE or not isinstance(error, CallFailed):
            told.append((str(error), error.remedy))
        for note in getattr(error, "__notes__", ()):
            name, _, words = note.partition(": ")
            if states.get(name) == "works":
                told.append((words, ""))
        for words, remedy in told:
            yield DialogLine(shown(words, "attention"))
            if remedy:
                yield DialogLine((Span("→ ", "muted"), *shown(remedy)), 2)
        if told:
            yield DialogLine()

    def _keys(self) -> list[Button]:
        buttons = []
        if self._verdicts:
            name, verdict = self._verdicts[self._chosen]
            if verdict.state in _ABLE:
                plain = f"try {name}"
                does = plain if verdict.state == "works" else _DOES.get(name, plain)
                buttons.append(Button("enter", does, "focused"))
        if any(verdict.remedy for _, verdict in self._verdicts):
            buttons.append(Button("y", "yank the commands"))
        return [*buttons, Button("esc", "leave", "plain" if buttons else "focused")]

    def action_choose(self, step: int) -> None:
        """Choose another method."""
        if self._verdicts:
            self._chosen = (self._chosen + step) % len(self._verdicts)
            self.show(self._words, list(self._lines()), self._keys())

    def answer(self, key: str) -> None:
        """Try the chosen one, copy the remedies, or leave."""
        if key == "enter":
            self.dismiss(self._verdicts[self._chosen][0])
        elif key == "y":
            commands = "\n".join(v.remedy for _, v in self._verdicts if v.remedy)
            cast(FdtuiApp, self.app).yank(commands, "commands")
            self.dismiss(None)
        else:
            self.dismiss(None)


class PullDialog(AcquireDialog):
    """Who shall send it, where there is a choice: a helper, or the target at some risk."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "take", "take the chosen one", id="acquire.take", show=False),
    ]

    def __init__(self, wish: Wish, verdicts: Verdicts) -> None:
        super().__init__(wish, verdicts, None)

    def words_for(self, wish: Wish) -> str:
        return f"Have {wish.words} sent"

    def action_take(self) -> None:
        """As enter: the key that asked says yes."""
        self.answer("enter")
