"""The table: what is where, who keeps the cursor, and what is never asked for."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Self

import pytest
from textual.geometry import Region
from textual.pilot import Pilot

from fdtui.render.spans import Cell, Span
from fdtui.tui.widgets.bars import KeyLine, TitleBar
from fdtui.tui.widgets.columns import (
    PLAIN,
    Column,
    Placed,
    RowState,
)
from fdtui.tui.widgets.linetable import LineTable
from tests.widget_app import WidgetApp, body, numbered, run

FD = Column("fd", "FD", (4, 4, 4), right=True)
NAME = Column("name", "NAME", flexible=True)
DESCRIPTORS = (
    FD,
    Column("kind", "KIND", (10, 10, 10)),
    Column("mode", "MODE", (4, 4, 4), gap=1, drop_below=54),
    Column("flags", "FLAGS", (0, 5, 5), gap=1, drop_below=104),
    Column("pos", "POS ", (7, 7, 7), right=True, gap=1, drop_below=62),
    Column("size", "SIZE", (6, 6, 6), right=True, gap=1, drop_below=48),
    Column("shared", "SHARED", (3, 6, 6), right=True, short_title="SHR", drop_below=68),
    Column("peer", "PEER", (0, 20, 26), drop_below=100),
    Column("target", "TARGET", flexible=True),
)


def test_a_page_asks_only_for_what_it_shows() -> None:
    rows = numbered(range(50_000))
    table = LineTable((FD, NAME))

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        table.set_source(rows)
        table.focus()
        await pilot.press("pagedown", "G", "g")
        await pilot.pause()
        assert len(set(rows.asked)) < 4 * 40
        assert len(rows.asked) < 5 * 2 * 40

    run(WidgetApp(table), check)


@pytest.mark.parametrize(
    ("keys", "cursor", "top"),
    [
        ("j j k", 1, 0),
        ("down down up", 1, 0),
        ("pagedown", 39, 39),
        ("pagedown pageup", 0, 0),
        ("G", 999, 961),
        ("end home", 0, 0),
        ("G k", 998, 961),
        ("G pagedown down", 999, 961),
        ("up pageup", 0, 0),
    ],
)
def test_keys_move_the_cursor_and_the_view(keys: str, cursor: int, top: int) -> None:
    table = LineTable((FD, NAME))

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        table.set_source(numbered(range(1000)))
        table.focus()
        await pilot.press(*keys.split())
        await pilot.pause()
        assert (table.cursor_key, table.visible_range().start) == (cursor, top)
        marked = [y for y, line in enumerate(body(table)) if line[1] == "▎"]
        assert marked == [cursor - top + 1]
        assert app.of(LineTable.Highlighted)[-1].key == cursor

    run(WidgetApp(table), check)


class Endless:
    """More rows than a float can count."""

    def __len__(self) -> int:
        return 2**59

    def key(self, index: int) -> Hashable:
        return index

    def index(self, key: Hashable) -> int | None:
        return key if isinstance(key, int) else None

    def cells(self, index: int, columns: Sequence[Placed]) -> Sequence[Cell]:
        return (Span(str(index)), Span("x"))

    def state(self, index: int) -> RowState:
        return PLAIN


def test_positions_are_exact_among_2_to_the_59_rows() -> None:
    table = LineTable((FD, NAME))

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        table.set_source(Endless())
        table.focus()
        await pilot.press("end")
        assert table.cursor_key == 2**59 - 1
        assert table.visible_range() == range(2**59 - 39, 2**59)
        await pilot.press("up", "pageup")
        assert table.cursor_key == 2**59 - 2 - 39
        await pilot.press("home", "down")
        assert table.cursor_key == 1
        table.scroll_to_share(1, 2)
        assert table.visible_range().start == (2**59 - 39) // 2
        await pilot.pause()
        assert str(2**58) in body(table)[20 + 1] or str(2**58 - 19) in body(table)[1]

    run(WidgetApp(table), check)


def test_the_cursor_stays_on_its_row_and_the_row_on_its_line() -> None:
    table = LineTable((FD, NAME))

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        table.set_source(numbered(range(0, 2000, 2)))
        table.move_to(500)
        table.scroll_rows(20)
        line = table.rows.cursor - table.visible_range().start
        await pilot.pause()
        app.heard.clear()
        table.set_source(numbered(range(2000)))  # a row before each
        assert table.cursor_key == 1000
        assert table.rows.cursor - table.visible_range().start == line
        await pilot.pause()
        assert app.of(LineTable.Highlighted) == []
        table.set_source(numbered([n for n in range(2000) if n != 1000]))
        assert table.rows.key == 1001  # its neighbour takes its place
        table.set_source(numbered([]))
        assert table.cursor_key is None
        table.set_source(numbered(range(5)))
        assert table.cursor_key == 0

    run(WidgetApp(table), check)


def test_an_unscrolled_table_shows_what_arrives_at_its_top() -> None:
    table = LineTable((FD, NAME))

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        table.set_source(numbered(range(10, 100)))
        table.move_to(3)
        table.set_source(numbered(range(8, 100)))
        assert table.visible_range().start == 0
        assert table.cursor_key == 13

    run(WidgetApp(table), check)


def test_the_mouse_selects_opens_sorts_scrolls_and_drags() -> None:
    table = LineTable((FD, NAME))

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        table.set_source(numbered(range(1000)))
        await pilot.click(table, offset=(10, 5))
        assert table.cursor_key == 4
        await pilot.double_click(table, offset=(10, 7))
        assert [message.key for message in app.of(LineTable.Opened)] == [6]
        await pilot.click(table, offset=(4, 0))
        await pilot.click(table, offset=(60, 0))
        assert [m.column for m in app.of(LineTable.HeaderClicked)] == ["fd", "name"]
        await pilot._post_mouse_events([_scroll_down()], table, offset=(10, 5))
        assert table.visible_range().start == 3
        assert table.rows.key == 6
        await pilot.mouse_down(table, offset=(119, 39))
        await pilot.mouse_up(table, offset=(119, 39))
        assert table.visible_range().stop == 1000
        assert table.rows.key == 6

    run(WidgetApp(table), check)


def _scroll_down() -> type:
    from textual.events import MouseScrollDown

    return MouseScrollDown


def test_enter_opens_and_an_empty_table_says_why() -> None:
    table = LineTable((FD, NAME))

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        table.set_empty((Span('No process matches "x".  '), Span("esc", "key")))
        table.focus()
        await pilot.press("enter")
        assert app.of(LineTable.Opened) == []
        assert body(table)[2].rstrip() == '  No process matches "x".  esc'
        table.set_source(numbered([5]))
        await pilot.press("enter")
        assert [m.key for m in app.of(LineTable.Opened)] == [5]

    run(WidgetApp(table), check)


def test_the_screen_is_told_which_rows_it_shows_once_for_each_change() -> None:
    table = LineTable((FD, NAME))

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        table.set_source(numbered(range(1000)))
        await pilot.pause()
        table.set_source(numbered(range(1000)))
        await pilot.pause()
        assert [(m.first, m.count) for m in app.of(LineTable.Viewport)] == [(0, 39)]
        table.focus()
        await pilot.press("pagedown")
        assert [(m.first, m.count) for m in app.of(LineTable.Viewport)][-1] == (39, 39)

    run(WidgetApp(table), check)


def test_only_lines_that_differ_are_repainted() -> None:
    painted: list[int] = []

    class Watched(LineTable):
        def refresh(self, *regions: Region, **options: bool) -> Self:
            for region in regions or [self.size.region]:
                painted.extend(region.line_range)
            return super().refresh(*regions, **options)

    table = Watched((FD, NAME))

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        table.set_source(numbered(range(30)))
        table.focus()
        await pilot.pause()
        painted.clear()
        table.set_source(numbered(range(30)))
        await pilot.pause()
        assert painted == []
        await pilot.press("j")
        await pilot.pause()
        assert painted == [1, 2]
        painted.clear()
        app.query_one(KeyLine).result("said above and below")
        table.set_source(numbered([*range(29), 99]))
        app.query_one(TitleBar).show((Span("x"),))
        await pilot.pause()
        assert painted == [30]
        assert app.lines()[31][4:6] == "99"

    run(WidgetApp(TitleBar(), table, KeyLine()), check)
