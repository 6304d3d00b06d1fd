"""What a view says of its loan, and that it is given back whenever nobody looks."""

from __future__ import annotations

import errno

import pytest

from fdtui.acquire.base import Target
from fdtui.errors import CallFailed, FdtuiError
from fdtui.tui.screens.descriptors import Descriptors
from fdtui.tui.screens.looking import open_anew, open_view
from fdtui.tui.screens.place import PlaceScreen
from tests.hostile import HOSTILE
from tests.invented import World
from tests.invented_files import NODE, from_bytes
from tests.invented_table import INGESTD, LOG_SIZE, file
from tests.screens import Driver, drive

DB, LOG = 9, 7


def test_one_question_at_a_time_and_none_when_frozen() -> None:
    async def run(d: Driver) -> None:
        await d.view(NODE, DB)
        keeper = d.world.keeper
        keeper.hold_back()
        await d.see_again()
        asked = len(keeper.asked)
        for _ in range(5):
            d.app.poller.poke()
            await d.pilot.pause(0.02)
        assert len(keeper.asked) == asked
        keeper.go_on()
        await d.press("space")
        await d.until("frozen")
        asked = len(keeper.asked)
        await d.pilot.pause(0.6)
        assert len(keeper.asked) <= asked + 1
        await d.press("space")
        await d.until(lambda: len(keeper.asked) > asked + 1)

    drive(run)


def test_a_look_that_fails_keeps_what_was_seen() -> None:
    async def run(d: Driver) -> None:
        await d.view(NODE, DB)
        db = d.thing(NODE, DB)
        db.failure = CallFailed("window", errno.ETIMEDOUT, "no answer within 5 s", "it may hang")
        await d.see_again()
        await d.until("window: no answer within 5 s (ETIMEDOUT)  it may hang")
        assert "SQLite format 3" in d.text
        db.failure = None
        await d.see_again()
        await d.until(lambda: "ETIMEDOUT" not in d.text)
        db.failure = CallFailed("pidfd_getfd(pid 5120, fd 9)", errno.EBADF, "the target closed 9")
        await d.see_again()
        await d.until("closed by the target 0s ago")

    drive(run)


@pytest.mark.parametrize("width", [80, 120])
def test_the_title_says_when_the_target_has_closed_it(width: int) -> None:
    async def run(d: Driver) -> None:
        screen = await d.view(NODE, DB)
        d.world.keeper.say("noticed", screen.acquired.id, "the target closed its own")
        await d.until("closed by the target 0s ago")
        d.world.now += 4
        await d.see_again()
        await d.until("closed by the target 4s ago")
        d.world.keeper.say("noticed", screen.acquired.id, "the target has ended")
        await d.until("the target ended 0s ago")
        assert "SQLite format 3" in d.text

    drive(run, (width, 24))


@pytest.mark.parametrize("width", [80, 100, 120])
def test_deleted_is_said_however_little_room_there_is(width: int) -> None:
    async def run(d: Driver) -> None:
        await d.view(INGESTD, 8)
        assert "(deleted)" in d.text

    drive(run, (width, 24))


def test_a_private_description_and_a_held_one_say_so() -> None:
    async def run(d: Driver) -> None:
        place = d.front(PlaceScreen)
        target = Target(NODE, 512_000, DB)
        open_anew(place, target, "node")
        await d.until("reopen - private description, own offset - regular rw 116 KB")
        await d.press("escape")
        held = d.world.keeper.steal(target).result()
        open_view(place, held)
        await d.until("grafter.db - held")
        await d.press("escape")
        assert held.id in d.world.keeper.open

    drive(run)


def test_what_was_borrowed_goes_back_and_is_written_down() -> None:
    async def run(d: Driver) -> None:
        await d.view(NODE, DB)
        d.world.now += 192
        await d.press("escape")
        await d.until(lambda: not d.world.keeper.open)
        line = list(d.app.log_of_session)[-1]
        assert (line.verb, line.about) == ("looked", "node 5120 fd 9")
        assert line.detail.startswith("regular, for 3m12s")

    drive(run)


def test_another_place_gives_it_back_and_coming_home_borrows_it_again() -> None:
    async def run(d: Driver) -> None:
        screen = await d.view(NODE, DB)
        first = screen.acquired.id
        await d.press("3")
        await d.until(lambda: first not in d.world.keeper.open)
        d.app.switch_mode("processes")
        await d.until(lambda: screen.acquired.id in d.world.keeper.open)
        assert screen.acquired.id != first
        await d.press("3")
        await d.until(lambda: not d.world.keeper.open)
        d.world.close(DB, NODE)
        d.world.open(DB, "pipe:[77]", 0, NODE)
        d.app.switch_mode("processes")
        await d.until("fd 9 now holds another file: pipe:[77]")
        assert not d.world.keeper.open

    drive(run)


def test_a_dialog_over_it_lets_the_look_go_on() -> None:
    async def run(d: Driver) -> None:
        screen = await d.view(NODE, DB)
        await d.press("question_mark")
        await d.until("Keys")
        assert "follow the end" in d.text
        await d.press("escape")
        assert screen.acquired.id in d.world.keeper.open
        await d.see_again()

    drive(run)


def test_refused_then_the_view_never_opens() -> None:
    async def run(d: Driver) -> None:
        d.world.keeper.refusals[NODE, DB] = FdtuiError("no", "yes")
        d.world.keeper.verdicts = []
        await d.open(NODE, DB)
        await d.until("No way yet")
        await d.press("escape")
        assert not d.world.keeper.open

    drive(run)


def test_hostile_names_and_bytes_reach_no_terminal() -> None:
    world = World()
    for fd, text in enumerate(HOSTILE, 100):
        world.procfs.tables[INGESTD][fd] = file(fd, f"/tmp/{text}", 0, fd, 4000)
        data = text.encode(errors="replace") * 50
        world.keeper.add(world.procfs, INGESTD, fd, {}, from_bytes(data))

    async def run(d: Driver) -> None:
        for fd in range(100, 100 + len(HOSTILE), 8):
            await d.view(INGESTD, fd)
            for key in ("tab", "y", "escape"):
                await d.press(key)
                assert all(c == "\n" or c.isprintable() for c in d.text)
            await d.press("escape")

    drive(run, world=world)


def test_enter_in_the_table_opens_it_and_escape_comes_back() -> None:
    async def run(d: Driver) -> None:
        d.app.open_process(INGESTD, LOG, look=False)
        await d.until("access.log")
        await d.until(lambda: d.front(Descriptors).table.cursor_key == LOG)
        await d.press("enter")
        await d.until("OFFSET")
        assert f"size {LOG_SIZE:#x}" in d.text
        await d.press("escape")
        d.front(Descriptors)

    drive(run)
