"""A question over the screen: one muted box, whose keys are its buttons."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, TypeAlias

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen
from textual.strip import Strip

from fdtui.render.spans import Span, Spans
from fdtui.tui.theme import Tint, palette_of
from fdtui.tui.widgets.fit import cells, fit, width_of
from fdtui.tui.widgets.lineview import LineView
from fdtui.tui.widgets.wrap import wrap

_MARGIN, _INSET = 2, 3  # blanks outside the box; border and blanks inside it


class DialogLine(NamedTuple):
    """A line of a dialog: where its continuation starts, and whether it is the chosen one."""

    parts: Spans = ()
    indent: int = 0
    chosen: bool = False


ButtonKind: TypeAlias = Literal["plain", "focused", "dangerous"]


class Button(NamedTuple):
    """A key and what it does; enter presses the focused one, dangerous ones stand at the right."""

    key: str
    word: str
    kind: ButtonKind = "plain"


class DialogBox(LineView):
    """The box itself, as large as what it says."""

    DEFAULT_CSS = """
    DialogBox { width: auto; height: auto; }
    """

    @dataclass
    class Pressed(Message):
        """A click on a button."""

        key: str

    def __init__(self, title: str, lines: Sequence[DialogLine], buttons: Sequence[Button]) -> None:
        super().__init__()
        self._title, self._lines, self._buttons = title, lines, buttons
        self._top = 0
        self._spots: list[tuple[range, str]] = []
        self.below = 0  # rows of the screen that something under the box takes
        self.shown_at: float | None = None  # time.monotonic() of the first paint

    def show(self, title: str, lines: Sequence[DialogLine], buttons: Sequence[Button]) -> None:
        """Say something else; the box takes the size of that."""
        self._title, self._lines, self._buttons = title, lines, buttons
        self.settle()

    def settle(self) -> None:
        """Take the size that the words need on this screen."""
        width, height = self.app.size
        height -= self.below
        inner = self._inner(width)
        rows = len(self._wrapped(inner)) + 6
        self.styles.width = min(width, inner + 2 * (_INSET + _MARGIN))
        self.styles.height = min(height, rows)
        self.changed()

    def scroll_lines(self, lines: int) -> None:
        """Show the rest of a dialog taller than the screen."""
        self._top += lines
        self.changed()

    def reveal(self, index: int) -> None:
        """Scroll to the line of that number, where the dialog is taller than the screen."""
        width, height = self.app.size
        inner = self._inner(width)
        room = max(1, height - self.below - 6)
        first = sum(len(wrap(one.parts, inner, one.indent)) for one in self._lines[:index])
        line = self._lines[index]
        behind = first + len(wrap(line.parts, inner, line.indent))
        self._top = min(first, max(self._top, behind - room))
        self.changed()

    def _inner(self, screen_width: int) -> int:
        """Cells for the words: as many as the longest line takes, at most what the screen has."""
        longest = max([width_of(line.parts) for line in self._lines] or [0])
        buttons = sum(cells(b.key) + cells(b.word) + 5 for b in self._buttons)
        wanted = max(longest, buttons, cells(self._title) + 4, 40)
        return max(10, min(wanted, screen_width - 2 * (_INSET + _MARGIN)))

    def _wrapped(self, inner: int) -> list[tuple[Spans, bool]]:
        return [
            (parts, line.chosen)
            for line in self._lines
            for parts in wrap(line.parts, inner, line.indent)
        ]

    def paint(self, width: int, height: int) -> list[Strip]:
        inner = width - 2 * (_INSET + _MARGIN)
        lines = self._wrapped(inner)
        room = max(0, height - 6)
        self._top = max(0, min(self._top, len(lines) - room))
        more = len(lines) > room
        shown = lines[self._top : self._top + room]
        out = [self._edge("┌", "┐", inner, self._title), self._inside(inner)]
        out += [self._inside(inner, parts, "cursor" if chosen else "") for parts, chosen in shown]
        hint = (Span("↑ ↓ more", "faint"),) if more else ()
        out += [self._inside(inner, hint), self._button_row(inner)]
        out += [self._inside(inner), self._edge("└", "┘", inner, "")]
        return (out + [self.blank(width)] * height)[:height]

    def render_lines(self, crop: Region) -> list[Strip]:
        """Paint, and take note that somebody can read it from now on."""
        lines = super().render_lines(crop)
        if self.shown_at is None:
            self.shown_at = time.monotonic()
        return lines

    def _edge(self, left: str, right: str, inner: int, title: str) -> Strip:
        rest = inner + 2 * (_INSET - 1)
        parts: Spans = (Span("  " + left, "muted"),)
        if title:
            words = fit((Span(title, "strong"),), rest - 4)
            parts += (Span("─ ", "muted"), *words, Span(" "))
            rest -= 3 + width_of(words)
        parts += (Span("─" * rest + right, "muted"), Span("  "))
        return self.spans_line(parts, inner + 2 * (_INSET + _MARGIN))

    def _inside(self, inner: int, parts: Spans = (), tint: Tint = "") -> Strip:
        side = [Segment("│", self.palette.style("muted"))]
        words = self.spans_line((Span("  "), *fit(parts, inner)), inner + 2 * (_INSET - 1), tint)
        blank = [Segment("  ", self.palette.style())]
        return Strip([*blank, *side, *words, *side, *blank], inner + 2 * (_INSET + _MARGIN))

    def _button_row(self, inner: int) -> Strip:
        self._spots = []
        segments: list[Segment] = []
        look = self.palette.style
        x, width = 0, inner + 2 * (_INSET - 1)
        right = sum(_cells(b) + 2 for b in self._buttons if b.kind == "dangerous") - 2
        for button in sorted(self._buttons, key=lambda b: b.kind == "dangerous"):
            gap = 2
            if button.kind == "dangerous" and right > 0:
                gap, right = max(2, width - 2 - right - x), 0
            tint: Tint = "button"
            if button.kind != "plain":
                tint = "cursor" if button.kind == "focused" else "danger"
            word = look("strong" if button.kind == "dangerous" else "text", tint)
            segments += [
                Segment(" " * gap, look()),
                Segment(" ", look("text", tint)),
                Segment(button.key, look("key", tint)),
                Segment(f" {button.word} ", word),
            ]
            start = x + gap
            x = start + _cells(button)
            offset = _MARGIN + 1
            self._spots.append((range(start + offset, x + offset), button.key))
        words = Strip(segments).adjust_cell_length(width, look())
        side = [Segment("│", look("muted"))]
        blank = [Segment("  ", look())]
        return Strip([*blank, *side, *words, *side, *blank], inner + 2 * (_INSET + _MARGIN))

    def on_click(self, event: events.Click) -> None:
        """Press the button under the pointer."""
        if event.y == self.size.height - 3:
            for spot, key in self._spots:
                if event.x in spot:
                    self.post_message(self.Pressed(key))


def _cells(button: Button) -> int:
    return cells(button.key) + cells(button.word) + 3


class _Faint(BackgroundScreen):
    """The screen under the dialog, all of it faint."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        return self._faint(super().__rich_console__(console, options))

    def _faint(self, segments: RenderResult) -> Iterator[Segment]:
        style = palette_of(self.screen.app).style("faint", "behind")
        for segment in segments:
            if isinstance(segment, Segment):
                yield segment if segment.control else Segment(segment.text, style)


