"""Numbers on the command line that are none, too long, negative or wrapped around."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import tempfile

import pytest

from tests.test_cli import run

DIGITS = "9" * 5000  # int() refuses more than 4300


@pytest.mark.parametrize("number", ["²", "٣", DIGITS, "1_0", "+1", "-1", " 1", ""])
@pytest.mark.parametrize(
    "words", ["cat {}:1", "cat 1:{}", "act {}:1", "act 1:{}", "run {}:1 -- true", "ls -p {}"]
)
def test_what_is_no_number_is_wrong_usage(words: str, number: str) -> None:
    done = run(*(word.replace("{}", number) for word in words.split()))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("wrap", [1 << 32, 1 << 64])
@pytest.mark.parametrize("words", [["cat"], ["act"], ["cat", "--via", "injection"]])
def test_a_number_beyond_an_int_is_no_other_descriptor(words: list[str], wrap: int) -> None:
    with tempfile.TemporaryFile() as file:
        os.write(file.fileno(), b"of another number")
        command, *options = words
        done = run(command, *options, f"{os.getpid()}:{file.fileno() + wrap}")
    assert done.returncode == 2
    assert not done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["act", "{pid}:{fd}", "seek", DIGITS, "--yes"],
        ["cat", "{pid}:{fd}", "--offset", "1_0"],
        ["cat", "{pid}:{fd}", "--offset", "٣"],
        ["cat", "{pid}:{fd}", "--length", DIGITS],
        ["send", DIGITS],
        ["send", "٣"],
        ["helper", "--pid", "-1"],
    ],
    ids=lambda words: words[0],
)
def test_words_that_are_no_numbers_are_wrong_usage(words: list[str]) -> None:
    with tempfile.TemporaryFile() as file:
        names = {"pid": os.getpid(), "fd": file.fileno()}
        done = run(*(word.format(**names) for word in words))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("query", ["²", "ino:²", f"ino:{'9' * 99}", f"pipe:{'9' * 99}", "٣", ":٣"])
def test_who_has_what_is_no_number_is_nobody(query: str) -> None:
    done = run("who", query)
    assert done.returncode == 1
    assert "nobody has" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("query", [DIGITS, f"ino:{DIGITS}", f"pipe:[{DIGITS}]"])
def test_a_question_longer_than_a_name_can_be_is_refused(query: str) -> None:
    done = run("who", query)
    assert done.returncode == 1
    assert "(ENAMETOOLONG)" in done.stderr


def test_the_helper_is_told_whom_it_serves_and_where() -> None:
    words = shlex.split(run("helper", "--pid", "812", "--connect", "/run/x", "--unsafe").stdout)
    assert words[-3:] == ["812", "/run/x", "unsafe"]


def test_nobody_has_port_zero() -> None:
    with socket.create_server(("127.0.0.1", 0)):  # its other end has none
        done = run("who", ":0")
    assert done.returncode == 1
    assert "nobody has :0" in done.stderr


def test_a_pipe_cannot_be_resized_by_what_a_long_leaves() -> None:
    reading, writing = os.pipe()
    child = subprocess.Popen(["sleep", "60"], stdin=reading)
    try:
        done = run("act", f"{child.pid}:0", "pipe-size", str((1 << 32) + 1), "--yes")
        assert done.returncode in (1, 2)
        assert "resized" not in done.stdout
    finally:
        os.close(writing)
        os.close(reading)
        child.kill()
        child.wait()
