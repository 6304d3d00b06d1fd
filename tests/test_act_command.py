"""The manners of fdtui act: it shows, asks, refuses, and touches only what it named."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from tests.acting import ACT, act
from tests.puppets import Puppet


def test_without_yes_and_without_a_terminal_nothing_happens(puppet: Puppet, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    fd = puppet(f"os.open({str(path)!r}, os.O_RDWR)")
    before = puppet.fdinfo(fd)
    for words, data in ((("truncate",), None), (("write", "-"), "x"), (("close",), None)):
        done = act(puppet.pid, fd, *words, data=data, yes=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert "nothing is changed without --yes" in done.stderr
    assert path.read_bytes() == b"content"
    assert puppet.fdinfo(fd) == before


@pytest.mark.parametrize(("answer", "content"), [("n", b"content"), ("y", b""), ("", b"content")])
def test_on_a_terminal_it_shows_and_asks(
    puppet: Puppet, tmp_path: Path, answer: str, content: bytes
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    fd = puppet(f"os.open({str(path)!r}, os.O_RDWR)")
    master, slave = pty.openpty()
    with subprocess.Popen(
        [*ACT, f"{puppet.pid}:{fd}", "truncate-rewind"],
        stdin=slave,
        stderr=slave,
        stdout=subprocess.PIPE,
        text=True,
    ) as asking:
        os.close(slave)
        shown = ""
        while "leaves it alone: " not in shown:
            shown += os.read(master, 4096).decode()
        assert path.read_bytes() == b"content"
        assert "7 bytes are gone, for everybody and for good." in shown
        assert f"regular {path}" in shown
        os.write(master, f"{answer}\n".encode())
        out, _ = asking.communicate(timeout=10)
        assert asking.returncode == (0 if answer == "y" else 1)
        assert out.startswith("truncated") == (answer == "y")
    os.close(master)
    assert path.read_bytes() == content


def test_what_changes_while_one_reads_the_question_cancels(puppet: Puppet, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    fd = puppet(f"os.open({str(path)!r}, os.O_RDWR)")
    master, slave = pty.openpty()
    with subprocess.Popen(
        [*ACT, f"{puppet.pid}:{fd}", "pwrite", "3", "TENT"],
        stdin=slave,
        stderr=slave,
        stdout=subprocess.PIPE,
        text=True,
    ) as asking:
        os.close(slave)
        shown = ""
        while "leaves it alone: " not in shown:
            shown += os.read(master, 4096).decode()
        puppet(f"os.pwrite({fd}, b'!', 6)")
        os.write(master, b"y\n")
        while "look at it and confirm again" not in shown:
            shown += os.read(master, 4096).decode()
        assert "changed since confirmed: the bytes at 0x3 = 3" in shown
        assert asking.wait(10) == 1
    os.close(master)
    assert path.read_bytes() == b"conten!"


def test_partial_success_says_how_many_bytes_went(puppet: Puppet) -> None:
    reader, writer = puppet("[*os.pipe()]")
    puppet(f"os.write({writer}, b'f' * 61440)")
    done = act(puppet.pid, writer, "write", "m" * 5000)
    assert done.returncode == 1
    assert "wrote 4,096 of 5,000 bytes" in done.stdout
    assert "(EAGAIN)" in done.stdout
    puppet(f"os.close({reader})")
    done = act(puppet.pid, writer, "write", "m")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nobody is left to read it (EPIPE)" in done.stderr


def test_wrong_words_are_2_and_what_fits_is_listed(puppet: Puppet) -> None:
    reader, _ = puppet("[*os.pipe()]")
    for words in (
        ("seek",),
        ("seek", "x"),
        ("drain", "x"),
        ("write", r"\q"),
        ("sockopt", "a", "1"),
    ):
        assert act(puppet.pid, reader, *words).returncode == 2
    unknown = act(puppet.pid, reader, "nonsense")
    assert (unknown.returncode, "there are truncate-rewind" in unknown.stderr) == (2, True)
    listed = act(puppet.pid, reader, yes=False).stdout
    assert "drain " in listed
    assert "write" not in listed
    helped = subprocess.run([*ACT, "--help"], capture_output=True, text=True, check=True)
    assert "truncate-rewind [append]" in helped.stdout


# Calls on the stolen descriptor that change nothing of it.
HARMLESS = {
    "fstat", "newfstatat", "statx", "close", "fcntl", "kcmp", "dup", "poll", "fgetxattr",
    "getpeername", "getsockname", "getsockopt", "pread64", "tee", "fstatfs", "ioctl",
}  # fmt: skip


@pytest.mark.needs_ptrace
@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        (("truncate-rewind",), {"ftruncate(0)", "lseek(0, SEEK_SET)"}),
        (("seek", "3"), {"lseek(3, SEEK_SET)"}),
        (("pwrite", "0", "ab"), {'pwrite64("ab", 2, 0)'}),
        (("append", "ab"), {'pwritev2([{iov_base="ab", iov_len=2}], 1, 0, RWF_APPEND)'}),
        (("set-append", "on"), {"fcntl(F_SETFL, O_RDWR|O_APPEND|O_LARGEFILE)"}),
        (("sync",), {"fsync()"}),
    ],
)
def test_no_call_on_the_descriptor_but_the_one_that_was_named(
    puppet: Puppet, tmp_path: Path, words: tuple[str, ...], allowed: set[str]
) -> None:
    path, trace = tmp_path / "file", tmp_path / "trace"
    path.write_bytes(b"content")
    fd = puppet(f"os.open({str(path)!r}, os.O_RDWR)")
    what = "trace=%desc,%network,pidfd_getfd,kcmp"
    strace = ["strace", "-f", "-o", str(trace), "-e", what]
    done = subprocess.run(
        [*strace, *ACT, f"{puppet.pid}:{fd}", *words, "--yes"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    numbers: set[int] = set()
    calls: set[str] = set()
    for line in trace.read_text().splitlines():
        match = re.match(r"\d+\s+(\w+)\((.*)\)\s+= (-?\d+)", line)
        if match is None:
            continue
        name, arguments, result = match.groups()
        first, _, rest = arguments.partition(", ")
        if name == "pidfd_getfd" and rest.startswith(f"{fd},"):
            numbers.add(int(result))
        elif first.isdigit() and int(first) in numbers:
            if name == "close":
                numbers.discard(int(first))
            elif name in ("dup", "fcntl") and ("F_DUPFD" in rest or name == "dup"):
                numbers.add(int(result))
            elif name not in HARMLESS or "F_SETFL" in rest:
                calls.add(f"{name}({rest})")
    assert calls == allowed