class Dialog(ModalScreen[str | None]):
    """A question; its answer is the key of the button, None for escape.

    Enter presses the focused button, which is never a dangerous one.  The key of a dangerous one
    counts when it was typed with the question on the screen: nobody confirms what was not read.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 60%; overflow: hidden; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_box(-1)", "up", id="dialog.up", show=False),
        Binding("down,j", "scroll_box(1)", "down", id="dialog.down", show=False),
        Binding("pageup", "scroll_box(-10)", "page up", id="dialog.pageup", show=False),
        Binding("pagedown", "scroll_box(10)", "page down", id="dialog.pagedown", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[DialogLine], buttons: Sequence[Button]) -> None:
        super().__init__()
        self._buttons = buttons
        self.box = DialogBox(title, lines, buttons)

    def compose(self) -> ComposeResult:
        """The box alone."""
        yield self.box

    def show(self, title: str, lines: Sequence[DialogLine], buttons: Sequence[Button]) -> None:
        """Ask something else, or the same with newer facts."""
        self._buttons = buttons
        self.box.show(title, lines, buttons)

    def render(self) -> RenderableType:
        """The screen below, faint."""
        behind = super().render()
        if isinstance(behind, BackgroundScreen):
            return _Faint(behind.screen, behind.color)
        return behind

    def answer(self, key: str) -> None:
        """Close with the button of `key`; a subclass may do something first, or not close."""
        self.dismiss(None if key == "esc" else key)

    def on_resize(self) -> None:
        """Take the size that this screen allows."""
        self.box.settle()

    def on_key(self, event: events.Key) -> None:
        """A key of a button, or enter for the focused one."""
        pressed = {"escape": "esc"}.get(event.key, event.character or event.key)
        keys = {button.key for button in self._buttons}
        focused = next((b.key for b in self._buttons if b.kind == "focused"), "")
        if event.key == "enter" and "enter" not in keys and focused:
            pressed = focused
        elif event.key == "enter":
            pressed = "enter"
        if pressed in keys or pressed == "esc":
            event.stop()
            event.prevent_default()
            if self.is_current and not (self._dangerous(pressed) and self._too_early(event)):
                self.answer(pressed)

    def _dangerous(self, key: str) -> bool:
        return any(button.key == key and button.kind == "dangerous" for button in self._buttons)

    def _too_early(self, event: events.Key) -> bool:
        """Was it typed before the question was there to be read?"""
        return self.box.shown_at is None or event.time < self.box.shown_at

    def on_dialog_box_pressed(self, event: DialogBox.Pressed) -> None:
        """A click on a button is its key."""
        event.stop()
        if self.is_current:
            self.answer(event.key)

    def action_scroll_box(self, lines: int) -> None:
        """Show more of a long dialog."""
        self.box.scroll_lines(lines)
