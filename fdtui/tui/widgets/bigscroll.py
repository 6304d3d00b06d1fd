"""Scrolling over any number of rows: an exact position, a scaled scroll bar, the mouse.

Rows are Python integers. A file may have 2**59 of them, where Textual's float positions skip rows
and its 32 bit geometry overflows, so the bar is drawn and dragged here.
"""

from __future__ import annotations

from rich.segment import Segment
from textual import events
from textual.strip import Strip

from fdtui.tui.widgets.lineview import LineView

WHEEL_ROWS = 3


class BigScroll(LineView, can_focus=True):
    """Lines under a fixed head, with a one cell scroll bar at the right of the body."""

    head_lines = 0

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._grip: int | None = None

    def paint_head(self, width: int) -> list[Strip]:
        """The `head_lines` lines that do not scroll, each of exactly `width` cells."""
        return []

    def paint_body(self, width: int, height: int) -> list[Strip]:
        """The `height` lines that scroll, each of exactly `width` cells."""
        raise NotImplementedError

    def bar(self) -> tuple[int, int, int]:
        """What the scroll bar shows: position, page and whole, all in one unit."""
        raise NotImplementedError

    def scroll_rows(self, rows: int) -> None:
        """Move the view by `rows` rows."""
        raise NotImplementedError

    def scroll_to_share(self, part: int, whole: int) -> None:
        """Move the view to `part` of `whole` of the way, as the scroll bar asks."""
        raise NotImplementedError

    @property
    def page_lines(self) -> int:
        """Lines of the body."""
        return max(0, self.size.height - self.head_lines)

    def paint(self, width: int, height: int) -> list[Strip]:
        """Head and body, and the scroll bar in the last cell of the body."""
        palette, inner = self.palette, max(0, width - 1)
        bare = Segment(" ", palette.style())
        head = self.paint_head(inner)[:height]
        body = self.paint_body(inner, height - len(head))
        thumb = self._thumb(len(body))
        if thumb is None:
            lines = [Strip([*strip, bare], width) for strip in head + body]
            return lines
        track, grip = Segment(" ", palette.track), Segment(" ", palette.thumb)
        return [Strip([*strip, bare], width) for strip in head] + [
            Strip([*strip, grip if y in thumb else track], width) for y, strip in enumerate(body)
        ]

    def _thumb(self, height: int) -> range | None:
        """The lines of the body that the thumb covers; None if everything is shown."""
        top, page, whole = self.bar()
        if whole <= page or height <= 0:
            return None
        size = max(1, height * page // whole)
        room, last = height - size, whole - page
        start = min(room, room * top // last)
        if start == 0 < top and room > 1:
            start = 1  # a thumb at the very top or end means that nothing is beyond
        elif start == room and top < last and room > 1:
            start = room - 1
        return range(start, start + size)

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        event.prevent_default()
        self.scroll_rows(WHEEL_ROWS)

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        event.prevent_default()
        self.scroll_rows(-WHEEL_ROWS)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the scroll bar."""
        y = event.y - self.head_lines
        thumb = self._thumb(self.page_lines)
        if event.x != self.size.width - 1 or y < 0 or thumb is None:
            return
        event.stop()
        event.prevent_default()
        self.capture_mouse()
        self._grip = y - thumb.start if y in thumb else len(thumb) // 2
        self._drag(y)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the scroll bar."""
        if self._grip is not None:
            event.stop()
            self._drag(event.y - self.head_lines)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go of the scroll bar."""
        if self._grip is not None:
            event.stop()
            self._grip = None
            self.capture_mouse(False)

    def _drag(self, y: int) -> None:
        thumb = self._thumb(self.page_lines)
        if thumb is None or self._grip is None:
            return
        room = self.page_lines - len(thumb)
        if room > 0:
            self.scroll_to_share(max(0, min(room, y - self._grip)), room)
