"""Title, status, keys, prompts and details at the cells of the drawings."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from fdtui.render.spans import Span, Spans, text_of
from fdtui.tui.widgets.bars import (
    InfoLine,
    KeyLine,
    StatusLine,
    TitleBar,
    crumbs,
    place_keys,
    rule,
)
from fdtui.tui.widgets.columns import Column
from fdtui.tui.widgets.fit import cells, fit, pad, width_of
from fdtui.tui.widgets.inputline import InputLine
from fdtui.tui.widgets.linetable import LineTable
from fdtui.tui.widgets.pane import DetailPane, Details, Fact, Member, WithPane
from fdtui.tui.widgets.wrap import wrap
from tests.widget_app import WidgetApp, body, numbered, run

GROUPS = [
    [("enter", "look"), ("s", "steal"), ("p", "pull"), ("o", "open anew")],
    [("x", "act"), ("y", "yank")],
    [("/", "filter"), ("< >", "sort")],
    [("space", "freeze")],
]
ALWAYS = [("?", "keys"), ("esc", "back")]


def test_the_title_as_drawn() -> None:
    bar = TitleBar()

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        bar.show(
            crumbs("db-3", "Processes", "ingestd 4182", counts="25 descriptors, limit 1,024"),
            place_keys("", 2, 120),
        )
        line = body(bar)[0]
        assert line[:69] == " fdtui  db-3 › Processes › ingestd 4182   25 descriptors, limit 1,024"
        assert line[85:] == "1 Processes   2 Machine   3 Held 2 "
        ground = bar.palette.style("text", "bar").bgcolor
        assert all(s.style and s.style.bgcolor == ground for s in bar.render_line(0))

    run(WidgetApp(bar), check)


def test_narrow_titles_keep_one_place_and_home_all() -> None:
    assert text_of(place_keys("", 2, 80)) == "3 Held 2"
    assert text_of(place_keys("1", 2, 80, home=True)) == "1 Processes   2 Machine   3 Held 2"
    here = place_keys("1", 2, 120)
    assert here[0].role == "muted"
    assert here[2].role == "strong"


def test_the_left_gives_way_to_the_right() -> None:
    line = StatusLine()

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        line.show((Span("user mira - 97 of 143 processes hidden"),), (Span("live 1 s"),))
        assert body(line)[0] == " user mira - 97 of 143 processe…  live 1 s "

    run(WidgetApp(line), check, size=(43, 3))


def test_keys_as_drawn_and_dropped_from_the_right() -> None:
    bar = KeyLine()
    wide = (
        " enter look  s steal  p pull  o open anew    x act  y yank    / filter  < > sort"
        "    space freeze       ? keys  esc back "
    )
    narrow = " enter look  s steal  p pull  o open anew    x act  y yank    ? keys  esc back "

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        bar.show(GROUPS, ALWAYS)
        assert body(bar)[0] == wide
        await pilot.resize_terminal(80, 3)
        await pilot.pause()
        assert body(bar)[0].split() == narrow.split()
        await pilot.resize_terminal(20, 3)
        await pilot.pause()
        assert body(bar)[0] == "   ? keys  esc back "

    run(WidgetApp(bar), check)


def test_a_key_can_be_clicked() -> None:
    bar = KeyLine()

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        bar.show(GROUPS, ALWAYS)
        body(bar)
        for x in (2, 15, 73, 104, 112, 118):
            await pilot.click(bar, offset=(x, 0))
        pressed = [message.key for message in app.of(KeyLine.Pressed)]
        assert pressed == ["enter", "s", "< >", "?", "esc", "esc"]

    run(WidgetApp(bar), check)


def test_a_result_stands_in_for_the_keys_and_goes() -> None:
    bar = KeyLine()

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        bar.show(GROUPS, ALWAYS)
        bar.result("took fd 8 of ingestd 4182 by pidfd_getfd")
        assert body(bar)[0].rstrip() == " took fd 8 of ingestd 4182 by pidfd_getfd"
        bar.clear_result()
        assert body(bar)[0].startswith(" enter look")

    run(WidgetApp(bar), check)


def test_a_rule_takes_the_whole_width() -> None:
    for width in (20, 80, 120):
        line = rule((Span("fd 7", "strong"),), (Span("enter looks"),), width)
        assert width_of(line) == width
        assert text_of(line).endswith("─ enter looks ─") or width == 20
    assert text_of(rule((), (), 10)) == "─" * 10


DETAILS = Details(
    title=(Span("fd 7", "strong"), Span("  regular", "muted")),
    subject=(Span("/var/log/ingestd/access.log", cut="path"),),
    hint=(Span("enter", "key"), Span(" looks by pidfd_getfd", "muted")),
    left=[
        Fact("position", (Span("19,316,224", "strong"), Span("   at the end, writing", "muted"))),
        Fact("flags", (Span("O_WRONLY O_CLOEXEC"),)),
    ],
    right=[
        Fact("same description", (Span("3 descriptors in 2 processes"),)),
        Member("ingestd", "4182", "7", (Span("this one", "muted"),)),
        None,
        Fact("same file, opened apart", (Span("1 descriptor"),)),
    ],
)


@pytest.mark.parametrize(
    ("size", "region"),
    [((120, 40), (0, 29, 120, 11)), ((80, 24), (0, 18, 80, 6)), ((200, 50), (141, 0, 59, 50))],
)
def test_details_are_below_or_beside(
    size: tuple[int, int], region: tuple[int, int, int, int]
) -> None:
    pane = DetailPane()
    table = LineTable((Column("fd", "FD", (4, 4, 4)),))

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        table.set_source(numbered(range(5)))
        pane.show(DETAILS)
        await pilot.pause()
        assert tuple(pane.region) == region
        lines = [line.rstrip() for line in body(pane)]
        if size[0] == 200:
            assert lines[0] == "│ fd 7  regular" + " " * 17 + "enter looks by pidfd_getfd"
            assert lines[1] == "│ /var/log/ingestd/access.log"
            assert lines[3] == "│ position  19,316,224   at the end, writing"
            assert lines[6] == "│ same description            3 descriptors in 2 processes"
            assert lines[7] == "│ ingestd             4182  fd 7    this one"
        elif size[0] == 120:
            assert lines[0].startswith("─ fd 7  regular  /var/log/ingestd/access.log ──")
            assert lines[0].endswith("── enter looks by pidfd_getfd ─")
            assert lines[1] == (
                "  position  19,316,224   at the end, writing             "
                "same description        3 descriptors in 2 processes"
            )
            assert lines[2] == (
                "  flags     O_WRONLY O_CLOEXEC                             "
                "ingestd                 4182  fd 7    this one"
            )
        else:
            assert lines[1].index("same description") == 43
            assert lines[2][43:] == "ingestd         4182    7 this one"

    run(WidgetApp(WithPane(table, pane=pane)), check, size=size)


def test_no_details_on_a_low_screen() -> None:
    pane = DetailPane()
    table = LineTable((Column("fd", "FD", (4, 4, 4)),))

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        assert not pane.display
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert pane.display

    run(WidgetApp(WithPane(table, pane=pane)), check, size=(80, 19))


def test_a_prompt_passes_on_what_is_typed_and_meant() -> None:
    prompt = InputLine()

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        prompt.open("/", "del", note=(Span("9 of 143", "muted"),))
        await pilot.pause()
        await pilot.press("e", "t")
        assert prompt.value == "delet"
        line = app.lines()[0]
        assert line.startswith(" / delet")
        assert line.endswith("9 of 143 ")
        assert [message.value for message in app.of(InputLine.Changed)] == ["dele", "delet"]
        await pilot.press("enter")
        assert [message.value for message in app.of(InputLine.Submitted)] == ["delet"]
        assert not prompt.has_class("-open")
        prompt.open(":")
        await pilot.pause()
        await pilot.press("escape")
        assert [message.prompt for message in app.of(InputLine.Cancelled)] == [":"]
        assert not app.query_one(Input).cursor_blink

    run(WidgetApp(prompt, InfoLine()), check)


def test_paths_lose_their_middle_and_deleted_stays() -> None:
    parts: Spans = (
        Span("/var/lib/ingestd/spool-0417.seg", cut="path"),
        Span(" (deleted)", "attention", "never"),
    )
    assert text_of(fit(parts, 33)) == "/var/li…/spool-0417.seg (deleted)"
    assert text_of(fit(parts, 99)) == "/var/lib/ingestd/spool-0417.seg (deleted)"
    assert text_of(fit(parts, 20)).endswith(" (deleted)")
    assert text_of(fit((Span("watches 9: "), Span("5 6 9 10", "muted")), 15)) == "watches 9: 5 6…"
    for width in range(45):
        assert width_of(fit(parts, width)) <= width
        assert width_of(pad(parts, width)) == width
        wide: Spans = (Span("日本語/日本語ファイル.txt", cut="path"), Span("終わり"))
        assert width_of(pad(wide, width)) == width


def test_sentences_wrap_and_lose_nothing() -> None:
    parts: Spans = (
        Span("pidfd_getfd  ", "strong"),
        Span("EPERM: kernel.yama.ptrace_scope is 1, ingestd is no child of fdtui"),
    )
    lines = wrap(parts, 40, 13)
    assert [text_of(line) for line in lines] == [
        "pidfd_getfd  EPERM:",
        "             kernel.yama.ptrace_scope is",
        "             1, ingestd is no child of",
        "             fdtui",
    ]
    assert wrap((Span("x" * 25),), 10) == [(Span("x" * 10),), (Span("x" * 10),), (Span("x" * 5),)]
    for width in range(4, 40):
        for line in wrap((Span("日本語 日本語日本語 a日本語"),), width, 3):
            assert sum(cells(part.text) for part in line) <= width
