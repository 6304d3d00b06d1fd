"""Keys typed without waiting for what they open: none is lost, none confirms what was not shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events

from fdtui.tui import typeahead
from fdtui.tui.screens.askline import AskLine
from fdtui.tui.widgets.dialog import Button, Dialog, DialogLine
from tests.puppets import Puppet
from tests.screens import Driver, drive
from tests.stories import Story
from tests.terminal import Terminal

SIZE = 12_000


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "ahead.log"
    path.write_bytes(b"line of log\n" * (SIZE // 12))
    return path


def at_process(story: Story, pid: int) -> None:
    story.press("/", str(pid), "enter")
    story.wait_for(lambda _: story.selected.split()[:1] == [str(pid)])


# Live: all keys of a line are written at once


def test_a_row_is_found_and_its_menu_used_in_one_breath(puppet: Puppet, log: Path) -> None:
    fd = puppet(f"os.open({str(log)!r}, os.O_RDWR)")
    with Story() as story:
        at_process(story, puppet.pid)
        story.press("\r" + "j" * fd + "xt")
        story.wait_for("leave it alone")
        assert story.selected.split()[:1] == [str(fd)]
        assert "Truncate and rewind" in story.text
        assert log.stat().st_size == SIZE


def test_everything_from_the_start_on(puppet: Puppet, log: Path) -> None:
    """Typed before the first picture is there, as soon as keys are read one by one."""
    fd = puppet(f"os.open({str(log)!r}, os.O_RDWR)")
    with Terminal([]) as term:
        term.wait_for(lambda _: b"\x1b[?1049h" in term.raw)
        term.press(f"/{puppet.pid}\r\r/ahead.log\r\rf")
        text = term.wait_for("following")
        assert f"pid {puppet.pid} fd {fd}" in text


def test_a_filter_behind_the_key_of_its_place(puppet: Puppet) -> None:
    fd = puppet("os.memfd_create('ahead')")
    with Story() as story:
        # `enter` acts on what the filter left, and not on what was there before.
        story.press(f"2/pid == {puppet.pid} and fd == {fd}\r\r")
        story.wait_for(f"pid {puppet.pid} fd {fd}")
        story.press("\x1b")
        story.wait_for(f"/ pid == {puppet.pid}")


def test_deleted_files_and_the_key_behind(puppet: Puppet, tmp_path: Path) -> None:
    gone = tmp_path / "gone.log"
    fd = puppet(f"os.open({str(gone)!r}, os.O_RDWR | os.O_CREAT)")
    puppet(f"os.write({fd}, b'x' * {SIZE})")
    gone.unlink()
    with Story() as story:
        story.press("D/gone.log\rty")
        story.wait_for("leave it alone")
        # `y` was typed before the question could be read: it stands, and nothing was done.
        file = Path(f"/proc/{puppet.pid}/fd/{fd}")
        story.wait_for(str(gone))
        for _ in range(10):
            story.pump()
        assert "leave it alone" in story.text
        assert file.stat().st_size == SIZE
        story.press("y")
        story.wait_for(lambda text: "leave it alone" not in text)
        story.wait_for(lambda _: file.stat().st_size == 0)


def test_escape_forgets_what_waits(puppet: Puppet, log: Path) -> None:
    puppet(f"os.open({str(log)!r}, os.O_RDWR)")
    with Story() as story:
        story.press("2/" + "x" * 300)
        story.press("escape")
        story.wait_for("Machine")
        story.press("1")
        at_process(story, puppet.pid)


# Invented: what waits for what


def test_keys_wait_for_the_screen_that_is_being_opened() -> None:
    async def check(driver: Driver) -> None:
        opened = driver.app.ahead.hold()
        driver.app.simulate_key("t")  # would draw the tree here
        await driver.pilot.pause(0.1)
        driver.app.push_screen(
            Dialog("T", [DialogLine()], [Button("t", "take it")]), answers.append
        )
        opened()
        opened()  # once more is not once too often
        await driver.until(lambda: answers == ["t"])
        assert "t tree" in driver.text

    answers: list[str | None] = []
    drive(check)


def test_what_waits_too_long_is_dropped_and_escape_drops_it_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(typeahead, "PATIENCE", 0.3)
    monkeypatch.setattr(typeahead, "SHORT", 0.1)

    async def check(driver: Driver) -> None:
        opened = driver.app.ahead.hold()
        for key in ("t", "t", "t"):
            driver.app.simulate_key(key)
        await driver.until("3 keys that were typed ahead came to nothing")
        driver.app.simulate_key("t")
        driver.app.simulate_key("escape")
        driver.app.simulate_key("2")  # means the same everywhere: waits the short time only
        await driver.until("Machine   27 descriptors")
        opened()
        await driver.press("1")
        await driver.until("t tree")

    drive(check)


def test_no_more_than_so_many_keys_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typeahead, "MOST", 5)

    async def check(driver: Driver) -> None:
        opened = driver.app.ahead.hold()
        for key in "/abcdefgh":
            driver.app.post_message(events.Key("slash" if key == "/" else key, key))
        await driver.pilot.pause(0.1)
        opened()
        await driver.until("/ abcd ")
        await driver.press("e")
        assert "/ abcde " in driver.text

    drive(check)


def test_a_dangerous_key_counts_once_the_question_was_painted() -> None:
    async def check(driver: Driver) -> None:
        answers: list[str | None] = []
        buttons = [Button("esc", "leave", "focused"), Button("y", "do it", "dangerous")]
        dialog = Dialog("Sure?", [DialogLine()], buttons)
        driver.app.push_screen(dialog, answers.append)
        driver.app.simulate_key("y")  # in the same moment
        await driver.until("Sure?")
        await driver.pilot.pause(0.1)
        assert dialog.is_current
        assert answers == []
        await driver.press("y")
        assert answers == ["y"]

    drive(check)


def test_two_answers_to_one_question_are_one() -> None:
    async def check(driver: Driver) -> None:
        answers: list[str | None] = []
        line = AskLine("who has", "it")
        await driver.app.push_screen(line, answers.append)
        line.line.submit()
        line.line.submit()
        await driver.until(lambda: answers == ["it"])
        await driver.pilot.pause(0.1)
        assert answers == ["it"]

    drive(check)
