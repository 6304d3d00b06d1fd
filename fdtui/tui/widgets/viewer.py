"""Hex, text and the inspector over one model of bytes: the body of the viewer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message

from fdtui.render.inspector import SPAN
from fdtui.render.spans import Span, Spans
from fdtui.render.units import offset_words
from fdtui.render.window import BytesModel, Window
from fdtui.tui.widgets.byteview import ByteView
from fdtui.tui.widgets.hexview import HexView
from fdtui.tui.widgets.inspector import CELLS, ROWS_BELOW, Inspector
from fdtui.tui.widgets.textview import TextView

Mode = Literal["hex", "text"]
_BESIDE = 119
"""Screens from here on have room for the inspector beside the bytes."""


class Viewer(Container):
    """The bytes of one description; whoever shows it answers `ByteView.Wanted` with `feed`."""

    DEFAULT_CSS = """
    Viewer { height: 1fr; layout: horizontal; }
    Viewer.-below { layout: vertical; }
    Viewer Inspector { width: 1fr; }
    """

    @dataclass
    class Moved(Message):
        """The cursor, the mode or the part that is shown is another."""

        viewer: Viewer

    def __init__(
        self, size: int | None = None, *, mode: Mode = "hex", id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.model = BytesModel(size)
        self.mode: Mode = mode
        self.inspecting = False
        self._hex = HexView(self.model)
        self._text = TextView(self.model)
        self._inspector = Inspector()
        self._legend: Spans = ()

    def compose(self) -> ComposeResult:
        """Both views and the inspector; one view is shown."""
        yield self._hex
        yield self._text
        yield self._inspector

    @property
    def view(self) -> ByteView:
        """The view that is shown."""
        return self._hex if self.mode == "hex" else self._text

    @property
    def cursor(self) -> int:
        """Offset of the byte cursor; in text the first byte shown."""
        return self._hex.cursor if self.mode == "hex" else self._text.top

    @property
    def following(self) -> bool:
        """The view sticks to the end."""
        return self.view.following

    def feed(self, window: Window, *, size: int | None, now: float) -> None:
        """Take bytes as they were at `now` (monotonic seconds); they are compared with the last."""
        self.model.feed(window, size=size, now=now)
        self.view.fed()
        self._arrange()
        self._inspect()

    def shown_bytes(self) -> tuple[int, int]:
        """Offset and length of what is on the screen: what a refresh has to look at again."""
        return self.view.shown_bytes()

    def set_target(self, offset: int | None) -> None:
        """Where the target's own offset is."""
        self._hex.target = self._text.target = offset
        self.view.settle()
        self._inspect()

    def set_matches(
        self,
        matches: Sequence[tuple[int, int]],
        current: tuple[int, int] | None = None,
        legend: Spans = (),
    ) -> None:
        """What a search found (offset, length), the current one, and its line among the marks."""
        self._legend = legend
        self._hex.set_matches(matches, current)
        self._text.set_matches(matches, current)
        self._inspect()

    def set_empty(self, words: Spans) -> None:
        """What to say when there are no bytes."""
        self._hex.set_empty(words)
        self._text.set_empty(words)

    def go_to(self, offset: int) -> None:
        """Jump to a byte."""
        if self.mode == "hex":
            self._hex.move_to(offset, margin=True)
        else:
            self._text.move_to(offset, margin=True)

    def follow(self, on: bool) -> None:
        """Stick to the end, or stay."""
        self.view.following = on
        self.view.settle()
        self._moved()

    def set_mode(self, mode: Mode) -> None:
        """Show hex or text, at the bytes that the other showed."""
        if mode == self.mode:
            return
        old, offset, following = self.view, self.shown_bytes()[0], self.following
        self.mode = mode
        self._arrange()
        self.view.following = following
        if not following and mode == "text":
            self._text.move_to(offset)
        elif not following:
            per_row = self._hex.geometry.per_row
            self._hex.top = offset // per_row
            self._hex.move_to(max(self._hex.cursor, offset) if old.has_focus else offset)
        if old.has_focus:
            self.view.focus()
        self._moved()

    def inspect(self, on: bool) -> None:
        """Show or hide the inspector."""
        self.inspecting = on
        self._arrange()
        self._inspect()

    def on_mount(self) -> None:
        """Show one of the views."""
        self._arrange()

    def on_resize(self) -> None:
        """Another width: the inspector beside or below, rows of other lengths."""
        self._arrange()

    def on_byte_view_moved(self, event: ByteView.Moved) -> None:
        """The inspector follows the cursor."""
        event.stop()
        self._inspect()
        self._moved()

    def _moved(self) -> None:
        self.post_message(self.Moved(self))

    def _arrange(self) -> None:
        width = self.size.width or self.app.size.width
        beside = self.inspecting and width >= _BESIDE
        shown = self.inspecting and self.mode == "hex"
        self.set_class(shown and not beside, "-below")
        self._hex.display = self.mode == "hex"
        self._text.display = self.mode == "text"
        inspector = self._inspector
        inspector.display = shown
        inspector.below = not beside
        inspector.styles.height = "1fr" if beside else ROWS_BELOW
        # At 119 cells the blank at the edge is given up for the last of 16 bytes.
        room = max(80, width - CELLS - 4)
        self._hex.styles.width = self._hex.cells_within(room) if beside and shown else "1fr"

    def _inspect(self) -> None:
        if not (self.inspecting and self.mode == "hex"):
            return
        cursor = self._hex.cursor
        marks: list[Spans] = []
        if self._hex.target is not None:
            words = offset_words(self._hex.target)
            marks.append(
                (
                    Span("@", "key"),
                    Span(" the target is at "),
                    Span("┃", "strong"),
                    Span(" " + words),
                )
            )
        if changed := self.model.changed_bytes:
            noun = "byte" if changed == 1 else "bytes"
            marks.append((Span("+", "good"), Span(f" {changed:,} {noun} changed, last 2 s")))
        if self._legend:
            marks.append((Span("/", "attention"), Span(" "), *self._legend))
        at = cursor if self.model.end else None
        self._inspector.show(at, self.model.read(cursor, SPAN), marks)
