"""fdtui on a real terminal: start, drill, steal, view, resize, and every way out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.puppets import Puppet, hangfs
from tests.terminal import Terminal

WRITER = """
import os, sys, time
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT, 0o600)
for number in range(1_000_000):
    os.write(fd, b"line %d of the log\\n" % number)
    sys.stdin.readline()
"""


class Writer:
    """A job with a log: each call of `write` appends a line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE
        )
        deadline = time.monotonic() + 10
        while not (path.exists() and path.stat().st_size):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def fd(self) -> int:
        base = Path(f"/proc/{self.pid}/fd")
        return next(int(n) for n in os.listdir(base) if os.readlink(base / n) == str(self.path))

    def write(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdin is not None
        self.process.stdin.close()


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    job = Writer(tmp_path / "access.log")
    yield job
    job.close()


def test_start_find_steal_view_and_watch_lines_arrive(writer: Writer) -> None:
    with Terminal([]) as term:
        term.wait_for("processes,")
        term.press("/", str(writer.path), "enter")
        term.wait_for("1 process")
        term.press("enter")
        term.wait_for(lambda text: "FLAGS" in text and "access.log" in text)
        info = Path(f"/proc/{writer.pid}/fdinfo/{writer.fd}")
        before = info.read_text()
        term.press("/", "access.log", "enter")
        term.wait_for("1 descriptor")
        term.press("s")
        term.wait_for("took fd")
        term.wait_for("Held 1")
        term.press("enter")
        term.wait_for("line 0 of the log")
        term.press("f")
        term.wait_for("following")
        writer.write()
        term.wait_for("line 1 of the log", 3)
        assert info.read_text().splitlines()[1:] == before.splitlines()[1:]
        term.resize(80, 24)
        term.wait_for(lambda text: "line 1 of the log" in text and len(text.split("\n")) == 24)
        term.press("q")
        assert term.wait_exit() == 0
        assert term.restored() == []
    writer.write()
    deadline = time.monotonic() + 5
    while b"line 2 of the log" not in writer.path.read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT], ids=lambda s: s.name
)
def test_a_signal_restores_the_terminal(number: signal.Signals) -> None:
    with Terminal([]) as term:
        term.wait_for("processes,")
        term.process.send_signal(number)
        assert term.wait_exit() == 128 + number
        assert term.restored() == []


def test_stop_and_continue() -> None:
    with Terminal([]) as term:
        term.wait_for("processes,")
        term.process.send_signal(signal.SIGTSTP)
        deadline = time.monotonic() + 5
        while "T (stopped)" not in Path(f"/proc/{term.process.pid}/status").read_text():
            assert time.monotonic() < deadline
            term.pump()
        term.process.send_signal(signal.SIGCONT)
        term.press("?")
        term.wait_for("cannot be looked into")
        term.press("escape")
        term.wait_for(lambda text: "cannot be looked into" not in text)
        term.press("q")
        assert term.wait_exit() == 0
        assert term.restored() == []


def test_a_terminal_that_vanishes_ends_fdtui_within_a_second() -> None:
    with Terminal([]) as term:
        term.wait_for("processes,")
        term.hang_up()
        assert term.wait_exit(1.5) != 0


def test_no_terminal_is_said_in_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fdtui"], input="", capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("fdtui: the screen needs a terminal")
    assert "Traceback" not in done.stderr


@pytest.mark.needs_root
def test_a_hung_file_system_delays_nothing_but_its_own_row(tmp_path: Path) -> None:
    """Reads of one file are never answered: keys go on, other files are seen, q quits at once."""
    with hangfs(tmp_path / "fuse") as mount, Puppet() as target:
        hung = target(f"os.open({str(mount / 'hang')!r}, os.O_RDONLY)")
        log = tmp_path / "other.log"
        log.write_text("all is well\n")
        fine = target(f"os.open({str(log)!r}, os.O_RDONLY)")
        with Terminal([str(target.target(hung).pid)]) as term:
            text = term.wait_for("other.log")
            rows = {line[2:6].strip(): line for line in text.split("\n")}
            assert rows[str(hung)].rstrip().endswith("/hang")
            term.press("/", "fuse/hang", "enter")
            term.wait_for("1 descriptor")
            term.press("enter")
            term.wait_for("64.0 KB")
            began = time.monotonic()
            term.press("?")
            term.wait_for("hex or text", 2)
            assert time.monotonic() - began < 1
            term.press("escape")
            term.wait_for("ETIMEDOUT", 10)
            term.press("escape")
            term.wait_for("FLAGS")
            term.press("escape")
            term.wait_for("other.log")
            term.press("/", "other.log", "enter")
            term.wait_for("/ other.log")
            term.wait_for("1 descriptor")
            term.press("enter")
            term.wait_for("all is well", 5)
            began = time.monotonic()
            term.press("q")
            assert term.wait_exit() == 0
            assert time.monotonic() - began < 1.5
            assert term.restored() == []
        assert fine


CRASH = """
import os
os.environ["TEXTUAL_SPEEDUPS"] = "0"
import sys
from fdtui.tui.run import run
from fdtui.tui.screens.processes import Processes
def action_tree(self):
    secret = "".join(map(chr, [83, 69, 67, 82, 69, 84]))
    raise RuntimeError("a defect")
Processes.action_tree = action_tree
sys.exit(run())
"""


def test_a_crash_restores_the_terminal_and_tells_no_values() -> None:
    with Terminal([], command=[sys.executable, "-c", CRASH]) as term:
        term.wait_for("processes,")
        term.press("t")
        assert term.wait_exit() == 1
        assert term.restored() == []
        assert b"RuntimeError: a defect" in term.raw
        assert b"this is a defect of fdtui" in term.raw
        assert b"SECRET" not in term.raw
