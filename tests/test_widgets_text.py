"""Bytes as text, and what both views do alike."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from fdtui.render.spans import Span
from fdtui.render.window import PAGE, ReadError, Window
from fdtui.tui.widgets.panes import Mode
from fdtui.tui.widgets.viewer import Viewer
from tests.hostile import HOSTILE
from tests.viewer_app import TEXT, feed, lines_of, reads, viewer_of
from tests.widget_app import WidgetApp, run


@pytest.mark.parametrize("mode", ["hex", "text"])
def test_the_end_of_a_file_of_a_tebibyte_is_one_key_away(mode: Mode) -> None:
    app, viewer = viewer_of(b"", mode, size=2**40)

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        viewer.view.focus()
        await pilot.press("G")
        await pilot.pause()
        await pilot.pause()
        start, length = viewer.shown_bytes()
        assert start + length == 2**40
        await pilot.press("g")
        await pilot.pause()
        assert viewer.shown_bytes()[0] == 0
        assert sum(length for _, length in app.wanted) < 2**20

    run(app, check)


def test_text_has_offsets_wraps_and_escapes() -> None:
    data = b"short\n" + b"word " * 40 + b"\n\x1b[31m\xff\xc3\xa9\ttab\r\nlast"
    app, viewer = viewer_of(data, "text")

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        await pilot.pause()
        lines = lines_of(viewer)
        assert lines[0] == "    OFFSET  TEXT" + " " * 40 + "utf-8, lines end in \\n"
        assert lines[1] == "  00000000  short"
        assert lines[2] == "  00000006  " + ("word " * 13).rstrip()
        assert lines[3] == "         ·    " + ("word " * 12).rstrip()
        assert lines[6] == "  000000cf  \\x1b[31m\\xffé   tab\\r"
        amber = viewer.view.palette.style("attention")
        escapes = [s.text for s in viewer.view.render_line(6) if s.style == amber]
        assert escapes == ["\\x1b", "\\xff", "\\r"]
        viewer.set_target(0xD0)
        assert lines_of(viewer)[6].startswith("@ 000000cf")
        marked = viewer.view.palette.marked()
        assert [s.text for s in viewer.view.render_line(6) if s.style == marked] == ["["]
        viewer.set_target(len(data))
        assert lines_of(viewer)[8] == "@ 000000e1  ┃ the target is here, at the end of the file"

    run(app, check, size=(80, 24))


def test_text_goes_up_as_it_went_down() -> None:
    app, viewer = viewer_of(TEXT + b"y" * 100_000 + b"\n" + TEXT, "text")

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        viewer.view.focus()
        tops = [viewer.cursor]
        for _ in range(8):
            await pilot.press("pagedown")
            await pilot.pause()
            tops.append(viewer.cursor)
        assert len(set(tops)) == 9
        for top in reversed(tops[:-1]):
            await pilot.press("pageup")
            await pilot.pause()
            assert viewer.cursor == top
        viewer.go_to(len(TEXT) + 90_000)
        await pilot.pause()
        start, length = viewer.shown_bytes()
        assert start <= len(TEXT) + 90_000 < start + length
        await pilot.press("k", "k", "j", "j")
        await pilot.pause()
        assert viewer.shown_bytes() == (start, length)

    run(app, check)


def test_following_sticks_to_the_end_and_marks_new_lines() -> None:
    app, viewer = viewer_of(TEXT, "text")

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        viewer.follow(True)
        await pilot.pause()
        await pilot.pause()
        assert lines_of(viewer)[-1].endswith("line 1999 of a file")
        more = TEXT + b"a new one\nand another\n"
        app.data = reads(more)
        feed(app, viewer, len(TEXT), more[len(TEXT) :], len(more))
        await pilot.pause()
        lines = lines_of(viewer)
        assert [line[12:] for line in lines[-2:]] == ["a new one", "and another"]
        assert [line[0] for line in lines[-3:]] == [" ", "+", "+"]
        viewer.set_target(len(more))
        await pilot.pause()
        assert "the target is here" in lines_of(viewer)[-1]
        viewer.view.focus()
        await pilot.press("up")
        assert not viewer.following
        feed(app, viewer, len(more), b"third\n", len(more) + 6)
        assert "third" not in "".join(lines_of(viewer))

    run(app, check)


@pytest.mark.parametrize("mode", ["hex", "text"])
def test_a_file_that_shrinks_under_its_reader_is_shown_as_it_is(mode: Mode) -> None:
    app, viewer = viewer_of(TEXT, mode)

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        viewer.view.focus()
        await pilot.press("G")
        await pilot.pause()
        app.data = reads(b"line 0000")
        feed(app, viewer, 0, b"line 0000", 9)
        await pilot.pause()
        assert lines_of(viewer)[1].rstrip().endswith("line 0000")
        assert lines_of(viewer)[2] == ""
        feed(app, viewer, 0, b"", 0)
        viewer.set_empty((Span("0 bytes.  f waits for more"),))
        await pilot.pause()
        assert "  0 bytes.  f waits for more" in lines_of(viewer)
        assert viewer.cursor == 0

    run(app, check)


def test_the_two_modes_show_the_same_place() -> None:
    app, viewer = viewer_of(TEXT)

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        viewer.view.focus()
        viewer.go_to(20_000)
        await pilot.pause()
        viewer.set_mode("text")
        await pilot.pause()
        start, length = viewer.shown_bytes()
        assert start <= 20_000 < start + length
        assert viewer.view.has_focus
        viewer.set_mode("hex")
        await pilot.pause()
        start, length = viewer.shown_bytes()
        assert start <= viewer.cursor < start + length
        assert app.of(Viewer.Moved)

    run(app, check)


@pytest.mark.parametrize("mode", ["hex", "text"])
@pytest.mark.parametrize("width", [12, 40, 80, 146])
def test_hostile_bytes_move_no_cell(mode: Mode, width: int) -> None:
    data = "\n".join(HOSTILE).encode("utf-8", "surrogatepass") + bytes(range(256)) * 4
    app, viewer = viewer_of(data, mode)

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        viewer.view.focus()
        for _ in range(7):
            for y in range(viewer.view.size.height):
                strip = viewer.view.render_line(y)
                assert strip.cell_length == cell_len(strip.text) == width
                assert strip.text.isprintable()
            await pilot.press("pagedown")
            await pilot.pause()

    run(app, check, size=(width, 24))


def test_an_error_is_one_row_of_text_too() -> None:
    app, viewer = viewer_of(b"", "text", size=3 * PAGE)
    words = "pread at 0x1000: Input/output error (EIO)"

    def broken(offset: int, length: int) -> Window:
        data = b"before\n" * 585 + b"\n" + bytes(PAGE) + b"after\n" * 682 + b"last"
        errors = (ReadError(PAGE, PAGE, words),) if offset <= PAGE < offset + length else ()
        return Window(offset, data[offset : offset + length], errors)

    app.data = broken

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        viewer.go_to(PAGE + 100)
        await pilot.pause()
        await pilot.pause()
        lines = lines_of(viewer)
        (row,) = [y for y, line in enumerate(lines) if words in line]
        assert lines[row].split()[0] == "00001000"
        assert lines[row - 2].endswith("before")
        assert lines[row + 1] == "  00002000  after"

    run(app, check)
