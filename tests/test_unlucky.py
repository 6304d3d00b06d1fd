"""The screen when luck runs out: stopped by the shell, its keeper killed, nothing to start."""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path

import pytest
from textual.pilot import Pilot

from fdtui.render.spans import Span
from fdtui.survey.workers import Job as Share
from fdtui.survey.workers import Pool, qualified
from fdtui.tui.poller import Job, Poller
from fdtui.tui.widgets.bars import KeyLine
from fdtui.tui.widgets.wrap import wrap
from tests.terminal import Terminal
from tests.widget_app import WidgetApp, body, run


def until(holds: Callable[[], bool], term: Terminal, seconds: float = 10.0) -> None:
    """Wait, and show what is written meanwhile."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, term.text
        term.pump(0.02)


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]


def keepers(mark: str) -> set[int]:
    """Keeper and nursery of the fdtui that was started with this in its environment."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if (path / "comm").read_bytes() != b"fdtui-keeper\n":
                continue
            if f"TMPDIR={mark}\0".encode() in (path / "environ").read_bytes():
                found.add(int(path.name))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
    return found


@pytest.mark.parametrize("width", [-7, 0, 1, 2])
def test_words_wrap_where_there_is_no_room(width: int) -> None:
    lines = wrap((Span("two words "), Span("日本")), width, 4)
    assert "".join(part.text for line in lines for part in line).replace(" ", "") == "twowords日本"


def test_a_terminal_of_one_cell_is_lived_through() -> None:
    with Terminal([]) as term:
        term.wait_for("processes,")
        for columns, lines in ((1, 1), (10, 3), (20, 5)):
            term.resize(columns, lines)
            term.press("?")
            term.pump(0.3)
            term.press("escape")
        term.resize(120, 40)
        term.wait_for("LIMIT", 5)
        term.press("q")
        assert term.wait_exit() == 0


def test_no_key_fits_beside_an_empty_group() -> None:
    line = KeyLine()

    async def check(app: WidgetApp, pilot: Pilot[None]) -> None:
        line.show([[("a", "act")], []], [("?", "keys")])
        for columns in (1, 3, 10, 40):
            await pilot.resize_terminal(columns, 3)
            await pilot.pause()
        assert body(line)[0].split() == ["a", "act", "?", "keys"]

    run(WidgetApp(line), check)


def test_a_page_key_comes_before_the_palette_has_lines() -> None:
    with Terminal([]) as term:
        term.wait_for("processes,")
        for keys in ("\x10\x1b[5~", "\x10e\x1b[5~\x1b[6~", "\x10\x1b[6~\x1b[6~\x1b[5~"):
            term.press(keys)
            term.pump(0.3)
            term.press("escape", "escape")
        term.wait_for("processes,")
        term.press("q")
        assert term.wait_exit() == 0


def test_all_of_the_screen_is_drawn_when_the_shell_continues_it() -> None:
    with Terminal([]) as term:
        term.wait_for("processes,")
        term.process.send_signal(signal.SIGTSTP)
        until(lambda: state(term.process.pid) == "T", term)
        while term.pump(0.1):
            pass
        term.screen.reset()  # as the alternate screen is when one comes back to it
        term.process.send_signal(signal.SIGCONT)
        term.wait_for(lambda text: "LIMIT" in text and "q quit" in text, 5)


@pytest.mark.needs_root
def test_a_keeper_killed_with_a_question_open_is_replaced(tmp_path: Path) -> None:
    mark = str(tmp_path)
    with Terminal([], environment={"TMPDIR": mark}) as term:
        term.wait_for("processes,")
        until(lambda: bool(keepers(mark)), term)
        mine = keepers(mark)
        for pid in mine:
            os.kill(pid, signal.SIGSTOP)
        term.press("3")
        term.wait_for("Nothing is held")
        term.pump(0.5)
        for pid in mine:
            os.kill(pid, signal.SIGKILL)
        until(lambda: bool(keepers(mark) - mine), term)
        term.press("1")
        term.wait_for("LIMIT")
        term.press("q")
        assert term.wait_exit() == 0


@pytest.mark.needs_root
def test_a_keeper_that_cannot_live_is_not_started_for_ever(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.symlink_to(os.path.realpath(sys.executable))
    paths = ":".join(path for path in sys.path if path)
    mark = str(tmp_path)
    command = [str(python), "-m", "fdtui"]
    with Terminal([], command=command, environment={"PYTHONPATH": paths, "TMPDIR": mark}) as term:
        term.wait_for("processes,")
        until(lambda: bool(keepers(mark)), term)
        python.unlink()  # as a package manager does for a moment
        for pid in keepers(mark):
            os.kill(pid, signal.SIGKILL)
        term.press("3", "L")
        term.wait_for(lambda text: "keeper" in text.partition("failed")[2])
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            term.pump(0.1)
        assert 0 < len(re.findall("failed +keeper", term.text)) < 4
        python.symlink_to(os.path.realpath(sys.executable))
        until(lambda: bool(keepers(mark)), term)
        term.press("q")
        assert term.wait_exit() == 0
        assert term.restored() == []


def twice(payload: object) -> list[bytes]:
    return [str(payload).encode() * 2]


def test_scans_go_on_where_no_worker_can_be_started(tmp_path: Path) -> None:
    executable, sys.executable = sys.executable, str(tmp_path / "gone")
    pool, over = Pool(2), threading.Event()
    threading.Thread(target=over.wait).start()  # with one thread alone a worker is a mere fork
    try:
        jobs = [Share(qualified(twice), number) for number in range(5)]
        assert list(pool.run(jobs, lambda: False)) == [b"00", b"11", b"22", b"33", b"44"]
    finally:
        sys.executable = executable
        over.set()
        pool.close()


def test_a_screen_that_is_taken_away_while_it_looks_still_has_an_app() -> None:
    """Textual finds the app of a screen without a parent by the context alone."""
    app: ContextVar[str] = ContextVar("app")
    app.set("fdtui")
    seen: list[object] = []
    done = threading.Event()

    def deliver(job: Job, result: object) -> None:
        seen.append(result)
        done.set()

    poller = Poller(deliver, seen.append, seen.append)
    poller.set_job(lambda cancelled: app.get())
    poller.start()
    assert done.wait(5)
    poller.stop()
    poller.join(5)
    assert seen == ["fdtui"]


def test_what_the_machine_refuses_is_told_once_and_looking_goes_on() -> None:
    told: list[str] = []
    seen: list[object] = []
    twice_seen = threading.Event()

    def look(cancelled: Callable[[], bool]) -> object:
        looks.append(1)
        if len(looks) in (2, 3):
            raise OSError(errno.EMFILE, "no room")
        return len(looks)

    def deliver(job: Job, result: object) -> None:
        seen.append(result)
        if len(seen) == 2:
            twice_seen.set()

    looks: list[int] = []
    poller = Poller(deliver, lambda e: told.append(str(e)), seen.append, period=0.01)
    poller.set_job(look)
    poller.start()
    assert twice_seen.wait(5)
    poller.stop()
    poller.join(5)
    assert seen[:2] == [1, 4]
    assert told == ["look: Too many open files (EMFILE)"]
