"""Acquiring from the screen: the view that fits, what is kept, and why it cannot be."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fdtui.acquire.base import Target, Verdict
from fdtui.errors import CallFailed
from fdtui.tui.app import FdtuiApp
from fdtui.tui.screens.acquire import AcquireDialog
from fdtui.tui.screens.descriptors import Descriptors
from fdtui.tui.screens.directoryview import DirectoryView
from fdtui.tui.screens.epollview import EpollView
from fdtui.tui.screens.looking import look, pull, steal
from fdtui.tui.screens.place import PlaceScreen
from fdtui.tui.screens.stateview import StateView
from fdtui.tui.screens.viewer import ViewerScreen
from tests.invented import World
from tests.invented_table import INGESTD
from tests.screens import Driver, drive
from tests.snapshots import check, screen_lines

SIZES = [(80, 24), (120, 40)]
TCP = 6
YAMA = CallFailed(f"pidfd_getfd(pid {INGESTD}, fd {TCP})", 1, "no right to attach", "sysctl")
VERDICTS = [
    (
        "pidfd_getfd",
        Verdict(
            "refused",
            "EPERM: kernel.yama.ptrace_scope is 1, ingestd is no child of fdtui",
            "sudo sysctl kernel.yama.ptrace_scope=0  changes that for every process",
        ),
    ),
    (
        "helper",
        Verdict(
            "ready",
            "as root, through sudo",
            "the screen makes way for the password and comes back",
        ),
    ),
    (
        "injection",
        Verdict(
            "refused",
            "EPERM: it needs the same right to attach as pidfd_getfd",
            "the same remedy; the target would stand still for a moment",
        ),
    ),
    (
        "inbox",
        Verdict(
            "waiting",
            "nobody has sent it",
            "fdtui send 6 --session a41f  in a process that has it as 6",
        ),
    ),
    ("reopen", Verdict("never", "ENXIO: a socket has no name that could be opened")),
]


@pytest.mark.parametrize(
    ("fd", "kind"),
    [
        (7, ViewerScreen),
        (11, ViewerScreen),
        (1, ViewerScreen),
        (6, StateView),
        (16, StateView),
        (10, StateView),
        (2, StateView),
        (17, StateView),
        (3, EpollView),
        (18, DirectoryView),
    ],
)
def test_each_kind_has_its_view(fd: int, kind: type[PlaceScreen]) -> None:
    async def run(d: Driver) -> None:
        await d.open(INGESTD, fd)
        d.front(kind)
        await d.press("escape")
        await d.until(lambda: not d.world.keeper.open)

    drive(run)


def refusing() -> World:
    world = World()
    world.keeper.refusals[INGESTD, TCP] = YAMA
    world.keeper.verdicts = list(VERDICTS)
    return world


async def refused(d: Driver) -> None:
    d.app.open_process(INGESTD, TCP, look=False)
    await d.until("ESTAB 10.2.0.17")
    await d.until(lambda: d.front(Descriptors).table.cursor_key == TCP)
    await d.press("enter")
    await d.until("No way yet to look at fd 6 of ingestd 4182")


@pytest.mark.parametrize("size", SIZES)
def test_a_refusal_shows_what_each_method_would_need(size: tuple[int, int]) -> None:
    async def run(d: Driver) -> None:
        await refused(d)
        check(d.app, f"acquire-{size[0]}x{size[1]}")

    drive(run, size, refusing())


def test_the_chosen_method_is_tried() -> None:
    async def run(d: Driver) -> None:
        await refused(d)
        assert "enter start the helper" in d.text
        await d.press("down", "down")
        assert "enter" not in d.text.splitlines()[-12:][0]
        await d.press("up", "up", "enter")
        await d.until("CONNECTION")
        assert d.world.keeper.asked.count("look 4182:6 via helper") == 1
        assert "- helper - same description" in d.text

    drive(run, world=refusing())


def test_what_cannot_work_is_not_tried() -> None:
    async def run(d: Driver) -> None:
        await refused(d)
        await d.press("down", "down", "down")
        d.world.keeper.asked.clear()
        await d.press("enter")
        assert not [one for one in d.world.keeper.asked if "via" in one]

    drive(run, world=refusing())


def test_the_remedies_can_be_copied() -> None:
    async def run(d: Driver) -> None:
        copied: list[str] = []
        d.app.yank = lambda text, what: copied.append(text)  # type: ignore[method-assign]
        await refused(d)
        await d.press("y")
        assert copied[0].startswith("sudo sysctl")
        assert "fdtui send 6 --session a41f" in copied[0]
        d.front(Descriptors)

    drive(run, world=refusing())


def test_stealing_and_pulling_keep_it_and_say_so() -> None:
    async def run(d: Driver) -> None:
        place = d.front(PlaceScreen)
        steal(place, Target(INGESTD, 418_200, 8), "ingestd")
        await d.until(" by pidfd_getfd")
        assert "took " in d.text.splitlines()[-1]
        pull(place, Target(INGESTD, 418_200, 1), "ingestd")
        await d.until(" by helper")
        await d.until("3 Held 2")
        assert [hold.acquired.target.fd for hold in d.world.keeper.holds.values()] == [8, 1]

    drive(run)


def test_a_refused_steal_explains_itself_too() -> None:
    async def run(d: Driver) -> None:
        steal(d.front(PlaceScreen), Target(INGESTD, 418_200, TCP), "ingestd")
        await d.until("No way yet to take fd 6 of ingestd 4182")
        await d.press("enter")
        await d.until("3 Held 1")
        assert not isinstance(d.app.screen, AcquireDialog)

    drive(run, world=refusing())


def test_a_look_that_comes_too_late_is_given_back() -> None:
    async def run(d: Driver) -> None:
        keeper = d.world.keeper
        place = d.front(PlaceScreen)
        keeper.hold_back()
        look(place, Target(INGESTD, 418_200, 7), "ingestd")
        await d.press("2")
        keeper.go_on()
        await d.until(lambda: any(one.startswith("release") for one in keeper.asked))
        assert not keeper.open
        assert not isinstance(d.app.screen, ViewerScreen)

    drive(run)


# Live: the real keeper, and a process that writes a log

_WRITER = """
import sys, time
log = open(sys.argv[1], "ab", buffering=0)
for line in range(300):
    log.write(b"old line %d\\n" % line)
