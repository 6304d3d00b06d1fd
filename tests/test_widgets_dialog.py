"""Questions: their keys are their buttons, and enter never does harm."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from fdtui.render.spans import Span, shown
from fdtui.tui.widgets.bars import TitleBar
from fdtui.tui.widgets.columns import Column
from fdtui.tui.widgets.dialog import Button, Dialog, DialogLine
from fdtui.tui.widgets.linetable import LineTable
from tests.hostile import HOSTILE
from tests.widget_app import WidgetApp, body, numbered, run

ACQUIRE = (
    Button("enter", "start the helper", "focused"),
    Button("y", "yank the commands"),
    Button("esc", "leave"),
)
ACT = (
    Button("esc", "leave it alone", "focused"),
    Button("d", "dump first"),
    Button("y", "truncate and rewind", "dangerous"),
)


def app_with_table() -> WidgetApp:
    table = LineTable((Column("fd", "FD", (4, 4, 4)),))
    app = WidgetApp(TitleBar(), table)
    app.call_later(lambda: table.set_source(numbered(range(50))))
    return app


def dialog(buttons: tuple[Button, ...] = ACT, width: int = 86) -> Dialog:
    return Dialog("Truncate and rewind", [DialogLine((Span("x" * width),))], buttons)


def test_the_box_stands_in_the_middle_as_drawn() -> None:
    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        app.push_screen(dialog(width=82))
        await pilot.pause()
        lines = app.lines()
        top = next(y for y, line in enumerate(lines) if "┌" in line)
        assert lines[top].index("┌─ Truncate and rewind ─") == 16
        assert lines[top].index("┐") == 103
        assert lines[top][14:16] == "  "
        assert lines[top + 4][16:20] == "│   "
        row = lines[top + 4]
        assert row.index("esc leave it alone") == 20
        assert row.index("d dump first") == 42
        assert row.index("y truncate and rewind") == 79
        assert lines[top + 6].index("└") == 16

    run(app_with_table(), check)


def test_the_screen_behind_is_faint_all_over() -> None:
    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        screen = dialog()
        app.push_screen(screen)
        await pilot.pause()
        faint = screen.box.palette.style("faint")
        strips = app.screen._compositor.render_strips()
        assert strips[2].text.startswith(" ▎0")
        for strip in (*strips[:10], *strips[30:]):
            assert {(s.style.color, s.style.bold) for s in strip if s.style} == {
                (faint.color, faint.bold)
            }

    run(app_with_table(), check)


@pytest.mark.parametrize(
    ("buttons", "key", "answer"),
    [
        (ACT, "y", "y"),
        (ACT, "d", "d"),
        (ACT, "escape", None),
        (ACT, "enter", None),
        (ACQUIRE, "enter", "enter"),
        (ACQUIRE, "y", "y"),
        (ACQUIRE, "escape", None),
    ],
)
def test_keys_are_answers(buttons: tuple[Button, ...], key: str, answer: str | None) -> None:
    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        answers: list[str | None] = []
        app.push_screen(dialog(buttons), answers.append)
        await pilot.pause()
        await pilot.press("x", "space", "tab", "down")  # no button of this dialog
        assert answers == []
        await pilot.press(key)
        await pilot.pause()
        assert answers == [answer]

    run(app_with_table(), check)


def test_buttons_can_be_clicked() -> None:
    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        answers: list[str | None] = []
        for word in ("truncate and rewind", "dump first", "leave it alone"):
            app.push_screen(dialog(), answers.append)
            await pilot.pause()
            y, line = next((y, line) for y, line in enumerate(app.lines()) if word in line)
            await pilot.click(offset=(line.index(word) + 3, y))
            await pilot.pause()
        assert answers == ["y", "d", None]

    run(app_with_table(), check)


def test_what_does_not_fit_wraps_and_then_scrolls() -> None:
    lines = [
        DialogLine((Span(f"{number:02}  ", "muted"), Span("a sentence of several words " * 4)), 4)
        for number in range(12)
    ]

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        screen = Dialog("Long", lines, ACT)
        app.push_screen(screen)
        await pilot.pause()
        text = body(screen.box)
        assert all(cell_len(line) == 80 for line in text)
        assert "↑ ↓ more" in "".join(text)
        assert "11  a sentence" not in "".join(text)
        await pilot.press("pagedown", "pagedown", "j")
        await pilot.pause()
        assert "11  a sentence" in "".join(body(screen.box))
        assert "truncate and rewind" in "".join(body(screen.box))

    run(app_with_table(), check, size=(80, 24))


def test_hostile_text_stays_inside_the_box() -> None:
    lines = [DialogLine(shown(text), 4) for text in HOSTILE]

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        screen = Dialog("x", lines, ACT)
        app.push_screen(screen)
        for _ in range(12):
            await pilot.press("pagedown")
            for line in body(screen.box):
                assert cell_len(line) == screen.box.size.width
                assert line.isprintable()

    run(app_with_table(), check, size=(80, 24))
