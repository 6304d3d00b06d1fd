"""One or more widgets in an app, driven by a pilot; nothing of the rest of fdtui."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any

from textual.app import App, ComposeResult
from textual.filter import LineFilter
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget

from fdtui.render.spans import Cell, Span
from fdtui.render.window import Window
from fdtui.tui.linefilter import TerminalGuard
from fdtui.tui.widgets.byteview import ByteView
from fdtui.tui.widgets.columns import PLAIN, Placed, RowState
from fdtui.tui.widgets.lineview import LineView
from fdtui.tui.widgets.viewer import Viewer

Check = Callable[["WidgetApp", Pilot[None]], Awaitable[None]]


class WidgetApp(App[None]):
    """Shows `widgets`, remembers the messages that reach it, and answers viewers from `data`."""

    def __init__(self, *widgets: Widget, data: Callable[[int, int], Window] | None = None) -> None:
        super().__init__()
        self.widgets = widgets
        self.data = data
        self.size_of_data: int | None = None
        self.now = 100.0
        self.heard: list[Message] = []
        self.wanted: list[tuple[int, int]] = []

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Those of Textual and the guard of the terminal, as in fdtui."""
        return [*super().get_line_filters(), TerminalGuard()]

    def compose(self) -> ComposeResult:
        """The widgets, one below the other."""
        yield from self.widgets

    async def on_event(self, event: Any) -> None:
        """Textual's own."""
        await super().on_event(event)

    async def _on_message(self, message: Message) -> None:
        if type(message).__module__.startswith("fdtui."):
            self.heard.append(message)
        await super()._on_message(message)

    def on_byte_view_wanted(self, event: ByteView.Wanted) -> None:
        """Read what a viewer lacks, at once."""
        self.wanted.append((event.offset, event.length))
        if self.data is not None:
            viewer = self.query_one(Viewer)
            window = self.data(event.offset, event.length)
            viewer.feed(window, size=self.size_of_data, now=self.now)

    def of(self, kind: type[Message]) -> list[Any]:
        """The messages of a kind that were heard."""
        return [message for message in self.heard if isinstance(message, kind)]

    def lines(self) -> list[str]:
        """What is on the screen."""
        return [strip.text for strip in self.screen._compositor.render_strips()]


def run(app: WidgetApp, check: Check, size: tuple[int, int] = (120, 40)) -> None:
    """Run `check` on an app of `size` cells."""

    async def main() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await check(app, pilot)

    asyncio.run(main())


def body(widget: LineView) -> list[str]:
    """All lines of a widget."""
    return [widget.render_line(y).text for y in range(widget.size.height)]


class ListRows:
    """Rows of a table from a list of (key, cells, state)."""

    def __init__(self, rows: Sequence[tuple[Hashable, Sequence[Cell], RowState]]) -> None:
        self.rows = rows
        self.asked: list[int] = []
        self._index = {row[0]: index for index, row in enumerate(rows)}

    def __len__(self) -> int:
        return len(self.rows)

    def key(self, index: int) -> Hashable:
        """The key of a row."""
        return self.rows[index][0]

    def index(self, key: Hashable) -> int | None:
        """The row of a key."""
        return self._index.get(key)

    def cells(self, index: int, columns: Sequence[Placed]) -> Sequence[Cell]:
        """The cells of a row, as many as there are columns."""
        self.asked.append(index)
        return self.rows[index][1][: len(columns)]

    def state(self, index: int) -> RowState:
        """The state of a row."""
        return self.rows[index][2]


def numbered(keys: Sequence[int], state: RowState = PLAIN) -> ListRows:
    """Rows of a number and a name."""
    return ListRows([(key, (Span(str(key), "strong"), Span(f"name {key}")), state) for key in keys])
