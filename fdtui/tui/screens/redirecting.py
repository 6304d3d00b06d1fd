"""`w`: where a descriptor of the target shall lead; the line that asks is the confirmation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from fdtui.errors import FdtuiError
from fdtui.keeper.actions.arguments import Args, Usage, parse_words
from fdtui.keeper.actions.base import Preview
from fdtui.keeper.actions.codec import action_named, preview_from
from fdtui.keeper.operations import Reply
from fdtui.keeper.ops.act import preview_request
from fdtui.render.safe import safe
from fdtui.render.spans import Span, Spans, shown
from fdtui.tui.screens.acting import absolute
from fdtui.tui.screens.around import Around
from fdtui.tui.screens.confirming import HEAD, LOW, confirmation
from fdtui.tui.screens.deed import Deed, Plan
from fdtui.tui.widgets.dialog import Button, Dialog, DialogLine
from fdtui.tui.widgets.inputline import InputLine

if TYPE_CHECKING:
    from fdtui.tui.screens.place import PlaceScreen
    from fdtui.tui.screens.taking import Selected

_ANYWHERE = "/dev/null"  # stands for what is not typed yet
_HINT = "a path, or | and a command"


class RedirectTo(Dialog):
    """What is held, what will become of it, and a line for the place; enter there does it.

    It stands from the first key on: what is typed right behind it belongs into the line.
    """

    DEFAULT_CSS = """
    RedirectTo InputLine { dock: bottom; }
    """

    def __init__(self, screen: PlaceScreen, selected: Selected) -> None:
        self._place, self._selected = screen, selected
        self._action = action_named("redirect")
        self._deed: Deed | None = None
        self._preview: Preview | None = None
        self._around: Around | None = None
        self._wanted = False  # enter was pressed before it was known what is held
        self._busy = False  # enter was pressed, and what is there now is looked at
        self._over = False
        self.line = InputLine()
        super().__init__(self._action.title, self._lines(), _BUTTONS)
        self.box.below = 1

    def compose(self) -> ComposeResult:
        """The box and the line."""
        yield from super().compose()
        yield self.line

    def on_mount(self) -> None:
        """Ask at once."""
        self._open("", self._note())

    def _open(self, value: str, note: Spans) -> None:
        self.line.open(f"redirect fd {self._selected.fd} to", value, note)

    def _note(self, mistake: str = "") -> Spans:
        return shown(mistake, "attention") if mistake else (Span(_HINT, "muted"),)

    def _lines(self, alert: str = "") -> list[DialogLine]:
        if self._preview is None or self._deed is None:
            held = (
                Span(f"{'held':<{HEAD}}", "muted"),
                *shown(self._selected.link, "strong", cut="path"),
            )
            return [DialogLine(held, HEAD), _row("", self._selected.words)]
        preview = self._preview
        # The place is not known before it is typed: the line below says it.
        preview = replace(
            preview,
            after=("it is what is typed below", *preview.after[1:]),
            calls=tuple(call.replace(_ANYWHERE, "TO") for call in preview.calls),
        )
        low = self.is_mounted and self.app.size.height < LOW
        return confirmation(preview, self._deed.acquired, self._around, low=low, alert=alert)

    def _draw(self, alert: str = "") -> None:
        self.show(self._action.title, self._lines(alert), _BUTTONS)

    def on_resize(self) -> None:
        """A low screen has no room for empty lines."""
        self._draw()

    # What is held

    def show_held(self, deed: Deed) -> None:
        """It is held now: say what it is, and who has it."""
        self._deed = deed
        if self._over:
            deed.leave()
            return
        deed.screen.fdtui.when(deed.look_around(), self._known, self._unknown)
        self._ask_for_preview(self._args(_ANYWHERE), self._previewed)

    def fail(self) -> None:
        """It cannot be taken."""
        self._leave()

    def _known(self, around: Around) -> None:
        self._around = around
        if not self._over:
            self._draw()

    def _unknown(self, error: FdtuiError) -> None:
        self._known(Around(why=str(error)))

    def _previewed(self, preview: Preview) -> None:
        before = self._selected.link
        self._preview = preview
        changed = bool(preview.held) and before not in preview.held[0]
        self._draw(f"it was {safe(before)} in the table" if changed else "")
        if self._wanted:
            self._wanted = False
            if not changed:
                self._submit()

    def _ask_for_preview(self, args: Args, done: Callable[[Preview], object]) -> None:
        deed = self._deed
        assert deed is not None
        keeper = self._place.fdtui.keeper
        request = preview_request(self._action, args)

        def previewed(reply: Reply) -> None:
            if not self._over:
                done(preview_from(reply.facts))

        def refused(error: FdtuiError) -> None:
            self._busy = False
            if isinstance(error, Usage) or self._preview is not None:
                self._say(error)
            elif not self._over:
                self._leave()
                deed.give_up(error)

        self._place.fdtui.when(
            keeper.perform("preview", deed.acquired.id, request), previewed, refused
        )

    # The line

    def answer(self, key: str) -> None:
        """A click on a button."""
        if key == "enter":
            self._submit()
        elif not self._over:
            deed = self._deed
            self._leave()
            if deed is not None:
                deed.leave()

    def on_input_line_submitted(self, message: InputLine.Submitted) -> None:
        """Enter does it."""
        message.stop()
        self._open(message.value, self._note())
        self._submit()

    def on_input_line_cancelled(self, message: InputLine.Cancelled) -> None:
        """Escape leaves it alone."""
        message.stop()
        self.answer("esc")

    def on_input_line_changed(self, message: InputLine.Changed) -> None:
        """What was wrong is of the past."""
        message.stop()
        self.line.note(self._note())

    def _submit(self) -> None:
        """Look once more with what was typed; nothing is done to what is not shown above."""
        word, deed, seen = self.line.value.strip(), self._deed, self._preview
        if self._over or self._busy:
            return
        if not word:
            self._say(FdtuiError("a path is needed, or | and a command"))
            return
        if deed is None or seen is None:
            self._wanted = True
            return
        try:
            args = self._args(word)
        except Usage as error:
            self._say(error)
            return
        plan = Plan(self._action, args, self._action.title, deed.give_up)

        def checked(preview: Preview) -> None:
            self._busy = False
            if preview.held != seen.held:
                self._preview = preview
                self._draw("it is something else now")
                return
            self._leave()
            deed.do(plan, seen)

        self._busy = True
        self._ask_for_preview(args, checked)

    def _args(self, word: str) -> Args:
        return parse_words(self._action.arguments, [absolute(self._action, 0, word)])

    def _say(self, error: FdtuiError) -> None:
        self.line.note(self._note(f"{error}  {error.remedy}" if error.remedy else str(error)))

    def _leave(self) -> None:
        if not self._over:
            self._over = True
            self.dismiss(None)


def _row(head: str, words: str) -> DialogLine:
    return DialogLine((Span(f"{head:<{HEAD}}", "muted"), Span(words)), HEAD)


_BUTTONS = [Button("esc", "leave it alone"), Button("enter", "redirect it", "dangerous")]
