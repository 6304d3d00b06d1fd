"""CPU of one frame at 120x40: scrolling, lines, composition, and the escape sequences of it all."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path

from rich.console import Console, RenderableType
from textual._compositor import CompositorUpdate
from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widget import Widget

from fdtui.render.spans import Cell, Span
from fdtui.render.window import PAGE, Window
from fdtui.tui.linefilter import TerminalGuard
from fdtui.tui.widgets.byteview import ByteView
from fdtui.tui.widgets.columns import PLAIN, Column, Placed, RowState
from fdtui.tui.widgets.linetable import LineTable
from fdtui.tui.widgets.viewer import Viewer

ROWS = 50_000
TEBIBYTE = 1 << 40
FRAMES = 60

COLUMNS = (
    Column("fd", "FD", (4, 4, 4), right=True),
    Column("kind", "KIND", (10, 10, 10)),
    Column("mode", "MODE", (4, 4, 4), gap=1),
    Column("flags", "FLAGS", (0, 5, 5), gap=1),
    Column("pos", "POS ", (7, 7, 7), right=True, gap=1),
    Column("size", "SIZE", (6, 6, 6), right=True, gap=1),
    Column("shared", "SHARED", (3, 6, 6), right=True),
    Column("peer", "PEER", (0, 20, 26)),
    Column("target", "TARGET", flexible=True),
)


class Rows:
    """Descriptors as the screen shows them, made when asked for."""

    def __len__(self) -> int:
        return ROWS

    def key(self, index: int) -> Hashable:
        """The number."""
        return index

    def index(self, key: Hashable) -> int | None:
        """The number."""
        return key if isinstance(key, int) and key < ROWS else None

    def cells(self, index: int, columns: Sequence[Placed]) -> Sequence[Cell]:
        """Nine cells in the roles they have on the screen."""
        return (
            Span(str(index), "strong"),
            (Span("- ", "muted"), Span("regular")),
            (Span("-", "faint"), Span("w")),
            (Span("··", "faint"), Span("c"), Span("··", "faint")),
            Span(f"{index % 97}.4M↑", "strong"),
            Span("18.4M"),
            Span("×3"),
            (Span("ingest-worker "), Span(f"{index % 30000}:7", "muted")),
            Span(f"/var/log/ingestd/access-{index}.log", cut="path"),
        )

    def state(self, index: int) -> RowState:
        """Nothing to say."""
        return PLAIN


class Frames(App[None]):
    """One widget and the guard of the terminal."""

    def __init__(self, widget: Widget, reader: Callable[[int, int], bytes] | None = None) -> None:
        super().__init__()
        self.widget = widget
        self.reader = reader
        self.guard = TerminalGuard()
        self.shown = asyncio.Event()
        self.terminal = Console(
            force_terminal=True, color_system="truecolor", width=120, height=40, _environ={}
        )

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Make of an update what a terminal would get; without one Textual stops short of it."""
        if isinstance(renderable, CompositorUpdate):
            renderable.render_segments(self.terminal)
            self.shown.set()

    def get_line_filters(self) -> list[object]:  # type: ignore[override]
        """Those of Textual, and ours."""
        return [*super().get_line_filters(), self.guard]

    def compose(self) -> ComposeResult:
        """The widget."""
        yield self.widget

    def on_byte_view_wanted(self, event: ByteView.Wanted) -> None:
        """Read at once, as the other process would a little later."""
        if isinstance(self.widget, Viewer) and self.reader is not None:
            data = self.reader(event.offset, event.length)
            self.widget.feed(Window(event.offset, data), size=TEBIBYTE, now=time.monotonic())


async def _frame(app: Frames, step: Callable[[], None]) -> float:
    """Milliseconds of CPU from a key to the last byte for the terminal."""
    app.shown.clear()
    start = time.thread_time()
    step()
    await asyncio.wait_for(app.shown.wait(), 5)
    return 1000 * (time.thread_time() - start)


async def _measure(app: Frames, step: Callable[[], None]) -> tuple[float, float]:
    """Median and worst frame of many."""
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        for _ in range(3):
            await _frame(app, step)
        await pilot.pause()
        times = [await _frame(app, step) for _ in range(FRAMES)]
    return statistics.median(times), max(times)


def table_frame() -> tuple[float, float]:
    """A page down in a table of 50,000 rows, every row new."""
    table = LineTable(COLUMNS)
    app = Frames(table)

    def step() -> None:
        if not len(table.rows.source):
            table.set_source(Rows())
        table.action_go("pagedown")

    return asyncio.run(_measure(app, step))


def hex_frame(fill: bytes) -> tuple[float, float]:
    """A page down in a sparse file of 1 TiB whose pages hold `fill`."""
    with tempfile.TemporaryFile(dir=Path("/var/tmp")) as file:
        file.truncate(TEBIBYTE)
        descriptor = file.fileno()
        start = TEBIBYTE // 2
        if fill:
            os.pwrite(descriptor, fill * 64, start)
        viewer = Viewer(TEBIBYTE)
        app = Frames(viewer, lambda offset, length: os.pread(descriptor, length, offset))

        def step() -> None:
            view = viewer._hex
            if view.cursor < start:
                view.move_to(start)
            view.action_go("pagedown")

        return asyncio.run(_measure(app, step))


def main() -> None:
    """Print what a frame costs, and what it may."""
    os.environ.pop("NO_COLOR", None)
    noise = bytes((index * 2654435761 >> 13) & 0xFF for index in range(PAGE))
    words = (b"2025-11-22T14:12:18 GET /v1/ingest 200 5868 72.0ms\n" * 81)[:PAGE]
    measured = (
        (f"table of {ROWS:,} rows, page down", 6.0, table_frame()),
        ("hex of 1 TiB, holes", 8.0, hex_frame(b"")),
        ("hex of 1 TiB, text", 8.0, hex_frame(words)),
        ("hex of 1 TiB, noise", 8.0, hex_frame(noise)),
    )
    for name, most, (median, worst) in measured:
        print(f"{name:34} {median:6.2f} ms CPU, worst {worst:6.2f}, goal {most:.0f}")


if __name__ == "__main__":
    main()
