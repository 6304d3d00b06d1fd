"""The viewer over an invented machine: what it asks, shows, searches, and gives back."""

from __future__ import annotations

import errno

import pytest

from fdtui.keeper.api import BadBlock
from fdtui.tui.screens.bytesyank import byte_choices, c_array
from fdtui.tui.screens.growth import Growth
from fdtui.tui.screens.yank import Yank
from tests.invented_files import NODE
from tests.invented_table import INGESTD
from tests.screens import Driver, drive
from tests.snapshots import check

SIZES = [(80, 24), (120, 40)]
DB, LOG, PIPE, EMPTY = 9, 7, 1, 14


def name(what: str, size: tuple[int, int]) -> str:
    return f"{what}-{size[0]}x{size[1]}"


@pytest.mark.parametrize("size", SIZES)
def test_bytes_in_hex_with_inspector_and_search(size: tuple[int, int]) -> None:
    async def run(d: Driver) -> None:
        await d.view(NODE, DB)
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
        await d.view(INGESTD, LOG)
        await d.press("f")
        await d.until("at the end of the file")
        d.world.now += 1
        await d.see_again()
        d.thing(INGESTD, LOG).append(b"one more line\nand another\n")
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
        await d.view(INGESTD, PIPE)
        check(d.app, name("viewer-pipe", size))
        await d.press("escape")
        await d.view(INGESTD, EMPTY)
        await d.until("Nothing is queued.")
        check(d.app, name("viewer-empty", size))

    drive(run, size)


def test_what_is_asked_is_what_is_on_the_screen() -> None:
    async def run(d: Driver) -> None:
        screen = await d.view(INGESTD, 8)
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
        await d.view(NODE, DB)
        db = d.thing(NODE, DB)
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
        screen = await d.view(INGESTD, 8)
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
        screen = await d.view(NODE, DB)
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
        screen = await d.view(INGESTD, 8)
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


def test_a_block_that_cannot_be_read_says_so_in_its_place() -> None:
    async def run(d: Driver) -> None:
        d.thing(NODE, DB).bad = [BadBlock(0x100, 0x40, errno.EIO)]
        await d.open(NODE, DB)
        await d.until("pread at 0x100: Input/output error (EIO)")
        assert "00000140  " in d.text
        assert "SQLite format 3" in d.text

    drive(run)


def test_bytes_that_may_not_be_seen_say_why() -> None:
    async def run(d: Driver) -> None:
        d.thing(INGESTD, PIPE).why = "nobody reads this pipe any more"
        await d.view(INGESTD, PIPE)
        await d.until("Nobody reads this pipe any more")

    drive(run)


def test_empty_and_growing_and_shrinking() -> None:
    async def run(d: Driver) -> None:
        log = d.thing(INGESTD, 24)
        log.read = lambda offset, length: b""
        log.change(size=0, pos=0)
        screen = await d.view(INGESTD, 24)
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
        status = d.thing(INGESTD, 24)
        status.change(size=0)
        status.says_nothing_of_size = True
        status.read = lambda offset, length: b"Name:\tingestd\n"[offset : offset + length]
        await d.view(INGESTD, 24)
        await d.until("Name:")
        assert "size 0xe = 14" in d.text

    drive(run)


def test_yank_offers_the_bytes_at_the_cursor() -> None:
    async def run(d: Driver) -> None:
        await d.view(NODE, DB)
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
    growth.note(5, 21.0)
    assert growth.rate == 0, "what it was before is not what it is compared with"
