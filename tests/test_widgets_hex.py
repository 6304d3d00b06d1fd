"""Bytes in hex: what is asked for, what is drawn, and how far it goes."""

from __future__ import annotations

from textual.pilot import Pilot

from fdtui.render.window import PAGE, ReadError, Window
from fdtui.tui.widgets.byteview import ByteView
from fdtui.tui.widgets.inspector import Inspector
from tests.viewer_app import HUGE, TEXT, feed, lines_of, viewer_of
from tests.widget_app import WidgetApp, body, run


def test_the_view_asks_for_its_pages_once_and_draws_what_comes() -> None:
    app, viewer = viewer_of(TEXT)

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        await pilot.pause()
        assert app.wanted == [(0, 2 * PAGE)]
        assert lines_of(viewer)[1] == (
            "  00000000  6c 69 6e 65 20 30 30 30  30 20 6f 66 20 61 20 66  line 0000 of a f"
        )
        viewer.view.focus()
        await pilot.press("pagedown", "pageup")
        await pilot.pause()
        assert len(app.wanted) == 1

    run(app, check)


def test_bytes_that_have_not_come_are_blank_and_no_storm_of_questions_follows() -> None:
    app, viewer = viewer_of(TEXT)
    app.data = None

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        assert lines_of(viewer)[1] == "  00000000"
        for _ in range(20):
            viewer.feed(Window(0, b""), size=len(TEXT), now=1)
            await pilot.pause()
        assert len(app.wanted) == 1

    run(app, check)


def test_positions_are_exact_at_the_end_of_the_largest_file() -> None:
    app, viewer = viewer_of(b"", size=HUGE)

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        viewer.view.focus()
        await pilot.press("end")
        await pilot.pause()
        assert viewer.cursor == HUGE - 1
        last = lines_of(viewer)[-1]
        assert last.startswith("  7ffffffffffffff0  7f ff ff ff ff ff ff f0  00")
        await pilot.press("up", "left")
        assert viewer.cursor == HUGE - 1 - 16 - 1
        await pilot.press("pageup", "pagedown", "down", "right")
        assert viewer.cursor == HUGE - 1
        viewer.go_to(2**62 + 5)
        await pilot.pause()
        assert viewer.cursor == 2**62 + 5
        row = next(line for line in lines_of(viewer) if "4000000000000000  40 00 00" in line)
        assert row
        await pilot.press("home")
        assert viewer.cursor == 0
        viewer.view.scroll_to_share(1, 2)
        rows = -(-HUGE // 16)
        assert viewer.shown_bytes()[0] // 16 == (rows - 39) // 2

    run(app, check)


def test_the_target_stands_between_bytes_and_behind_the_last() -> None:
    app, viewer = viewer_of(bytes(40))

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        viewer.set_target(0x18)
        assert lines_of(viewer)[2] == (
            "@ 00000010  00 00 00 00 00 00 00 00 ┃00 00 00 00 00 00 00 00  ················"
        )
        viewer.set_target(0x10)
        assert lines_of(viewer)[2].startswith("@ 00000010 ┃00 00")
        viewer.set_target(40)
        assert lines_of(viewer)[3].startswith("@ 00000020  00 00 00 00 00 00 00 00 ┃   ")
        feed(app, viewer, 0, bytes(48), 48)
        viewer.set_target(48)
        assert lines_of(viewer)[4] == "@ 00000030 ┃"
        viewer.set_target(48 + 12_288)
        assert lines_of(viewer)[4] == (
            "@ 00003030 ┃the target is here, 12.0 KB beyond the end of the file"
        )
        viewer.set_target(None)
        assert len([line for line in lines_of(viewer) if line]) == 4

    run(app, check)


def test_changed_and_found_bytes_have_a_mark_and_a_tint() -> None:
    app, viewer = viewer_of(bytes(64))

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        await pilot.pause()
        feed(app, viewer, 0, bytes(20) + b"\x41" + bytes(43), 64)
        viewer.set_matches([(0, 2), (33, 3)], (33, 3))
        lines = lines_of(viewer)
        assert [line[0] for line in lines[1:5]] == ["/", "+", "/", " "]
        view = viewer.view
        tint = view.palette.style("strong", "changed")
        assert [s.text for s in view.render_line(2) if s.style == tint] == ["41", "A"]
        now = view.palette.style("text", "current")
        assert [s.text for s in view.render_line(3) if s.style == now] == ["00 00 00", "···"]
        feed(app, viewer, 0, b"", 64)
        feed(app, viewer, 0, b"", 64)
        assert lines_of(viewer)[2][0] == " "

    run(app, check)


def test_an_error_is_one_row_and_the_rest_is_readable() -> None:
    app, viewer = viewer_of(b"x" * (3 * PAGE))
    text = "pread at 0x1000: Input/output error (EIO)"

    def broken(offset: int, length: int) -> Window:
        errors = (ReadError(PAGE, PAGE, text),) if offset <= PAGE < offset + length else ()
        data = b"x" * PAGE + bytes(PAGE) + b"x" * PAGE
        return Window(offset, data[offset : offset + length], errors)

    app.data = broken

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        viewer.go_to(PAGE)
        await pilot.pause()
        lines = lines_of(viewer)
        (row,) = [line for line in lines if text in line]
        assert row == f"! 00001000  {text}"
        assert lines[lines.index(row) - 1].endswith("xxxxxxxxxxxxxxxx")
        viewer.view.focus()
        await pilot.press("pagedown")  # the block goes on: its first row on the screen says it
        assert len([line for line in lines_of(viewer) if text in line]) == 1
        viewer.go_to(2 * PAGE)
        await pilot.pause()
        assert any(line.startswith("  00002000  78 78") for line in lines_of(viewer))

    run(app, check)


def test_the_inspector_has_its_place_at_every_width() -> None:
    for width, beside, per_row in ((80, False, 16), (118, False, 16), (119, True, 16)):
        _inspect(width, beside=beside, per_row=per_row)
    for width, per_row in ((185, 16), (186, 32), (200, 32)):
        _inspect(width, beside=True, per_row=per_row)


def _inspect(width: int, *, beside: bool, per_row: int) -> None:
    app, viewer = viewer_of(bytes.fromhex("00000736000000e7") * 16)

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        viewer.inspect(True)
        await pilot.pause()
        inspector = app.query_one(Inspector)
        lines = body(inspector)
        view = viewer.view.region
        if beside:
            assert inspector.region.x == view.right
            assert view.width == (80 if per_row == 16 else 146)
            assert lines[0][2:38] == f"INSPECTOR{'0x0 = 0':>27}"
            assert lines[8][2:38] == f"u32{'906,428,416':>33}"
        else:
            assert inspector.region.y == view.bottom
            assert inspector.size.height == 6
            assert "LITTLE ENDIAN" in lines[0]
            assert lines[3].split()[:1] == ["bits"]
            assert "7,928,509,628,647" in lines[3]
        assert lines_of(viewer)[1].count(" 36") >= per_row // 8
        viewer.view.focus()
        await pilot.press("right")
        await pilot.pause()
        assert "0x1 = 1" in body(inspector)[0]

    run(app, check, size=(width, 40))


def test_the_mouse_puts_the_cursor_on_a_byte() -> None:
    app, viewer = viewer_of(TEXT)

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        await pilot.click(viewer.view, offset=(37, 3))
        assert viewer.cursor == 2 * 16 + 8
        await pilot.click(viewer.view, offset=(63, 1))
        assert viewer.cursor == 1
        assert isinstance(viewer.view, ByteView)

    run(app, check)
