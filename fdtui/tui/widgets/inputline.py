"""A prompt of one line: what to filter by, search for, go to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from fdtui.render.spans import Span, Spans
from fdtui.tui.widgets.bars import SpanLine
from fdtui.tui.widgets.fit import cells, width_of


class InputLine(Horizontal):
    """A prompt, the text being typed, and a note at the right; hidden until opened."""

    DEFAULT_CSS = """
    InputLine { height: 1; display: none; background: $background; }
    InputLine.-open { display: block; }
    InputLine SpanLine { width: auto; }
    InputLine Input, InputLine Input:focus {
        width: 1fr; background: $background; background-tint: transparent; color: $text;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "leave", id="input.cancel", show=False),
    ]

    @dataclass
    class Changed(Message):
        """Another text is in the line."""

        line: InputLine
        prompt: str
        value: str

    @dataclass
    class Submitted(Message):
        """Enter: the text is meant."""

        line: InputLine
        prompt: str
        value: str

    @dataclass
    class Cancelled(Message):
        """Escape: it is not."""

        line: InputLine
        prompt: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.prompt = ""
        self._label = SpanLine()
        self._note = SpanLine()
        self._input = Input(compact=True, select_on_focus=False)
        self._input.cursor_blink = False

    def compose(self) -> ComposeResult:
        """Prompt, text, note."""
        yield self._label
        yield self._input
        yield self._note

    @property
    def value(self) -> str:
        """The text in the line."""
        return self._input.value

    def open(self, prompt: str, value: str = "", note: Spans = ()) -> None:
        """Ask: `prompt` is the key that asks (`/`, `:`), `note` says what may be typed."""
        self.prompt = prompt
        self._label.styles.width = cells(prompt) + 2
        self._label.show((Span(prompt, "key"),))
        self.note(note)
        with self._input.prevent(Input.Changed):
            self._input.value = value
        self._input.cursor_position = len(value)
        self.add_class("-open")
        # At once, styles or not: what is typed right behind the key belongs into the line.
        self.styles.display = "block"
        self.screen.set_focus(self._input)

    def note(self, note: Spans) -> None:
        """Say something about what is typed: a count, why it cannot be."""
        self._note.styles.width = width_of(note) + 2 if note else 0
        self._note.show(note)

    def close(self) -> None:
        """Hide; what has the focus then is for the screen to say."""
        self.remove_class("-open")
        self.styles.display = "none"

    def action_cancel(self) -> None:
        """Leave without the text."""
        self.close()
        self.post_message(self.Cancelled(self, self.prompt))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Pass on what was typed."""
        event.stop()
        self.post_message(self.Changed(self, self.prompt, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Pass on what is meant."""
        event.stop()
        self.close()
        self.post_message(self.Submitted(self, self.prompt, event.value))

    def on_click(self, event: events.Click) -> None:
        """A click anywhere in the line is meant for its text."""
        self._input.focus()
