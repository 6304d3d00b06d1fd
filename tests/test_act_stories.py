"""fdtui act against the programs that people have these problems with."""

from __future__ import annotations

import http.client
import os
import pty
import re
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fdtui.linux.procfs import ProcFs
from tests.acting import ACT, act
from tests.puppets import Puppet, until


@contextmanager
def logging_shell(log: Path) -> Iterator[subprocess.Popen[str]]:
    """A `sh` that writes `line N` to a log for each line that it gets."""
    with (
        log.open("w") as out,
        subprocess.Popen(
            ["/bin/sh", "-c", "while read -r n; do echo line $n; done"],
            stdin=subprocess.PIPE,
            stdout=out,
            text=True,
        ) as shell,
    ):
        try:
            yield shell
        finally:
            shell.kill()


def log_line(shell: subprocess.Popen[str], log: Path, number: int) -> None:
    assert shell.stdin is not None
    shell.stdin.write(f"{number}\n")
    shell.stdin.flush()
    until(lambda: f"line {number}\n".encode() in log.read_bytes())


def test_a_log_starts_clean_without_a_hole(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with logging_shell(log) as shell:
        for number in range(1000, 3000):
            shell.stdin.write(f"{number}\n") if shell.stdin else None
        log_line(shell, log, 3000)
        size = log.stat().st_size
        assert size > 3 * 4096
        # What people do today: the next line lands where the offset still is.
        os.truncate(log, 0)
        log_line(shell, log, 3001)
        assert log.read_bytes() == bytes(size) + b"line 3001\n"
        assert log.stat().st_blocks * 512 < log.stat().st_size, "a hole"

        done = act(shell.pid, 1, "truncate-rewind")
        assert done.returncode == 0
        log_line(shell, log, 3002)
        assert log.read_bytes() == b"line 3002\n"
        assert log.stat().st_blocks * 512 >= log.stat().st_size
        assert re.fullmatch(
            rf"truncated fd 1 of sh {shell.pid} from 19\.6 KB to 0 bytes, its offset from "
            r"0x\w+ = [\d,]+ to 0\nundo: none: the bytes are gone\n",
            done.stdout,
        )

        # The variant that sticks: the next truncation by whomever leaves no hole.
        assert act(shell.pid, 1, "truncate-rewind", "append").returncode == 0
        log_line(shell, log, 3003)
        os.truncate(log, 0)
        log_line(shell, log, 3004)
        assert log.read_bytes() == b"line 3004\n"


SERVER = """
import http.server, sys
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
print(server.server_port, flush=True)
server.serve_forever()
"""


def test_a_stuck_client_is_cut_off_and_the_server_lives(tmp_path: Path) -> None:
    """The server serves one at a time, and this client sends half a request and no more."""
    with subprocess.Popen(
        [sys.executable, "-I", "-c", SERVER],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        before = ProcFs().fds(server.pid)
        stuck = socket.create_connection(("127.0.0.1", port))
        stuck.send(b"GET / HTTP/1.0\r\n")
        until(lambda: len(ProcFs().fds(server.pid)) > len(before))
        (fd,) = set(ProcFs().fds(server.pid)) - set(before)

        other = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        other.request("GET", "/")
        assert not select.select([other.sock], [], [], 0.3)[0], "it waits behind the stuck one"
        done = act(server.pid, fd, "shutdown", "both")
        assert done.returncode == 0
        assert f"shut down both of fd {fd}" in done.stdout
        assert other.getresponse().status == 200
        until(lambda: fd not in ProcFs().fds(server.pid), what="it closed the stuck one itself")
        assert server.poll() is None
        other.close()
        stuck.close()
        server.kill()


def test_the_lock_of_a_holder_that_hangs_is_released(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    # cat waits for ever; flock(1) keeps the locked descriptor open meanwhile.
    with subprocess.Popen(["flock", str(lock), "cat"], stdin=subprocess.PIPE) as holder:
        until(lambda: _taken(lock))
        (fd,) = (
            fd
            for fd in ProcFs().fds(holder.pid)
            if os.readlink(f"/proc/{holder.pid}/fd/{fd}") == str(lock)
        )
        done = act(holder.pid, fd, "unlock")
        assert "flock WRITE 0 to EOF" in done.stdout
        assert not _taken(lock)
        assert act(holder.pid, fd, "unlock").returncode == 1
        holder.communicate(timeout=10)


def _taken(lock: Path) -> bool:
    return subprocess.run(["flock", "-n", str(lock), "true"], check=False).returncode != 0


def test_a_line_is_put_into_a_running_pipeline(tmp_path: Path) -> None:
    log, out = tmp_path / "log", tmp_path / "out"
    log.write_text("first\n")
    with (
        out.open("w") as file,
        subprocess.Popen(["tail", "-f", str(log)], stdout=subprocess.PIPE) as tail,
        subprocess.Popen(["sed", "-u", "s/^/sed: /"], stdin=tail.stdout, stdout=file) as sed,
    ):
        assert tail.stdout is not None
        tail.stdout.close()
        until(lambda: out.read_text() == "sed: first\n")
        assert act(tail.pid, 1, "write", r"injected\n").returncode == 0
        until(lambda: out.read_text() == "sed: first\nsed: injected\n")
        assert act(tail.pid, 1, "write", "-", data="by stdin\n").returncode == 0
        until(lambda: out.read_text().endswith("sed: by stdin\n"))
        tail.kill()
        sed.wait(10)


def test_a_terminal_that_a_crash_left_non_blocking_works_again() -> None:
    """`Resource temporarily unavailable` in a shell whose terminal is shared with the crashed."""
    master, slave = pty.openpty()
    try:
        with subprocess.Popen(
            [sys.executable, "-I", "-c", "import time; print('up', flush=True); time.sleep(99)"],
            stdin=slave,
            stdout=subprocess.PIPE,
        ) as shell:
            assert shell.stdout is not None
            shell.stdout.readline()
            crash = "import os; os.set_blocking(0, False)"
            subprocess.run([sys.executable, "-I", "-c", crash], stdin=slave, check=True)
            cat = subprocess.run(
                ["cat"], stdin=slave, capture_output=True, text=True, check=False, timeout=10
            )
            assert "Resource temporarily unavailable" in cat.stderr
            done = act(shell.pid, 0, "set-nonblock", "off")
            assert done.stdout == (
                f"set O_NONBLOCK off for fd 0 of {_comm(shell.pid)} {shell.pid}\n"
                f"undo: fdtui act {shell.pid}:0 set-nonblock on\n"
            )
            with subprocess.Popen(["cat"], stdin=slave, stdout=subprocess.PIPE, text=True) as again:
                os.write(master, b"it waits and reads\n")
                assert again.stdout is not None
                assert again.stdout.readline() == "it waits and reads\n"
                again.kill()
            shell.kill()
    finally:
        os.close(master)
        os.close(slave)


def _comm(pid: int) -> str:
    return ProcFs().stat(pid).comm


RECEIVER = """
import array, os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
print("listening", flush=True)
sock, _ = listener.accept()
data, ancillary, _, _ = sock.recvmsg(16, socket.CMSG_LEN(4))
fd = array.array("i", ancillary[0][2])[0]
print(os.pread(fd, 5, 0).decode(), os.lseek(fd, 0, 1))
"""


def test_a_plain_receiver_of_ten_lines_gets_the_descriptor(
    puppet: Puppet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"hello world")
    fd = puppet(f"os.open({str(path)!r}, os.O_RDONLY)")
    puppet(f"os.lseek({fd}, 7, 0)")
    with subprocess.Popen(
        [sys.executable, "-I", "-c", RECEIVER, str(tmp_path / "s")],
        stdout=subprocess.PIPE,
        text=True,
    ) as receiver:
        assert receiver.stdout is not None
        receiver.stdout.readline()
        done = subprocess.run(
            [*ACT, f"{puppet.pid}:{fd}", "give", "s", "--yes"],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
            timeout=30,
            check=False,
        )
        assert f"(pid {receiver.pid}, uid {os.geteuid()})" in done.stdout, done.stderr
        assert receiver.stdout.read() == "hello 7\n"
        receiver.wait(10)


def test_the_output_of_a_shell_is_led_elsewhere_and_back(tmp_path: Path) -> None:
    log, other = tmp_path / "log", tmp_path / "other"
    with logging_shell(log) as shell:
        log_line(shell, log, 1)
        done = act(shell.pid, 1, "redirect", str(other))
        assert f"undo: fdtui act {shell.pid}:1 restore\n" in done.stdout, done.stderr
        log_line(shell, other, 2)
        assert act(shell.pid, 1, "restore").returncode == 0
        log_line(shell, log, 3)
        assert log.read_text() == "line 1\nline 3\n"
        done = act(shell.pid, 0, "close")
        assert done.stdout.startswith("closed fd 0 of sh")
        shell.communicate("more", 10)
        assert shell.returncode == 0


def test_undo_is_a_command_that_works(puppet: Puppet, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\x00\xff \\'x")
    fd = puppet(f"os.open({str(path)!r}, os.O_RDWR)")
    done = act(puppet.pid, fd, "pwrite", "0", "abcdef")
    assert path.read_bytes() == b"abcdef"
    (command,) = re.findall(r"undo: fdtui (act .*?)(?:  \(.*\))?\n", done.stdout)
    subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m fdtui {command} --yes"],
        check=True,
        capture_output=True,
        timeout=30,
    )
    assert path.read_bytes() == b"\x00\xff \\'x"
