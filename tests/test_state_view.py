"""Views of what has no bytes at offsets: sockets, events, an epoll, a directory."""

from __future__ import annotations

import pytest

from fdtui.kinds.base import Fact, Section, fact
from fdtui.linux.procfs import Entry
from fdtui.render.ready import ready
from fdtui.render.spans import Span, Spans, text_of
from fdtui.tui.screens.descriptors import Descriptors
from fdtui.tui.screens.directoryview import DirectoryView
from fdtui.tui.screens.epollview import EpollView
from fdtui.tui.screens.statelines import state_lines
from fdtui.tui.screens.stateview import StateView
from fdtui.tui.screens.viewer import ViewerScreen
from tests.invented_table import INGESTD
from tests.screens import Driver, drive
from tests.snapshots import check

SIZES = [(80, 24), (120, 40)]
EPOLL, TCP, TIMER, PIDFD, FOLDER, TTY = 3, 6, 10, 17, 18, 2
BARE = Entry(1, 1, 4, "anon_inode:[x]", None, None, "", None)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("fd", "what", "shown"),
    [
        (TCP, "state-tcp", "receive queue  96 bytes"),
        (TTY, "state-tty", "SETTINGS"),
        (TIMER, "state-timerfd", "shared by"),
        (EPOLL, "state-epoll", "every 1 s, next in 0.42 s"),
        (FOLDER, "directory", "62 entries"),
    ],
)
def test_pictures(fd: int, what: str, shown: str, size: tuple[int, int]) -> None:
    async def run(d: Driver) -> None:
        await d.open(INGESTD, fd)
        await d.until(shown)
        screen = d.app.screen
        if isinstance(screen, StateView):
            await d.until(lambda: screen._around.facts)  # the search for who else has it
        check(d.app, f"{what}-{size[0]}x{size[1]}")

    drive(run, size)


def test_values_that_change_are_marked_for_one_look() -> None:
    async def run(d: Driver) -> None:
        await d.open(INGESTD, TCP)
        await d.until("receive queue")
        thing = d.world.keeper.things[INGESTD, TCP]
        told = thing.info["tcp_info"]
        assert isinstance(told, dict)
        thing.info = {**thing.info, "tcp_info": {**told, "rto": 0.48}}
        await d.see_again()
        await d.until("0.48 s")
        assert "\n+ rto " in d.text
        await d.see_again()
        await d.until(lambda: "\n+ rto " not in d.text)

    drive(run)


def test_counters_tell_how_fast_they_grow() -> None:
    async def run(d: Driver) -> None:
        await d.open(INGESTD, TCP)
        await d.until("receive queue")
        thing = d.world.keeper.things[INGESTD, TCP]
        told = thing.info["tcp_info"]
        assert isinstance(told, dict)
        sent, retransmitted = told["bytes_sent"], told["total_retrans"]
        assert isinstance(sent, int)
        assert isinstance(retransmitted, int)
        grown = {"bytes_sent": sent + 2 * 59_494, "total_retrans": retransmitted + 1}
        thing.info = {**thing.info, "tcp_info": {**told, **grown}}
        d.world.now += 2.0
        await d.see_again()
        await d.until("+58.1K/s")
        assert "+0.5/s" in d.text
        assert "received            2.1 MB  +0/s" in d.text
        d.world.now += 1.0
        await d.see_again()
        await d.until(lambda: "+58.1K/s" not in d.text)

    drive(run)


def test_who_else_has_it_stands_beside_it() -> None:
    async def run(d: Driver) -> None:
        await d.open(INGESTD, TTY)
        await d.until("other end   sshd 3884 fd 9  master")
        await d.until("shared by   bash 3885 fd 0  +2")

    drive(run)


def test_tab_shows_all_that_is_queued_and_escape_comes_back() -> None:
    async def run(d: Driver) -> None:
        await d.open(INGESTD, TCP)
        await d.until("receive queue")
        state = d.front(StateView)
        await d.press("tab")
        await d.until("OFFSET")
        assert d.front(ViewerScreen).acquired.id == state.acquired.id
        assert "queued 96" in d.text
        await d.press("escape")
        assert d.front(StateView) is state
        assert state.acquired.id in d.world.keeper.open
        await d.press("tab")
        await d.until("OFFSET")
        await d.press("3")
        await d.until(lambda: not d.world.keeper.open)
        d.app.switch_mode("processes")
        await d.until(lambda: state.acquired.id in d.world.keeper.open)
        await d.press("escape", "escape")
        await d.until(lambda: not d.world.keeper.open)

    drive(run)


def test_a_queue_that_may_not_be_seen_says_why() -> None:
    async def run(d: Driver) -> None:
        d.world.keeper.things[INGESTD, TCP].why = "the target peeks here itself (SO_PEEK_OFF)"
        await d.open(INGESTD, TCP)
        await d.until("the target peeks here itself (SO_PEEK_OFF)")

    drive(run)


