"""One line to be typed over any screen, in place of its keys; what is wrong is said beside it."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.screen import ModalScreen

from fdtui.render.spans import Span, Spans, shown
from fdtui.tui.widgets.inputline import InputLine

Check = Callable[[str], str]  # what is wrong with a text, "" when nothing is


class AskLine(ModalScreen[str | None]):
    """Answers with a text that `check` has nothing against; None for escape."""

    DEFAULT_CSS = """
    AskLine { background: transparent; }
    AskLine InputLine { dock: bottom; }
    """

    def __init__(
        self,
        prompt: str,
        value: str = "",
        *,
        syntax: str = "",
        check: Check = lambda text: "",
        mistake: str = "",
    ) -> None:
        """`mistake` is said until something is typed."""
        super().__init__()
        self.line = InputLine()
        self._prompt, self._value = prompt, value
        self._syntax, self._check, self._mistake = syntax, check, mistake

    def compose(self) -> ComposeResult:
        """The line alone."""
        yield self.line

    def on_mount(self) -> None:
        """Ask at once."""
        self.line.open(self._prompt, self._value, self._note(self._mistake))

    def hint(self) -> str:
        """What may be typed."""
        return self._syntax

    def _note(self, mistake: str) -> Spans:
        return shown(mistake, "attention") if mistake else (Span(self.hint(), "muted"),)

    def on_input_line_changed(self, message: InputLine.Changed) -> None:
        """Say at once what is wrong, but not that nothing was typed yet."""
        message.stop()
        mistake = self._check(message.value) if message.value else ""
        self.line.note(self._note(mistake))

    def on_input_line_submitted(self, message: InputLine.Submitted) -> None:
        """Take it, or say what is wrong with it."""
        message.stop()
        if not self.is_current:
            return  # it was taken already
        if mistake := self._check(message.value):
            self.line.open(self._prompt, message.value, self._note(mistake))
        else:
            self.dismiss(message.value)

    def on_input_line_cancelled(self, message: InputLine.Cancelled) -> None:
        """It is not meant."""
        message.stop()
        if self.is_current:
            self.dismiss(None)
