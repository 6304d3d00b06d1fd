"""The keys that work on a screen, generated from its bindings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen

from fdtui.render.spans import Span
from fdtui.tui.widgets.dialog import Button, Dialog, DialogLine

_SHOWN = {
    "escape": "esc",
    "slash": "/",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "colon": ":",
    "at": "@",
    "question_mark": "?",
    "exclamation_mark": "!",
}
_MARKS = (
    ("+", "new, or changed"),
    ("-", "closed"),
    ("*", "held by this session"),
    ("!", "an error, or calls for attention"),
    ("×", "cannot be looked into"),
    ("@", "the target's own offset is in this row"),
    ("/", "a search match is in this row"),
)
_KEY_CELLS = 16
# What opens a row and what is particular to the place come first; that keys move about is known.
_EVERYWHERE = ("table.filter", "table.sort", "table.reverse", "place.", "app.")


def _rank(ident: str) -> int:
    """Where a binding stands in the list."""
    if ident == "table.open":
        return 0
    if ident.startswith(_EVERYWHERE):
        return 2
    return 3 if ident.startswith("table.") else 1


def keys_of(screen: Screen[Any]) -> list[tuple[str, str]]:
    """Key and word of every binding that works on the screen and has a word, in order."""
    found: dict[str, list[str]] = {}
    bindings = [
        (key, active.binding)
        for key, active in screen.active_bindings.items()
        if active.enabled and active.binding.id and active.binding.description
    ]
    bindings.sort(key=lambda one: _rank(one[1].id or ""))
    for key, binding in bindings:
        keys = found.setdefault(binding.description, [])
        keys.append(_SHOWN.get(key, key))
    return [(" ".join(keys), word) for word, keys in found.items()]


class Help(Dialog):
    """All keys, and what the marks at the start of rows mean."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "dismiss", "leave", show=False),
    ]

    def __init__(self, screen: Screen[None]) -> None:
        super().__init__("Keys", list(_lines(keys_of(screen))), [Button("esc", "leave", "focused")])


def _lines(keys: list[tuple[str, str]]) -> Iterable[DialogLine]:
    for key, word in keys:
        yield DialogLine((Span(f"{key:<{_KEY_CELLS}}", "key"), Span(word)), indent=_KEY_CELLS)
    yield DialogLine()
    for mark, meaning in _MARKS:
        yield DialogLine((Span(f"{mark:<{_KEY_CELLS}}", "strong"), Span(meaning, "muted")))
