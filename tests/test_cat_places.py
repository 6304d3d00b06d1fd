"""`fdtui cat`: offsets in queues, methods there are not, sockets found by their link."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_cli import run

SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33  # socket(7), for root


@pytest.fixture
def pipe() -> Iterator[str]:
    reading, writing = os.pipe()
    os.write(writing, b"queued bytes")
    yield f"{os.getpid()}:{reading}"
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--offset=-5"], "bytes"),
        (["--offset=-5", "--length", "2"], "by"),
        (["--offset=-99"], "queued bytes"),
        (["--offset", "7"], "bytes"),
        (["--offset", "99"], ""),
    ],
)
def test_an_offset_in_a_queue(pipe: str, options: list[str], expected: str) -> None:
    done = run("cat", pipe, *options)
    assert done.returncode == 0, done.stderr
    assert done.stdout == expected


def test_a_queue_has_no_offset_of_its_own(pipe: str) -> None:
    done = run("cat", pipe, "--offset", "@")
    assert done.returncode == 1
    assert not done.stdout
    assert "no offset" in done.stderr


@pytest.mark.parametrize("command", ["cat", "act", "run"])
def test_a_method_there_is_not_is_wrong_usage(pipe: str, command: str) -> None:
    done = run(command, "--via", "nonsense", pipe, *(["--", "true"] if command == "run" else []))
    assert done.returncode == 2
    assert "no method is called nonsense" in done.stderr


def test_a_full_table_is_told_with_what_helps(pipe: str) -> None:
    line = f'ulimit -n 7; exec "$0" -m fdtui cat {pipe} --via helper'
    done = subprocess.run(
        ["/bin/sh", "-c", line, sys.executable], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    told, remedy = done.stderr.splitlines()
    assert told.endswith("fdtui's own table is full (RLIMIT_NOFILE 7) (EMFILE)")
    assert "ulimit -n 7" not in remedy


@pytest.mark.parametrize("option", ["--offset", "--length"])
def test_more_than_memory_is_not_asked_for(option: str) -> None:
    one, other = socket.socketpair()
    with one, other:
        other.send(b"queued")
        done = run("cat", f"{os.getpid()}:{one.fileno()}", option, "8000000T")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ("queued" if option == "--length" else "")


def test_all_that_is_queued_is_printed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
        with socket.create_connection(server.getsockname()) as ours, server.accept()[0] as theirs:
            ours.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 8 << 20)
            ours.sendall(b"x" * (3 << 20))
            deadline = time.monotonic() + 10
            while fcntl.ioctl(theirs, termios.FIONREAD, b"0000") != (3 << 20).to_bytes(4, "little"):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            done = run("cat", f"{os.getpid()}:{theirs.fileno()}")
    assert len(done.stdout) == 3 << 20


@pytest.mark.parametrize("words", ["who ./x", "act {place} redirect x --yes"])
def test_a_working_directory_that_is_gone_is_told(pipe: str, words: str) -> None:
    line = f'mkdir "$1/gone"; cd "$1/gone"; rmdir "$1/gone"; exec "$0" -m fdtui {words}'
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["/bin/sh", "-c", line.format(place=pipe), sys.executable, folder],
            capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": os.getcwd()},
        )  # fmt: skip
    assert done.returncode == 1
    assert "fdtui: getcwd: the working directory has been removed (ENOENT)" in done.stderr


@pytest.mark.parametrize("redirection", ["<&-", "0>/dev/null"])
def test_an_input_that_cannot_be_read_is_told(pipe: str, redirection: str) -> None:
    line = f'exec "$0" -m fdtui act {pipe} write - --yes {redirection}'
    done = subprocess.run(
        ["/bin/sh", "-c", line, sys.executable], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("fdtui: read(stdin): ")


@pytest.mark.parametrize("action", ["give", "redirect"])
def test_an_empty_path_is_not_the_working_directory(pipe: str, action: str) -> None:
    done = run("act", pipe, action, "", "--yes")
    assert done.returncode == 2
    assert "an empty name" in done.stderr


def test_following_ends_with_its_reader() -> None:
    with tempfile.TemporaryFile() as file:
        os.write(file.fileno(), b"all there is")
        child = subprocess.Popen(
            [sys.executable, "-m", "fdtui", "cat", "-f", f"{os.getpid()}:{file.fileno()}"],
            stdout=subprocess.PIPE,
        )
        with child:
            assert child.stdout is not None
            assert child.stdout.read(12) == b"all there is"
            child.stdout.close()
            assert child.wait(10) == 128 + 13


def _sleeps(pid: int) -> bool:
    """Is the child that copies asleep?"""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    states = [Path(f"/proc/{one}/stat").read_text().rpartition(") ")[2][0] for one in children]
    return states == ["S"]


def test_an_offset_past_the_end_is_waited_for() -> None:
    with tempfile.TemporaryFile() as file:
        os.write(file.fileno(), b"12345")
        place = f"{os.getpid()}:{file.fileno()}"
        child = subprocess.Popen(
            [sys.executable, "-m", "fdtui", "cat", "-f", "--offset", "7", "--length", "2", place],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        deadline = time.monotonic() + 10
        while not _sleeps(child.pid):  # it has looked, and waits
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.write(file.fileno(), b"6789")
        told, errors = child.communicate(timeout=10)
    assert (told, errors) == (b"89", b"")


def test_who_is_asked_by_the_link_of_a_socket() -> None:
    one, other = socket.socketpair()
    with one, other:
        done = run("who", f"/proc/{os.getpid()}/fd/{one.fileno()}")
    assert str(os.getpid()) in done.stdout, done.stderr


def test_who_knows_a_long_name_that_is_not_of_ascii() -> None:
    name = "é" * 9  # 18 bytes, of which comm keeps 15: a half of the last
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy("/bin/sleep", f"{folder}/{name}")
        with subprocess.Popen([f"{folder}/{name}", "60"]) as child:
            try:
                done = run("who", name)
            finally:
                child.kill()
    assert f"{child.pid} " in done.stdout, done.stderr