print(log.fileno(), flush=True)
for command in sys.stdin:
    log.write(command.encode())
    print(log.tell(), flush=True)
"""
_DEADLINE = 0.3  # seconds until a byte of the target is on the screen, in 95 of 100 cases
_LINES = 40


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(tmp_path / "live.log")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


@pytest.mark.needs_ptrace
def test_a_line_of_a_real_target_arrives_in_time(writer: subprocess.Popen[str]) -> None:
    assert writer.stdin is not None
    assert writer.stdout is not None
    fd = int(writer.stdout.readline())

    async def main() -> None:
        app = FdtuiApp(open_at=(writer.pid, fd))
        async with app.run_test(size=(120, 40)) as pilot:

            async def until(wanted: str) -> float:
                began = time.monotonic()
                while wanted not in "\n".join(screen_lines(app)):
                    assert time.monotonic() - began < 10, screen_lines(app)
                    await asyncio.sleep(0.005)
                return time.monotonic() - began

            await until("old line 0")
            await pilot.press("f")
            await until("at the end of the file")
            took = []
            for line in range(_LINES):
                await asyncio.sleep(0.013 * (line % 17))  # anywhere between two looks
                print(f"fresh line {line}.", file=writer.stdin, flush=True)
                took.append(await until(f"fresh line {line}."))
            took.sort()
            assert took[len(took) * 95 // 100 - 1] <= _DEADLINE, took
            await pilot.press("escape")
            await until("descriptors, limit")
            await pilot.press("s")
            await until("3 Held 1")

    asyncio.run(main())
    # The target writes on at its own offset: nobody moved it.
    assert writer.stdout is not None
    told = [int(writer.stdout.readline()) for _ in range(_LINES)]
    assert told == sorted(told)
    assert told[-1] == os.stat(f"/proc/{writer.pid}/fd/{fd}").st_size
