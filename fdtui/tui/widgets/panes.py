"""Hex, text and the inspector side by side over one model of bytes."""

from __future__ import annotations

from typing import Literal

from textual.app import ComposeResult
from textual.containers import Container

from fdtui.render.hexdump import geometry
from fdtui.render.inspector import SPAN
from fdtui.render.spans import Span, Spans
from fdtui.render.units import offset_words
from fdtui.render.window import BytesModel
from fdtui.tui.widgets.byteview import ByteView
from fdtui.tui.widgets.hexview import HexView
from fdtui.tui.widgets.inspector import CELLS, ROWS_BELOW, Inspector
from fdtui.tui.widgets.textview import TextView

Mode = Literal["hex", "text"]
_BESIDE = 119
"""Screens from here on have room for the inspector beside the bytes."""


class BytePanes(Container):
    """One of the two views, and the inspector where there is room for it."""

    DEFAULT_CSS = """
    BytePanes { height: 1fr; layout: horizontal; }
    BytePanes.-below { layout: vertical; }
    BytePanes Inspector { width: 1fr; }
    """

    def __init__(self, size: int | None, mode: Mode, *, id: str | None = None) -> None:
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
        self._hex.styles.width = (
            geometry(room, self._hex.last_offset).width + 1 if beside and shown else "1fr"
        )

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
