"""The actions that fit what is held: a key and a line of hazard for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple

from textual import events
from textual.binding import Binding, BindingType

from fdtui.keeper.actions import actions
from fdtui.keeper.actions.base import Action
from fdtui.keeper.actions.truncating import APPEND
from fdtui.render.spans import Span, Spans
from fdtui.tui.widgets.dialog import Button, Dialog, DialogLine

_TITLE = 29  # cells of a title and the gap behind it
_KEYS = {
    "truncate-rewind": "t",
    "truncate": "z",
    "write": "w",
    "pwrite": "W",
    "append": "a",
    "seek": "o",
    "send": "w",
    "shutdown": "h",
    "drain": "d",
    "pipe-size": "z",
    "unlock": "u",
    "set-nonblock": "b",
    "set-append": "A",
    "sync": "f",
    "punch": "p",
    "sockopt": "o",
    "give": "g",
    "redirect": ">",
    "restore": "<",
    "close": "C",
}
_SPARE = "123456789cilmnrsv"  # for an action that is named nowhere here
_ELSEWHERE = frozenset({"edit"})  # `e` in the viewer collects its many words


class Entry(NamedTuple):
    """An action, and the words that are known of it already."""

    key: str
    action: Action
    title: str
    risk: str
    words: tuple[str, ...] = ()
    line: str = ""  # in the menu, where it is not the title


def entries(names: Iterable[str], kind: str) -> list[Entry]:
    """Give each action its key; those done in the target come last."""
    found: list[Entry] = []
    for action in sorted((actions()[name] for name in names), key=lambda one: one.in_target):
        if action.name in _ELSEWHERE:
            continue
        taken = {entry.key for entry in found}
        key = _KEYS.get(action.name, "")
        if not key or key in taken:
            key = next(spare for spare in _SPARE if spare not in taken)
        found.append(Entry(key, action, action.heading(kind), action.danger(kind)))
        if action.name == "truncate-rewind":
            risk = "and no truncation leaves a hole then"
            title = "Truncate and rewind, setting O_APPEND"
            found.append(Entry("T", action, title, risk, (APPEND,), "The same, setting O_APPEND"))
        if action.name == "shutdown":
            found[-1] = found[-1]._replace(words=("both",))
            found.append(Entry("H", action, action.title, "", (), "One direction of it only"))
    return found


class ActionMenu(Dialog):
    """Answers with the key of an entry: typed, or chosen by the cursor and enter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "choose(-1)", "up", id="act.up", show=False),
        Binding("down,j", "choose(1)", "down", id="act.down", show=False),
    ]

    def __init__(self, title: str, found: Sequence[Entry], below: Sequence[Spans]) -> None:
        """`below` is said under the entries."""
        self._entries, self._below = found, below
        self._chosen = 0
        self._words = title
        super().__init__(self._words, self._lines()[0], _BUTTONS)

    def _lines(self) -> tuple[list[DialogLine], int]:
        """All lines, and which of them is chosen."""
        lines: list[DialogLine] = []
        at = 0
        for index, entry in enumerate(self._entries):
            before = self._entries[index - 1] if index else None
            if entry.action.in_target and not (before and before.action.in_target):
                lines += [DialogLine(), DialogLine((Span("in the target itself", "muted"),))]
            if index == self._chosen:
                at = len(lines)
            lines.append(_line(entry, index == self._chosen))
        if self._below:
            lines.append(DialogLine())
            lines += [DialogLine(spans, 10) for spans in self._below]
        return lines, at

    def on_key(self, event: events.Key) -> None:
        """A key of an entry; the buttons' keys are the dialog's."""
        if any(entry.key == event.character for entry in self._entries):
            event.stop()
            event.prevent_default()
            self.dismiss(event.character)

    def action_choose(self, step: int) -> None:
        """Choose another entry."""
        self._chosen = (self._chosen + step) % len(self._entries)
        lines, at = self._lines()
        self.show(self._words, lines, _BUTTONS)
        self.box.reveal(at)

    def answer(self, key: str) -> None:
        """Enter takes the chosen one."""
        self.dismiss(self._entries[self._chosen].key if key == "enter" else None)


def _line(entry: Entry, chosen: bool) -> DialogLine:
    return DialogLine(
        (
            Span(f"{entry.key}  ", "key"),
            Span(f"{entry.line or entry.title:<{_TITLE}}", "strong"),
            Span(entry.risk, "muted"),
        ),
        3,
        chosen,
    )


_BUTTONS = [Button("enter", "go on", "focused"), Button("esc", "leave")]
