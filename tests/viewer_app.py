"""A viewer over bytes that a test makes up."""

from __future__ import annotations

from collections.abc import Callable

from fdtui.render.window import Window
from fdtui.tui.widgets.panes import Mode
from fdtui.tui.widgets.viewer import Viewer
from tests.widget_app import WidgetApp, body

TEXT = b"".join(b"line %04d of a file\n" % number for number in range(2000))
HUGE = 2**63 - 1


def reads(data: bytes) -> Callable[[int, int], Window]:
    return lambda offset, length: Window(offset, data[offset : offset + length])


def holes(offset: int, length: int) -> Window:
    """A sparse file that goes on for ever, with its own offset in each row of 16 bytes."""
    length = min(length, HUGE - offset)
    start = offset - offset % 16
    rows = b"".join(at.to_bytes(8, "big") + bytes(8) for at in range(start, offset + length, 16))
    return Window(offset, rows[offset - start : offset - start + length])


def viewer_of(data: bytes, mode: Mode = "hex", size: int | None = None) -> tuple[WidgetApp, Viewer]:
    viewer = Viewer(len(data) if size is None else size, mode=mode)
    app = WidgetApp(viewer, data=reads(data) if size is None else holes)
    app.size_of_data = viewer.model.size
    return app, viewer


def feed(app: WidgetApp, viewer: Viewer, offset: int, data: bytes, size: int) -> None:
    """A later look at some bytes."""
    app.now += 1
    app.size_of_data = size
    viewer.feed(Window(offset, data), size=size, now=app.now)


def lines_of(viewer: Viewer) -> list[str]:
    return [line[:-1].rstrip() for line in body(viewer.view)]
