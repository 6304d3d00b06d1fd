"""Choosing columns: each has a digit that switches it."""

from __future__ import annotations

from collections.abc import Mapping

from textual import events

from fdtui.render.spans import Span
from fdtui.tui.widgets.dialog import Button, Dialog, DialogLine


class ChooseColumns(Dialog):
    """Answers with the keys of what is on, joined by commas; escape changes nothing."""

    def __init__(self, able: Mapping[str, str], chosen: frozenset[str]) -> None:
        self._able = able
        self._chosen = set(chosen)
        super().__init__("Columns", self._lines(), _BUTTONS)

    def _lines(self) -> list[DialogLine]:
        return [
            DialogLine(
                (
                    Span(f"{number}  ", "key"),
                    Span("+ " if name in self._chosen else "  ", "good"),
                    Span(f"{name.upper():<12}", "strong"),
                    Span(words, "muted"),
                )
            )
            for number, (name, words) in enumerate(self._able.items(), 1)
        ]

    def on_key(self, event: events.Key) -> None:
        """A digit switches a column on or off."""
        if event.character and event.character.isdigit() and event.character != "0":
            names = list(self._able)
            if int(event.character) <= len(names):
                event.stop()
                event.prevent_default()
                self._chosen ^= {names[int(event.character) - 1]}
                self.show("Columns", self._lines(), _BUTTONS)

    def answer(self, key: str) -> None:
        """Enter takes the choice."""
        self.dismiss(None if key == "esc" else ",".join(self._chosen))


_BUTTONS = [Button("enter", "take them", "focused"), Button("esc", "leave")]
