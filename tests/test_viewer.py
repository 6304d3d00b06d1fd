"""The viewer over an invented machine: what it asks, shows, searches, and gives back."""

from __future__ import annotations

import errno

import pytest

from fdtui.acquire.base import Target
from fdtui.errors import CallFailed, FdtuiError
from fdtui.keeper.api import BadBlock
from fdtui.tui.screens.bytesyank import byte_choices, c_array
from fdtui.tui.screens.descriptors import Descriptors
from fdtui.tui.screens.growth import Growth
from fdtui.tui.screens.looking import open_anew, open_view
from fdtui.tui.screens.place import PlaceScreen
from fdtui.tui.screens.viewer import ViewerScreen
from fdtui.tui.screens.yank import Yank
from tests.fake_things import Thing
from tests.hostile import HOSTILE
from tests.invented import World
from tests.invented_files import NODE, from_bytes
from tests.invented_table import INGESTD, LOG_SIZE, file
from tests.screens import Driver, drive
from tests.snapshots import check

SIZES = [(80, 24), (120, 40)]
DB, LOG, PIPE, EMPTY = 9, 7, 1, 14


def name(what: str, size: tuple[int, int]) -> str:
    return f"{what}-{size[0]}x{size[1]}"


async def view(d: Driver, pid: int, fd: int) -> ViewerScreen:
    await d.open(pid, fd)
    await d.until("OFFSET")
    return d.front(ViewerScreen)


def thing(d: Driver, pid: int, fd: int) -> Thing:
    return d.world.keeper.things[pid, fd]


@pytest.mark.parametrize("size", SIZES)
def test_bytes_in_hex_with_inspector_and_search(size: tuple[int, int]) -> None:
    async def run(d: Driver) -> None:
        await view(d, NODE, DB)
        check(d.app, name("viewer-hex", size))
        await d.press("i", "slash", *"queue", "enter")
        await d.until("/queue 1 of 3")
        await d.press("n")
        await d.until("/queue 2 of 3")
        check(d.app, name("viewer-search", size))

    drive(run, size)


@pytest.mark.parametrize("size", SIZES)
def test_following_a_log(size: tuple[int, int]) -> None:
    async def run(d: Driver) -> None:
        await view(d, INGESTD, LOG)
        await d.press("f")
        await d.until("at the end of the file")
        d.world.now += 1
        await d.see_again()
        thing(d, INGESTD, LOG).append(b"one more line\nand another\n")
        d.world.now += 1
        await d.see_again()
        await d.until("and another")
        assert "2 new lines" in d.text
        assert "+13 bytes/s" in d.text
        check(d.app, name("viewer-follow", size))
        await d.press("pageup")
        assert "following" not in d.text

    drive(run, size)


@pytest.mark.parametrize("size", SIZES)
def test_queues(size: tuple[int, int]) -> None:
    async def run(d: Driver) -> None:
        await view(d, INGESTD, PIPE)
        check(d.app, name("viewer-pipe", size))
        await d.press("escape")
        await view(d, INGESTD, EMPTY)
        await d.until("Nothing is queued.")
        check(d.app, name("viewer-empty", size))

    drive(run, size)


def test_what_is_asked_is_what_is_on_the_screen() -> None:
    async def run(d: Driver) -> None:
        screen = await view(d, INGESTD, 8)
        await d.press("end")
        await d.until("cursor 0x10ccc")
        offset, length = screen.viewer.shown_bytes()
        d.world.keeper.asked.clear()
        await d.see_again()
        asked = next(one for one in d.world.keeper.asked if one.startswith("window"))
        start, wanted = map(int, asked.split()[1:])
        assert start <= offset
        assert offset + length <= start + wanted <= offset + length + (128 << 10)

    drive(run)


