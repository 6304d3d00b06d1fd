"""What a row of a table looks like: columns, states, two lines, hostile text."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from fdtui.render.spans import Cell, Span, shown
from fdtui.tui.widgets.columns import (
    ATTENTION,
    CLOSED,
    ERROR,
    HELD,
    LOCKED,
    NEW,
    PLAIN,
    Column,
    Placed,
    place,
)
from fdtui.tui.widgets.linetable import LineTable
from tests.hostile import HOSTILE
from tests.widget_app import ListRows, WidgetApp, body, numbered, run

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


def test_beside_a_pane_the_path_keeps_its_room() -> None:
    for screen in range(160, 220):
        placed = {one.key: one.width for one in place(DESCRIPTORS, screen, screen - 57, {})}
        assert placed["target"] >= 24
        assert "shared" in placed
    assert "flags" in {one.key for one in place(DESCRIPTORS, 200, 143, {})}


def test_columns_stand_where_the_drawing_has_them() -> None:
    at = {p.key: (p.x, p.width) for p in place(DESCRIPTORS, 120, 120, {})}
    assert at["fd"] == (2, 4)
    assert at["kind"] == (8, 10)
    assert at["mode"] == (19, 4)
    assert at["flags"] == (24, 5)
    assert at["pos"] == (30, 7)
    assert at["size"] == (38, 6)
    assert at["shared"] == (46, 6)
    assert at["peer"] == (54, 20)
    assert at["target"] == (76, 42)


@pytest.mark.parametrize(
    ("width", "keys"),
    [
        (120, "fd kind mode flags pos size shared peer target"),
        (103, "fd kind mode pos size shared peer target"),
        (80, "fd kind mode pos size shared target"),
        (67, "fd kind mode pos size target"),
        (61, "fd kind mode size target"),
        (53, "fd kind size target"),
        (47, "fd kind target"),
        (20, "fd kind"),
        (3, ""),
    ],
)
def test_columns_go_in_their_order(width: int, keys: str) -> None:
    placed = place(DESCRIPTORS, width, width, {})
    assert " ".join(p.key for p in placed) == keys
    assert all(p.x + p.width <= max(0, width - 2) for p in placed)


def test_numbers_widen_their_column_for_good_and_text_does_not() -> None:
    table = LineTable((FD, Column("size", "SIZE", (6, 6, 6), right=True), NAME))

    def rows(number: int) -> ListRows:
        return ListRows([(0, (Span(str(number)), Span("1"), Span("n")), PLAIN)])

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        table.set_source(rows(7))
        await pilot.pause()
        narrow = body(table)[0].index("SIZE")
        table.set_source(rows(1_234_567))
        await pilot.pause()
        assert body(table)[1].startswith(" ▎1234567 ")
        assert body(table)[0].index("SIZE") == narrow + 3
        table.set_source(rows(7))
        await pilot.pause()
        assert body(table)[0].index("SIZE") == narrow + 3

    run(WidgetApp(table), check)


def test_the_arrow_stands_before_a_right_head_and_after_a_left_one() -> None:
    table = LineTable(DESCRIPTORS)

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        bare = body(table)[0]
        for key, descending, text in (("fd", False, "▲FD"), ("size", True, "▼SIZE")):
            table.set_sort(key, descending=descending)
            assert text in body(table)[0]
        table.set_sort("kind", descending=False)
        assert "KIND▲" in body(table)[0]
        assert body(table)[0].replace("▲", " ") == bare

    run(WidgetApp(table), check)


def test_states_have_a_glyph_and_no_colour_alone() -> None:
    table = LineTable((FD, NAME))
    states = (ERROR, ATTENTION, CLOSED, NEW, HELD, LOCKED, PLAIN)

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        cells = (Span("1", "strong"), Span("text", "danger"))
        table.set_source(ListRows([(n, cells, state) for n, state in enumerate(states)]))
        table.move_to(6)
        lines = body(table)[1:8]
        assert [line[0] for line in lines] == ["!", "!", "-", "+", "*", "×", " "]
        assert [line[1] for line in lines] == [" "] * 6 + ["▎"]
        struck = table.render_line(3)
        assert any(s.style and s.style.strike for s in struck if s.text.strip() == "text")
        assert not any(s.style and s.style.strike for s in struck if not s.text.strip())
        tinted = table.render_line(4)
        ground = table.palette.style("text", "new").bgcolor
        assert all(s.style and s.style.bgcolor == ground for s in list(tinted)[:-1])
        locked = table.render_line(6)
        quiet = table.palette.style("muted")
        assert [s.style for s in locked if "text" in s.text] == [quiet]

    run(WidgetApp(table), check)


class Holds(ListRows):
    """Rows of two lines."""

    def below(self, index: int, columns: Sequence[Placed]) -> Sequence[Cell]:
        return (Span("costs", "muted"), Span("4.2 GB of /var stay allocated until you release it"))


def test_rows_of_two_lines_have_a_blank_between_while_they_fit() -> None:
    columns = (Column("kind", "KIND", (10, 10, 10)), Column("from", "FROM", (22, 22, 22)), NAME)
    table = LineTable(columns, row_lines=2)
    cells = (Span("- regular"), Span("ingestd 4182 fd 8"), Span("what"))

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        table.set_source(Holds([(n, cells, PLAIN) for n in range(3)]))
        table.move_to(1)
        lines = [line.rstrip() for line in body(table)]
        assert lines[1][14:31] == "ingestd 4182 fd 8"
        assert lines[2] == "  costs       4.2 GB of /var stay allocated until you release it"
        assert lines[3] == ""
        assert [y for y, line in enumerate(lines) if line[1:2] == "▎"] == [4, 5]
        assert table.content_lines == 1 + 3 * 3 - 1
        table.set_source(Holds([(n, cells, PLAIN) for n in range(50)]))
        lines = [line.rstrip() for line in body(table)]
        assert "" not in lines[1:39]
        assert table.visible_range() == range(0, 19)

    run(WidgetApp(table), check)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_hostile_text_moves_no_cell(width: int) -> None:
    table = LineTable((FD, Column("user", "USER", (8, 8, 8)), NAME))

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        rows = [
            (n, (Span(str(n)), shown(text, "muted"), shown(text, cut="path")), PLAIN)
            for n, text in enumerate(HOSTILE)
        ]
        table.set_source(ListRows(rows))
        table.focus()
        for _ in range(3):
            for y in range(table.size.height):
                strip = table.render_line(y)
                assert strip.cell_length == cell_len(strip.text) == width
                assert strip.text.isprintable()
            await pilot.press("pagedown")

    run(WidgetApp(table), check, size=(width, 40))


def test_a_change_of_theme_changes_the_colours() -> None:
    table = LineTable((FD, NAME))

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        table.set_source(numbered(range(5)))
        dark = table.render_line(1)
        app.theme = "textual-light"
        await pilot.pause()
        assert table.render_line(1).text == dark.text
        assert table.render_line(1) != dark
        shown_now = app.screen._compositor.render_strips()[1]
        ground = table.palette.style("text", "cursor").bgcolor
        assert any(s.style and s.style.bgcolor == ground for s in shown_now)

    run(WidgetApp(table), check)


@pytest.mark.parametrize("size", [(1, 1), (5, 2), (20, 5), (300, 100)])
def test_no_size_is_too_small_or_too_large(size: tuple[int, int]) -> None:
    table = LineTable(DESCRIPTORS)

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        table.set_source(ListRows([(1, [Span("中" * 9)] * 9, NEW)] * 30))
        table.focus()
        await pilot.press("end", "home", "pagedown")
        assert all(len(line) <= size[0] for line in body(table))

    run(WidgetApp(table), check, size=size)
