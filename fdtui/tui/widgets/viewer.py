"""The body of the viewer: what the screen that shows it sets, feeds and asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.message import Message

from fdtui.render.spans import Spans
from fdtui.render.window import Window
from fdtui.tui.widgets.byteview import ByteView
from fdtui.tui.widgets.hexedit import HexEdit
from fdtui.tui.widgets.panes import BytePanes, Mode


class Viewer(BytePanes):
    """The bytes of one description; whoever shows it answers `ByteView.Wanted` with `feed`."""

    @dataclass
    class Moved(Message):
        """The cursor, the mode or the part that is shown is another."""

        viewer: Viewer

    def __init__(
        self, size: int | None = None, *, mode: Mode = "hex", id: str | None = None
    ) -> None:
        super().__init__(size, mode, id=id)

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

    @property
    def editing(self) -> HexEdit | None:
        """What is being overwritten, in hex."""
        return self._hex.editing

    def edit(self, editing: HexEdit | None) -> None:
        """Have keys overwrite bytes in hex, or no longer."""
        if editing is not None:
            self.follow(False)
            self.set_mode("hex")
            self._hex.focus()
        self._hex.editing = editing
        self._hex.changed()
        self._moved()

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

    def on_byte_view_moved(self, event: ByteView.Moved) -> None:
        """The inspector follows the cursor."""
        event.stop()
        self._inspect()
        self._moved()

    def _moved(self) -> None:
        self.post_message(self.Moved(self))