def test_bytes_that_change_are_marked_and_the_target_moves() -> None:
    async def run(d: Driver) -> None:
        await view(d, NODE, DB)
        db = thing(d, NODE, DB)
        old = db.read

        def read(offset: int, length: int) -> bytes:
            data = bytearray(old(offset, length))
            if offset <= 0x1B < offset + length:
                data[0x1B - offset] = 0x37
            return bytes(data)

        db.read = read
        db.change(pos=0x31)
        d.world.now += 1
        await d.see_again()
        await d.until("+ 00000010")
        assert "target 0x31 = 49" in d.text
        assert "changed 1" in d.text
        assert "@ 00000030" in d.text
        d.world.now += 3
        await d.see_again()
        await d.until(lambda: "+ 00000010" not in d.text)

    drive(run)


def test_going_to_offsets() -> None:
    async def run(d: Driver) -> None:
        screen = await view(d, INGESTD, 8)
        await d.press("colon")
        await d.until("@ the target")
        await d.press(*"0x1G", "backspace")
        await d.press(*"zz")
        await d.until("not an offset")
        for _ in range(6):
            await d.press("backspace")
        await d.press(*"2G", "enter")
        await d.until("cursor 0x80000000")
        await d.press("colon", *"-16", "enter")
        assert screen.viewer.cursor == (2 << 30) - 16
        await d.press("at")
        assert screen.viewer.cursor == 4_187_593_113
        await d.press("colon", *"@+1", "enter")
        assert screen.viewer.cursor == 4_187_593_114
        await d.press("colon", "7", "escape")
        assert screen.viewer.cursor == 4_187_593_114
        await d.press("colon", *"nothing", "enter")
        await d.until("not an offset")

    drive(run)


def test_searching_forwards_backwards_and_around() -> None:
    async def run(d: Driver) -> None:
        screen = await view(d, NODE, DB)
        await d.press("slash", *"queue", "enter")
        await d.until("1 of 3")
        first = screen.viewer.cursor
        await d.press("n", "n")
        await d.until("3 of 3")
        last = screen.viewer.cursor
        await d.press("n")
        await d.until("1 of 3")
        assert screen.viewer.cursor == first
        await d.press("N")
        await d.until("3 of 3")
        assert screen.viewer.cursor == last
        await d.press("slash", *r"r/q[tu]e+/", "enter")
        await d.until("r/q[tu]e+/ at 0x")
        await d.press("slash", *"nowhere", "enter")
        await d.until('"nowhere" not found, 116 KB searched')
        await d.press("slash", *r"\x53QL", "enter")
        await d.until("1 of 1")
        assert screen.viewer.cursor == 0
        await d.press("escape")
        assert "1 of 1" not in d.text
        assert d.app.screen is screen

    drive(run)


def test_a_search_tells_how_far_it_is_and_stops() -> None:
    async def run(d: Driver) -> None:
        screen = await view(d, INGESTD, 8)
        keeper = d.world.keeper
        keeper.hold_back()
        await d.press("slash", *"record", "enter")
        await d.until(lambda: keeper.searching)
        keeper.searching[0](1 << 30, 4 << 30)
        await d.until("1.0 GB of 4.0 GB  esc stops")
        await d.press("escape")
        await d.until("stopped")
        keeper.go_on()
        await d.press("n")
        await d.until("/record at 0xe")
        assert d.app.screen is screen

    drive(run)


def test_one_question_at_a_time_and_none_when_frozen() -> None:
    async def run(d: Driver) -> None:
        await view(d, NODE, DB)
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


def test_a_block_that_cannot_be_read_says_so_in_its_place() -> None:
    async def run(d: Driver) -> None:
        thing(d, NODE, DB).bad = [BadBlock(0x100, 0x40, errno.EIO)]
        await d.open(NODE, DB)
        await d.until("pread at 0x100: Input/output error (EIO)")
        assert "00000140  " in d.text
        assert "SQLite format 3" in d.text

    drive(run)


def test_bytes_that_may_not_be_seen_say_why() -> None:
    async def run(d: Driver) -> None:
        thing(d, INGESTD, PIPE).why = "nobody reads this pipe any more"
        await view(d, INGESTD, PIPE)
        await d.until("Nobody reads this pipe any more")

    drive(run)


