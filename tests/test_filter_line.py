"""The filter line of the Machine place: completion, earlier filters, the place of a mistake."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from fdtui.render.spans import text_of
from fdtui.survey.completing import completions
from fdtui.tui.app import FdtuiApp
from fdtui.tui.earlier import MOST, Earlier
from fdtui.tui.widgets.assist import Assist
from fdtui.tui.widgets.hints import offered, pointed
from tests.invented import World
from tests.latency import selected
from tests.puppets import Puppet
from tests.terminal import Terminal
from tests.test_places import play, press

# Completion


def tabs(text: str, count: int, step: int = 1) -> str:
    """The line after so many tabs at its end; ^ is the cursor where it is not there."""
    assist = Assist(completions)
    cursor = len(text)
    for _ in range(count):
        text, cursor = assist.complete(text, cursor, step) or (text, cursor)
    return text if cursor == len(text) else f"{text[:cursor]}^{text[cursor:]}"


@pytest.mark.parametrize(
    ("text", "count", "wanted"),
    [
        ("ki", 1, "kind"),
        ("fd > 3 and kin", 1, "fd > 3 and kind"),
        ("kind == ti", 1, "kind == timerfd"),
        ('kind == "ti', 1, 'kind == "timerfd'),
        ("p", 1, "p"),
        ("p", 2, "pid"),
        ("p", 3, "ppid"),
        ("peer.", 1, "peer."),
        ("peer.", 2, "peer.pid"),
        ("kind ", 2, "kind =="),
        ("size ", 4, "size <"),
        ("kind == tcp ", 2, "kind == tcp and"),
        ("STAT", 1, "state"),
        ("SOCK.ST", 1, "SOCK.STATE"),
        ("nosuchword", 3, "nosuchword"),
    ],
)
def test_tab_completes_as_far_as_it_is_clear_and_then_goes_on(
    text: str, count: int, wanted: str
) -> None:
    assert tabs(text, count).rstrip('"') == wanted


def test_shift_tab_goes_the_other_way() -> None:
    forth = [tabs("p", count) for count in range(2, 5)]
    assist = Assist(completions)
    line = ("p", 1)
    for _ in range(4):
        line = assist.complete(*line) or line
    for wanted in (forth[1], forth[0]):
        line = assist.complete(*line, -1) or line
        assert line[0] == wanted


def test_what_stands_behind_the_cursor_stays() -> None:
    assist = Assist(completions)
    assert assist.complete("ki and fd > 3", 2) == ("kind and fd > 3", 4)
    assert assist.complete("p and fd > 3", 1) is None
    assert assist.complete("p and fd > 3", 1) == ("pid and fd > 3", 3)
    assert assist.complete("pid and fd > 3", 3) == ("ppid and fd > 3", 4)


def test_other_keys_forget_what_was_offered() -> None:
    assist = Assist(completions)
    assist.complete("p", 1)
    assert assist.stands("p")
    assert not assist.stands("pi")
    assist.forget()
    assert assist.complete("pee", 3) == ("peer", 4)


# Earlier lines


def test_up_and_down_go_through_earlier_lines_and_back_to_what_was_typed() -> None:
    assist = Assist(completions, ["first", "second"])
    assert assist.earlier("typed", 1) is None
    assert assist.earlier("typed", -1) == ("second", 6)
    assert assist.earlier("second", -1) == ("first", 5)
    assert assist.earlier("first", -1) is None
    assert assist.earlier("first", 1) == ("second", 6)
    assert assist.earlier("second", 1) == ("typed", 5)


def test_lines_are_kept_once_each_the_last_ones(tmp_path: Path) -> None:
    path = tmp_path / "state" / "fdtui" / "filters"
    one, two = Earlier(path), Earlier(path)
    for line in ("a", "b", "  ", "a", "with\x1bescape"):
        one.add(line)
    two.add("c")
    assert Earlier(path).lines == ["b", "a", "c"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for number in range(2 * MOST):
        one.add(str(number))
    assert Earlier(path).lines == [str(n) for n in range(MOST, 2 * MOST)]
    assert os.listdir(path.parent) == ["filters"]


def test_a_file_that_cannot_be_used_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"ok\n\xff\n")
    damaged = Earlier(tmp_path / "file")
    assert list(damaged.lines) == []
    (tmp_path / "file").write_text("good\nwith\x9besc\n" + "x" * 2000 + "\n")
    assert Earlier(tmp_path / "file").lines == ["good"]
    nowhere = Earlier(tmp_path / "file" / "below")
    nowhere.add("kept for this session")
    assert nowhere.lines == ["kept for this session"]


# The line below


def test_words_stand_beside_the_caret_where_there_is_room() -> None:
    assert text_of(pointed(4, "no", 20)) == "    ^ no"
    assert text_of(pointed(18, "no such thing", 20)) == "    no such thing ^"
    assert text_of(pointed(30, "no", 20)) == "                no ^"


def test_the_choice_that_is_taken_is_in_sight() -> None:
    words = [f"word{n}" for n in range(30)]
    assert text_of(offered(words, None, 40)).startswith("  word0  word1")
    assert "word29" in text_of(offered(words, 29, 40))
    assert len(text_of(offered(words, 29, 40))) <= 40


# By keys


def below(text: str) -> tuple[str, str]:
    """The filter line, and the one under it."""
    lines = text.split("\n")
    at = next(number for number, line in enumerate(lines) if line.startswith(" / "))
    return lines[at], lines[at + 1]


def test_keys_complete_and_a_caret_points_at_the_mistake() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        await press(app, pilot, "2")
        _, under = below(await press(app, pilot, "slash"))
        assert "tab completes" in under
        line, _ = below(await press(app, pilot, "k", "i", "tab"))
        assert line.startswith(" / kind ")
        line, under = below(await press(app, pilot, *" == t", "tab"))
        assert "tty" in under
        assert "tcp" in under
        line, under = below(await press(app, pilot, "tab", "tab"))
        assert " / kind == tcp " in line
        assert app.screen.query_one(Input).has_focus
        line, _ = below(await press(app, pilot, *" and knid == 3"))
        line, under = below(await press(app, pilot, "left"))
        assert under.index("^") == line.index("knid")
        assert "no column is called knid" in under
        text = await press(app, pilot, "enter")
        line, under = below(text)
        assert under.index("^") == line.index("knid")
        assert "column 17: no column is called knid" in under
        line, under = below(await press(app, pilot, "slash"))
        assert under.index("^") == line.index("knid")
        text = await press(app, pilot, "escape")
        assert "^" not in text
        line, _ = below(await press(app, pilot, "slash", "up"))
        assert " / kind == tcp and knid == 3 " in line
        line, _ = below(await press(app, pilot, "down"))
        assert line.startswith(" /  ")

    for size in ((120, 40), (80, 24)):
        play(story, size=size)


def test_what_is_typed_behind_enter_is_no_part_of_the_filter() -> None:
    """All of it arrives at once, as on a busy machine."""
    with Puppet() as puppet, Terminal([]) as term:
        term.wait_for("processes,")
        for key in "12":
            term.press(key)
            term.wait_for("TARGET" if key == "2" else "COMMAND")
            term.press(f"/{puppet.pid}\rG")
            term.wait_for(lambda text: f" / {puppet.pid}  " in text)
            term.press("/")
            term.wait_for(lambda text: f" / {puppet.pid}  " in text)
            assert f"{puppet.pid}G" not in term.text
            term.press("escape")


def test_other_places_have_no_second_line() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        text = await press(app, pilot, "D", "slash")
        assert "tab completes" not in text
        await press(app, pilot, "tab")
        assert not app.screen.query_one(Input).has_focus

    play(story)


def test_filters_of_an_earlier_session_come_back(tmp_path: Path) -> None:
    with Puppet() as puppet:
        fd = puppet("os.memfd_create('filtered')")
        wanted = f'pid == {puppet.pid} and kind == "memfd"'
        environment = {"XDG_STATE_HOME": str(tmp_path)}
        with Terminal([], environment=environment) as term:
            term.wait_for("processes,")
            term.press("2")
            term.wait_for("TARGET")
            term.press("/", wanted, "enter")
            term.wait_for(lambda text: " 1 of " in text and f"{puppet.pid} " in text)
            term.press("q")
            assert term.wait_exit() == 0
        assert (tmp_path / "fdtui" / "filters").read_text() == f"{wanted}\n"
        with Terminal([], environment=environment) as term:
            term.wait_for("processes,")
            term.press("2")
            term.wait_for("TARGET")
            term.press("/", "up")
            term.wait_for(f"/ {wanted}")
            term.press("enter")
            term.wait_for(lambda text: " 1 of " in text and f"{puppet.pid} " in text)
            assert fd


def test_who_has_it_means_this_file_and_not_its_number_elsewhere(tmp_path: Path) -> None:
    with Puppet() as puppet, Terminal([]) as term:
        fd = puppet(f"os.open({str(tmp_path)!r}, os.O_RDONLY)")
        status = os.stat(tmp_path)
        dev = f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
        term.wait_for("processes,")
        term.press("2")
        term.wait_for("TARGET")
        term.press("/", f"pid == {puppet.pid} and fd == {fd}", "enter")
        term.wait_for(lambda _: selected(term).split()[:1] == [str(puppet.pid)])
        term.press("f")
        term.wait_for(f'/ dev == "{dev}" and ino == {status.st_ino} ')
        term.wait_for(lambda text: " 1 of " in text)
        assert selected(term).split()[0] == str(puppet.pid)
