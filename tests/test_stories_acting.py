"""Doing something about it: each problem in no more keys than it may take, in the real program."""

from __future__ import annotations

import http.client
import os
import pty
import select
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fdtui.linux.procfs import ProcFs, parse_fdinfo, read_file
from tests.puppets import Puppet, until
from tests.stories import Story, idle, logging_shell, running, write_line

BIG = 192 << 20  # bytes: more than what else is deleted and open, so that it is the first row


def test_the_disk_is_full_and_du_shows_nothing(tmp_path: Path) -> None:
    """The deleted log becomes empty, and what is written next begins at its start."""
    log = tmp_path / "app.log"
    with logging_shell(log) as shell:
        write_line(shell, 1, log)
        with log.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, BIG)
        mine = Path(f"/proc/{shell.pid}/fd/1")
        log.unlink()
        assert mine.stat().st_blocks * 512 >= BIG
        with Story() as story:
            story.key("D")
            story.wait_for(lambda _: f" {shell.pid} " in story.selected)
            story.key("t")
            story.wait_for("y truncate and rewind")
            story.wait_for("are gone, for everybody and for good")
            story.wait_for("app.log")
            assert mine.stat().st_size == BIG, "nothing happens before the confirmation"
            story.key("y")
            story.wait_for("truncated fd 1")
            assert len(story.counted) <= 3
            assert mine.stat().st_blocks == 0
            assert shell.stdin is not None
            shell.stdin.write("2\n")
            shell.stdin.flush()
            until(lambda: mine.read_bytes() == b"line 2\n", what="no hole before the next line")
            story.press("escape")
            story.wait_for("COMMAND")  # back to where it was asked


def test_the_output_of_a_job_goes_to_another_file(tmp_path: Path) -> None:
    log, other = tmp_path / "log", tmp_path / "elsewhere"
    with logging_shell(log) as job:
        write_line(job, 1, log)
        with Story() as story:
            story.find_process(job.pid)
            story.counted.clear()
            story.key("w")
            story.word(str(other))  # right behind the key: not a letter of it is lost
            story.wait_for(lambda text: "fdtui-keepsake" in text and other.name in text)
            story.wait_for(f"fd 1 of sh {job.pid} is {log}")
            assert not other.exists(), "nothing happens before enter"
            story.key("enter")
            story.wait_for("redirected fd 1")
            assert len(story.counted) <= 3
        write_line(job, 2, other)
        assert log.read_text() == "line 1\n"


def test_a_line_that_is_left_redirects_nothing(tmp_path: Path) -> None:
    log, other = tmp_path / "log", tmp_path / "elsewhere"
    with logging_shell(log) as job, Story() as story:
        story.find_descriptor(job.pid, 1)
        story.press("w", "enter")
        story.wait_for("a path is needed")
        story.press(str(tmp_path / "no" / "such"), "enter")
        story.wait_for("ENOENT")
        story.wait_for(lambda _: "Redirect it in the target" not in story.text)
        story.press("w", str(other))
        story.wait_for("fdtui-keepsake")
        story.press("escape")
        story.wait_for(lambda _: "Redirect it in the target" not in story.text)
        story.wait_for("Held 0")
        write_line(job, 1, log)
        assert not other.exists()


SERVER = """
import http.server
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def _server(folder: Path) -> Iterator[tuple[int, int]]:
    """An HTTP server that serves one client at a time: pid and port."""
    told = folder / "port"
    with told.open("w") as out:
        program = [sys.executable, "-I", "-c", SERVER]
        with running(program, out=out, cwd=folder) as server:
            until(lambda: told.read_text().endswith("\n"))
            yield server.pid, int(told.read_text())


def test_one_stuck_connection_is_ended_and_the_server_lives(tmp_path: Path) -> None:
    with _server(tmp_path) as (pid, port):
        before = set(ProcFs().fds(pid))
        stuck = socket.create_connection(("127.0.0.1", port))
        stuck.send(b"GET / HTTP/1.0\r\n")
        until(lambda: set(ProcFs().fds(pid)) - before)
        (fd,) = set(ProcFs().fds(pid)) - before
        other = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        other.request("GET", "/")
        with Story() as story:
            story.find_descriptor(pid, fd)
            story.key("x")
            story.wait_for("Shut the connection down")
            story.key("h")
            story.wait_for("y shut the connection down")
            story.wait_for(f"connected to 127.0.0.1:{stuck.getsockname()[1]}")
            assert not select.select([stuck], [], [], 0)[0]
            story.key("y")
            story.wait_for("shut down both of fd")
            assert len(story.counted) <= 4
        assert other.getresponse().status == 200
        until(lambda: fd not in ProcFs().fds(pid), what="it closed the stuck one itself")
        other.close()
        stuck.close()


def test_a_terminal_that_a_crash_left_non_blocking() -> None:
    master, slave = pty.openpty()
    try:
        with running(idle(), stdin=slave) as shell:
            os.set_blocking(slave, False)
            with Story() as story:
                story.find_descriptor(shell.pid, 0)
                story.wait_for(lambda _: "·n···" in story.selected)
                story.wait_for("same description")  # whom it concerns is said in the pane
                story.key("b")
                story.wait_for("y set O_NONBLOCK off")
                story.wait_for("O_NONBLOCK on")
                assert not os.get_blocking(slave)
                story.key("y")
                story.wait_for("set O_NONBLOCK off for fd 0")
                assert len(story.counted) <= 3
            assert os.get_blocking(slave)
    finally:
        os.close(master)
        os.close(slave)


def test_another_program_serves_the_port_of_a_daemon(puppet: Puppet, tmp_path: Path) -> None:
    """The command accepts from the daemon's own listening socket; the daemon goes on."""
    program = tmp_path / "serve.py"
    program.write_text(
        "import socket\nsocket.socket(fileno=0).accept()[0].send(b'not the daemon')\n"
    )
    puppet("s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()")
    fd, port = puppet("[s.fileno(), s.getsockname()[1]]")
    with socket.create_connection(("127.0.0.1", port), 10) as client, Story() as story:
        story.find_descriptor(puppet.pid, fd)
        story.key("!")
        story.wait_for("shared with the target")
        story.word(f"{sys.executable} -I {program}")
        story.key("enter")
        story.wait_for("exit status 0, enter goes back")
        assert client.recv(100) == b"not the daemon"
        assert len(story.counted) <= 4
        story.press("enter")
        story.wait_for("TARGET")
    with socket.create_connection(("127.0.0.1", port), 10):
        assert puppet("s.accept()[1][0]") == "127.0.0.1"
    assert parse_fdinfo(read_file(f"/proc/{puppet.pid}/fdinfo/{fd}"))