def test_a_look_that_fails_keeps_what_was_seen() -> None:
    async def run(d: Driver) -> None:
        await view(d, NODE, DB)
        db = thing(d, NODE, DB)
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
        screen = await view(d, NODE, DB)
        d.world.keeper.say("noticed", screen.acquired.id, "the target closed its own")
        await d.until("closed by the target 0s ago")
        d.world.now += 4
        await d.see_again()
        await d.until("closed by the target 4s ago")
        d.world.keeper.say("noticed", screen.acquired.id, "the target has ended")
        await d.until("the target ended 0s ago")
        assert "SQLite format 3" in d.text

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
        await view(d, NODE, DB)
        d.world.now += 192
        await d.press("escape")
        await d.until(lambda: not d.world.keeper.open)
        line = list(d.app.log_of_session)[-1]
        assert (line.verb, line.about) == ("looked", "node 5120 fd 9")
        assert line.detail.startswith("regular, for 3m12s")

    drive(run)


def test_another_place_gives_it_back_and_coming_home_borrows_it_again() -> None:
    async def run(d: Driver) -> None:
        screen = await view(d, NODE, DB)
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
        screen = await view(d, NODE, DB)
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


def test_empty_and_growing_and_shrinking() -> None:
    async def run(d: Driver) -> None:
        log = thing(d, INGESTD, 24)
        log.read = lambda offset, length: b""
        log.change(size=0, pos=0)
        screen = await view(d, INGESTD, 24)
        await d.until("0 bytes.")
        await d.press("f")
        log.append(b"first\n")
        await d.see_again()
        await d.until("first")
        log.append(b"second\n")
        await d.see_again()
        await d.until("second")
        log.read = lambda offset, length: b"new\n"[offset : offset + length]
        log.change(size=4, pos=4)
        await d.see_again()
        await d.until("new")
        assert "second" not in d.text
        assert screen.viewer.model.end == 4

    drive(run)


def test_files_that_say_0_and_have_bytes() -> None:
    async def run(d: Driver) -> None:
        status = thing(d, INGESTD, 24)
        status.change(size=0)
        status.says_nothing_of_size = True
        status.read = lambda offset, length: b"Name:\tingestd\n"[offset : offset + length]
        await view(d, INGESTD, 24)
        await d.until("Name:")
        assert "size 0xe = 14" in d.text

    drive(run)


def test_yank_offers_the_bytes_at_the_cursor() -> None:
    async def run(d: Driver) -> None:
        await view(d, NODE, DB)
        await d.press("down", "y")
        d.front(Yank)
        await d.until("02 00 01 01 00 40 20 20 00 00 07 36 00 00 00 77")
        assert "0x10" in d.text

    drive(run)


def test_bytes_for_other_places() -> None:
    assert c_array(b"\x00\xff") == "unsigned char bytes[2] = {\n    0x00, 0xff\n};\n"
    texts = {choice.what: choice.text for choice in byte_choices(b"a\x1b\xff", 0x20)}
    assert texts["hex"] == "61 1b ff"
    assert texts["Python bytes"] == r"b'a\x1b\xff'"
    assert texts["offset"] == "0x20"
    assert [choice.what for choice in byte_choices(b"", 3)] == ["offset"]


def test_growth_is_measured_over_the_last_seconds() -> None:
    growth = Growth()
    assert growth.rate == 0
    for second in range(10):
        growth.note(1000 * second, float(second))
    assert growth.rate == 1000
    for second in range(10, 20):
        growth.note(9000, float(second))
    assert growth.rate == 0
    growth.note(None, 20.0)
    assert growth.rate == 0


def test_hostile_names_and_bytes_reach_no_terminal() -> None:
    world = World()
    for fd, text in enumerate(HOSTILE, 100):
        world.procfs.tables[INGESTD][fd] = file(fd, f"/tmp/{text}", 0, fd, 4000)
        data = text.encode(errors="replace") * 50
        world.keeper.add(world.procfs, INGESTD, fd, {}, from_bytes(data))

    async def run(d: Driver) -> None:
        for fd in range(100, 100 + len(HOSTILE), 8):
            await view(d, INGESTD, fd)
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
