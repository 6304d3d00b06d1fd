"""A prompt of one line: what to filter by, search for, go to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from fdtui.render.spans import Span, Spans
from fdtui.tui.widgets.assist import Assist
from fdtui.tui.widgets.bars import SpanLine
from fdtui.tui.widgets.fit import cells, width_of
from fdtui.tui.widgets.hints import hint, offered, pointed

_INDENT = 3  # cells before the text: a blank, the prompt, a blank


class TypedLine(Input):
    """The text.  What is typed behind the key that ends it is for whoever has the focus then."""

    listening = False

    async def _on_key(self, event: events.Key) -> None:
        """End at once: keys behind it may be waiting here already, on a busy machine."""
        if self.listening and event.key != "enter":
            return  # Input's own handler comes next
        event.stop()
        event.prevent_default()
        if self.listening:
            assert isinstance(self.parent, Widget)
            assert isinstance(self.parent.parent, InputLine)
            self.parent.parent.submit()
        else:
            again = events.Key(event.key, event.character)
            again.time = event.time  # when it was typed
            self.app.post_message(again)


class InputLine(Vertical):
    """A prompt, the text being typed, and a note at the right; hidden until opened.

    With an `Assist` a second line says what the word could become, or where a mistake is.
    """

    DEFAULT_CSS = """
    InputLine { height: auto; display: none; background: $background; }
    InputLine.-open { display: block; }
    InputLine Horizontal { height: 1; }
    InputLine Horizontal SpanLine { width: auto; }
    InputLine Input, InputLine Input:focus {
        width: 1fr; background: $background; background-tint: transparent; color: $text;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "leave", id="input.cancel", show=False),
        Binding("tab", "complete(1)", "complete", id="input.complete", show=False),
        Binding("shift+tab", "complete(-1)", "complete", id="input.complete_back", show=False),
        Binding("up", "earlier(-1)", "earlier line", id="input.earlier", show=False),
        Binding("down", "earlier(1)", "later line", id="input.later", show=False),
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
        self._input = TypedLine(compact=True, select_on_focus=False)
        self._input.cursor_blink = False
        self._back: Widget | None = None  # what had the focus before
        self._below = SpanLine()
        self._below.display = False
        self._assist: Assist | None = None
        self._mistake: tuple[int, str] | None = None

    def compose(self) -> ComposeResult:
        """Prompt, text, note; below them what helps."""
        with Horizontal():
            yield self._label
            yield self._input
            yield self._note
        yield self._below

    @property
    def value(self) -> str:
        """The text in the line."""
        return self._input.value

    def open(
        self, prompt: str, value: str = "", note: Spans = (), assist: Assist | None = None
    ) -> None:
        """Ask: `prompt` is the key that asks (`/`, `:`), `note` says what may be typed."""
        self.prompt = prompt
        self._assist, self._mistake = assist, None
        self._below.display = assist is not None
        self._label.styles.width = cells(prompt) + 2
        self._label.show((Span(prompt, "key"),))
        self.note(note)
        with self._input.prevent(Input.Changed):
            self._input.value = value
        self._input.cursor_position = len(value)
        self._show_below()
        self.add_class("-open")
        # At once, styles or not: what is typed right behind the key belongs into the line.
        self.styles.display = "block"
        if self.screen.focused is not self._input:
            self._back = self.screen.focused
        self._input.listening = True
        self.screen.set_focus(self._input)

    def note(self, note: Spans) -> None:
        """Say something about what is typed: a count, why it cannot be."""
        self._note.styles.width = width_of(note) + 2 if note else 0
        self._note.show(note)

    def point(self, column: int, words: str) -> None:
        """Say what is wrong, and at which character, counted from 1; 0: nothing is."""
        self._mistake = (column, words) if column else None
        self._show_below()

    def _show_below(self) -> None:
        assist, text = self._assist, self._input.value
        if assist is None:
            return
        width = self.app.size.width - 2
        if assist.stands(text):
            self._below.show(offered(assist.offered, assist.taken, width))
        elif self._mistake is not None:
            column, words = self._mistake
            before = cells(text[: column - 1]) - round(self._input.scroll_x)
            early = column > len(text)  # it is being typed
            self._below.show(
                pointed(_INDENT - 1 + before, words, width, "muted" if early else "attention")
            )
        else:
            self._below.show(hint())

    def close(self) -> None:
        """Hide; what had the focus before has it again."""
        self.remove_class("-open")
        self.styles.display = "none"
        self._input.listening = False
        self.screen.set_focus(self._back)

    def action_cancel(self) -> None:
        """Leave without the text."""
        self.close()
        self.post_message(self.Cancelled(self, self.prompt))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without help the keys of it mean what they mean elsewhere."""
        if action in {"complete", "earlier"}:
            return self._assist is not None
        return super().check_action(action, parameters)

    def action_complete(self, step: int) -> None:
        """Complete the word at the cursor; again: go through what it could become."""
        if self._assist is not None:
            line = self._input
            self._put(self._assist.complete(line.value, line.cursor_position, step))

    def action_earlier(self, step: int) -> None:
        """Put an earlier line in the place of this one."""
        if self._assist is not None:
            self._put(self._assist.earlier(self._input.value, step))

    def _put(self, line: tuple[str, int] | None) -> None:
        if line is not None:
            self._input.value, self._input.cursor_position = line
        self._show_below()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Pass on what was typed."""
        event.stop()
        if self._assist is not None and not self._assist.stands(event.value):
            self._assist.forget()
            self._mistake = None  # of what was there before
            self._show_below()
        self.post_message(self.Changed(self, self.prompt, event.value))

    def submit(self) -> None:
        """Pass on what is meant."""
        self.close()
        self.post_message(self.Submitted(self, self.prompt, self._input.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter by another key."""
        event.stop()
        self.submit()

    def on_click(self, event: events.Click) -> None:
        """A click anywhere in the line is meant for its text."""
        self._input.focus()
