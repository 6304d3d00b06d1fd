"""The last defence: whatever a widget shows, the terminal gets text of the same width."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.content import Content
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Static

from fdtui.render.glyphs import ASCII, needs_ascii
from fdtui.tui.linefilter import TerminalGuard
from tests.hostile import HOSTILE
from tests.widget_app import WidgetApp, run

BLACK = Color(0, 0, 0)


def guarded(text: str, *, ascii_only: bool = False) -> str:
    (segment,) = TerminalGuard(ascii_only=ascii_only).apply([Segment(text, Style())], BLACK)
    return segment.text


@pytest.mark.parametrize("text", HOSTILE)
def test_no_control_gets_out_and_no_cell_moves(text: str) -> None:
    result = guarded(text)
    assert all(char.isprintable() for char in result)
    assert not any(0xD800 <= ord(char) <= 0xDFFF for char in result)
    assert cell_len(result) == cell_len(text)
    result.encode()


@pytest.mark.parametrize("text", [*HOSTILE, "› … × · ↑ ▎ ─ ┃ ▆ ±", "中 é"])
def test_on_ascii_terminals_only_ascii_gets_out(text: str) -> None:
    result = guarded(text, ascii_only=True)
    assert result.isascii()
    assert cell_len(result) == cell_len(text)


def test_glyphs_of_the_screen_pass_and_have_one_cell() -> None:
    for code, stand_in in ASCII.items():
        assert guarded(chr(code)) == chr(code)
        assert guarded(chr(code), ascii_only=True) == stand_in
        assert cell_len(chr(code)) == 1
        assert len(stand_in) == 1


def test_links_are_never_written() -> None:
    line = [Segment("a", Style(link="http://x/", bold=True)), Segment("b", Style(bold=True))]
    result = TerminalGuard().apply(line, BLACK)
    assert [segment.style.link for segment in result if segment.style] == [None, None]
    assert all(segment.style.bold for segment in result if segment.style)


def test_harmless_lines_are_not_copied() -> None:
    line = [Segment("plain text", Style()), Segment("more", Style(bold=True))]
    assert TerminalGuard().apply(line, BLACK) is line


def test_what_one_guard_made_of_a_line_serves_the_next() -> None:
    strip = Strip([Segment("a\x1bb", Style())])
    first = strip.apply_filter(TerminalGuard(), BLACK)
    assert strip.apply_filter(TerminalGuard(), BLACK) is first
    assert strip.apply_filter(TerminalGuard(ascii_only=True), BLACK) is not first


def test_even_a_widget_that_forgot_safe_writes_nothing_foreign() -> None:
    app = WidgetApp(*(Static(Content(text), markup=False) for text in HOSTILE if len(text) < 400))

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        for line in app.lines():
            assert line.isprintable()

    run(app, check)


@pytest.mark.parametrize(
    ("environment", "expected"), [({"TERM": "linux"}, True), ({"TERM": "xterm-256color"}, False)]
)
def test_the_linux_console_has_only_ascii(environment: dict[str, str], expected: bool) -> None:
    assert needs_ascii(environment) is expected
