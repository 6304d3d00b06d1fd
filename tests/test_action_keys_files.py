"""Actions by keys in the real program: files, what the target does itself, and leaving it alone."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from tests.keys import Keys
from tests.puppets import Puppet, until
from tests.test_act_stories import log_line, logging_shell

TEXT = b"0123456789" * 1000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "data"
    path.write_bytes(TEXT)
    return path


@pytest.fixture
def fd(puppet: Puppet, path: Path) -> int:
    number: int = puppet(f"os.open({str(path)!r}, os.O_RDWR)")
    puppet(f"os.lseek({number}, 40, 0)")
    return number


def test_it_is_given_to_a_listener(puppet: Puppet, fd: int, tmp_path: Path) -> None:
    place = os.fspath(tmp_path / "s")
    with closing(socket.socket(socket.AF_UNIX)) as listener, Keys(puppet.pid) as keys:
        listener.bind(place)
        keys.menu(fd)
        keys.press("g")
        keys.below("give SOCKET")
        keys.press(place + "-not", "enter")
        keys.wait_for("No such file or directory (ENOENT)")
        keys.press(*["\x7f"] * 4)
        keys.wait_for(lambda text: text.splitlines()[-1].startswith(f" give SOCKET {place} "))
        keys.press("enter")
        shown = keys.wait_for("leave it alone")
        assert "the target and its sharers have it   9.8 KB   offset 40" in shown
        listener.listen()
        listener.settimeout(10)
        keys.do(f"gave fd {fd}")
        receiver, _ = listener.accept()
        with closing(receiver):
            _, (got,), _, _ = socket.recv_fds(receiver, 1, 1)
        assert os.pread(got, 3, 5) == b"567"
        os.lseek(got, 7, os.SEEK_SET)
        assert puppet.fdinfo(fd).pos == 7, "one description"
        os.close(got)
        log = keys.log(3)
    assert f"to {place} (pid {os.getpid()}, uid {os.geteuid()})" in log[1]
    assert log[2] == "undo        none: only the receiver can close it"


def test_a_hole_is_punched_and_the_file_synced(puppet: Puppet, fd: int, path: Path) -> None:
    with Keys(puppet.pid) as keys:
        shown = keys.choose(fd, "p", ("punch OFFSET", "4K"), ("punch 4K LENGTH", "4K"))
        assert "9.8 KB   12.0 KB of blocks   offset 40" in shown
        assert "zeros from 4,096 to 8,192" in shown
        assert path.read_bytes() == TEXT
        keys.do("punched 4.0 KB")
        assert path.read_bytes() == TEXT[:4096] + bytes(4096) + TEXT[8192:]
        assert path.stat().st_blocks == 16
        assert "offset 40" in keys.choose(fd, "f")
        keys.do("synced 9.8 KB")
        assert puppet.fdinfo(fd).pos == 40
        log = keys.log(5)
    assert log[1].endswith("4.0 KB, 4.0 KB freed")
    assert log[2] == "undo        none: the bytes are gone"
    assert log[-2].split()[0] == "synced"
    assert log[-1] == "undo        none needed"


@pytest.mark.needs_ptrace
def test_the_output_of_a_shell_is_redirected_and_restored(tmp_path: Path) -> None:
    log, other = tmp_path / "log", tmp_path / "other"
    with logging_shell(log) as shell, Keys(shell.pid) as keys:
        log_line(shell, log, 1)
        shown = keys.choose(1, ">", ("redirect TO", str(other)))
        assert f"fd 1 of sh {shell.pid} is {log}" in shown
        assert "fdtui-keepsake" in shown
        keys.do("redirected fd 1")
        log_line(shell, other, 2)
        shown = keys.choose(1, "<")
        assert f"it is {log} again" in shown
        keys.do("restored fd 1")
        log_line(shell, log, 3)
        assert log.read_text() == "line 1\nline 3\n"
        assert other.read_text() == "line 2\n"
        lines = keys.log(8)
        assert f"undo        fdtui act {shell.pid}:1 restore" in lines
        assert f"undo        fdtui act {shell.pid}:1 redirect {other}" in lines
        assert [line.split()[0] for line in lines[:3]] == ["took", "redirected", "undo"]
        # As a pipe into a command; the screen's way back is the log's undo.
        keys.press("L", "escape")
        keys.wait_for("FD  KIND")
        piped = tmp_path / "piped"
        keys.choose(1, ">", ("redirect TO", f"|sed s/line/LINE/ >{piped}"))
        keys.do("redirected fd 1")
        assert shell.stdin is not None
        shell.stdin.write("4\n")
        shell.stdin.flush()
        keys.choose(1, "<")
        keys.do("restored fd 1")
        until(lambda: piped.exists() and piped.read_text() == "LINE 4\n")


@pytest.mark.needs_ptrace
def test_a_target_of_many_threads_is_redirected_and_closes(
    puppet: Puppet, fd: int, path: Path, tmp_path: Path
) -> None:
    puppet("stop = threading.Event(); done = []")
    puppet(f"work = lambda: [done.append(os.pread({fd}, 1, 0)) for _ in iter(stop.is_set, True)]")
    puppet("threads = [threading.Thread(target=work) for _ in range(4)]")
    puppet("[thread.start() for thread in threads]")
    other = tmp_path / "other"
    other.write_bytes(b"other")
    with Keys(puppet.pid) as keys:
        keys.choose(fd, ">", ("redirect TO", str(other)))
        keys.do(f"redirected fd {fd}")
        assert puppet(f"os.pread({fd}, 5, 0)") == "other"
        keys.choose(fd, "<")
        keys.do(f"restored fd {fd}")
        assert (puppet(f"os.pread({fd}, 3, 0)"), puppet.fdinfo(fd).pos) == ("012", 40)
        puppet("stop.set(); [thread.join() for thread in threads]")
        assert puppet("{*map(bytes.decode, done)} == {'0', 'o'}"), "and no call failed"
        shown = keys.choose(fd, "C")
        assert "the target stands still for a moment" in shown
        keys.do(f"closed fd {fd}")
        assert fd not in puppet.fds()
        log = keys.log(9)
    assert "undo        none: the target may have reused the number" in log
    assert path.read_bytes() == TEXT


@pytest.mark.parametrize("key", ["escape", "n", "enter"])
def test_whoever_does_not_confirm_changes_nothing(
    puppet: Puppet, fd: int, path: Path, key: str
) -> None:
    before = puppet.fdinfo(fd)
    with Keys(puppet.pid) as keys:
        for entry, asked in (
            ("t", ()),
            ("p", (("punch OFFSET", "0"), ("punch 0 LENGTH", "4K"))),
            ("C", ()),
        ):
            keys.choose(fd, entry, *asked)
            keys.press(key)
            if key == "n":  # no answer, and none that was not meant
                keys.press("escape")
            keys.wait_for(lambda text: "leave it alone" not in text and "Held 0" in text)
        log = keys.log(6)
    assert [line.split()[0] for line in log] == ["took", "released"] * 3
    assert (puppet.fdinfo(fd), path.read_bytes()) == (before, TEXT)


def test_another_description_behind_the_number_cancels(
    puppet: Puppet, fd: int, path: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"precious")
    with Keys(puppet.pid) as keys:
        keys.choose(fd, "t")
        puppet(f"os.dup2(os.open({str(other)!r}, os.O_RDWR), {fd})")
        keys.press("y")
        shown = keys.wait_for("changed since confirmed")
        assert "was open is closed; nothing was done" in shown
        assert "not by the target any more" in keys.wait_for("shared by")
        assert (path.read_bytes(), other.read_bytes()) == (TEXT, b"precious")
        keys.press("escape")
        keys.wait_for("Held 0")
        log = keys.log(2)
    assert any("changed since confirmed" in line for line in log), log
    assert (path.read_bytes(), other.read_bytes()) == (TEXT, b"precious")


def test_it_runs_a_command_that_inherits_it(puppet: Puppet, fd: int, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with Keys(puppet.pid) as keys:
        keys.select(fd)
        keys.press("!")
        keys.wait_for("private: opened anew")
        keys.press("\t")
        keys.wait_for("shared with the target")
        keys.press(f"dd bs=10 count=1 of={out}", "enter")
        keys.wait_for("exit status 0")
        keys.press("enter")
        keys.wait_for("FD  KIND")
        log = keys.log(1)
    assert (out.read_bytes(), puppet.fdinfo(fd).pos) == (TEXT[40:50], 50)
    assert "".join(log).startswith(f"ran         fdtui run --shared {puppet.pid}:{fd}=0")