def test_enter_on_a_pidfd_goes_to_the_process() -> None:
    async def run(d: Driver) -> None:
        await d.open(INGESTD, PIDFD)
        await d.until("go to the process")
        await d.press("enter")
        await d.until("ingest-worker 4190")
        assert d.front(Descriptors).pid == 4190

    drive(run)


def test_an_epoll_names_its_ghosts_and_leads_to_its_descriptors() -> None:
    async def run(d: Driver) -> None:
        await d.open(INGESTD, EPOLL)
        await d.until("10 watched, 3 ready  1 ghost")
        epoll = d.front(EpollView)
        assert epoll.table.select((14, 0))
        await d.until("epoll_wait goes on reporting fd 14")
        await d.press("enter")
        await d.until("fd 14 is closed: nothing to go to")
        assert epoll.table.select((15, 0))
        await d.press("enter")
        await d.until("25 descriptors")
        await d.until(lambda: d.front(Descriptors).table.cursor_key == 15)

    drive(run)


def test_an_epoll_is_filtered_and_sorted() -> None:
    async def run(d: Driver) -> None:
        await d.open(INGESTD, EPOLL)
        await d.until("10 watched, 3 ready")
        await d.press("slash", *"udp", "enter")
        await d.until("11 drops")
        assert "inotify" not in d.text
        await d.press("escape")
        await d.until("inotify")
        epoll = d.front(EpollView)
        epoll.sort_by("ready")
        assert [epoll._rows.watch(n).number for n in range(3)] == [5, 6, 9]

    drive(run)


def test_a_directory_is_filtered_sorted_and_copied_from() -> None:
    async def run(d: Driver) -> None:
        await d.open(INGESTD, FOLDER)
        await d.until("62 entries")
        folder = d.front(DirectoryView)
        await d.press("slash", *"spool-041", "enter")
        await d.until("7 names")
        await d.press("y")
        await d.until("/var/lib/ingestd/spool-0410.seg")
        await d.press("escape", "escape")
        await d.until("state.db")
        folder.sort_by("ino")
        folder.action_reverse()
        assert folder.table.cursor_key is not None
        assert folder._rows.entry(0).name == "spool-0416.seg"

    drive(run)


def lines(*sections: Section, width: int = 119) -> list[str]:
    return [text_of(line).rstrip() for line in state_lines(sections, BARE, width)]


def test_many_short_facts_stand_in_columns_and_long_ones_below() -> None:
    facts = [fact(f"key{n}", n) for n in range(7)]
    facts.append(fact("words", "much more than there is room for in a column"))
    wide = lines(Section("first", ()), Section("many", tuple(facts)))
    assert wide[2] == "  MANY"
    assert wide[3] == "  key0" + "0".rjust(22) + " " * 13 + "key3" + "3".rjust(22) + (
        " " * 13 + "key6" + "6".rjust(22)
    )
    assert wide[6].startswith("  words       much more")
    narrow = lines(Section("first", ()), Section("many", tuple(facts)), width=79)
    assert all(len(line) <= 79 for line in narrow)
    assert "key4" in narrow[3]


def test_how_full_it_is_is_drawn_as_a_bar() -> None:
    full = Fact("in flight", (Span("10 of 10"),), "the window is full", 1.0)
    half = Fact("send", (Span("5 of 10"),), "", 0.5)
    drawn = state_lines([Section("first", ()), Section("queues", (full, half))], BARE, 119)
    bar = next(span for span in drawn[3] if "━" in span.text)
    assert (bar.text, bar.role) == ("━" * 36, "attention")
    assert text_of(drawn[4]).count("━") == 18


def test_text_of_strangers_in_facts_is_made_safe() -> None:
    value: Spans = (Span("a\x1b[31m"),)
    shown = lines(Section("x\x07", (Fact("k\n", value, "n\x9b"),)))
    assert all(line.isprintable() for line in shown)


@pytest.mark.parametrize(
    ("kind", "info", "asked", "found"),
    [
        ("pipe", {"queued": 3}, ["IN"], ["in"]),
        ("pipe", {"queued": 0, "writers": False}, ["IN"], ["hup"]),
        ("pipe", {"queued": 3}, ["OUT"], []),
        ("tcp", {"recv_queue": 1, "state": "LISTEN"}, ["IN"], ["in"]),
        (
            "tcp",
            {"state": "ESTAB", "send_queue": 10, "options": {"SO_SNDBUF": 100}},
            ["IN", "OUT"],
            ["out"],
        ),
        ("tcp", {"state": "ESTAB", "send_queue": 90, "options": {"SO_SNDBUF": 100}}, ["OUT"], []),
        ("eventfd", {"eventfd_count": 1}, ["IN"], ["in"]),
        ("timerfd", {"ticks": 0}, ["IN"], []),
        ("pidfd", {"state": "ended"}, ["IN"], ["in"]),
        ("pidfd", {"state": "running"}, ["IN"], []),
    ],
)
def test_what_is_ready(
    kind: str, info: dict[str, object], asked: list[str], found: list[str]
) -> None:
    assert ready(kind, info, asked) == found  # type: ignore[arg-type]  # JSON values all
