"""Outputs that are full, limited, shared without blocking, or gone."""

from __future__ import annotations

import fcntl
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

FDTUI = shlex.join([sys.executable, "-m", "fdtui"])


def shell(
    line: str, unbuffered: bool = False, **environment: str
) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **environment}
    env.pop("PYTHONUNBUFFERED", None)
    if unbuffered:
        env["PYTHONUNBUFFERED"] = "1"
    return subprocess.run(
        ["/bin/bash", "-c", line.replace("fdtui", FDTUI)],
        capture_output=True,
        text=True,
        check=False,
        env=env,
        stdin=subprocess.DEVNULL,
        timeout=30,
    )


@pytest.mark.parametrize("unbuffered", [False, True])
@pytest.mark.parametrize("words", ["ls", "ls --jsonl", "ls --tree", "who /usr/lib", "helper"])
def test_an_output_that_takes_a_part_is_told(words: str, unbuffered: bool, tmp_path: Path) -> None:
    done = shell(f"ulimit -f 1; fdtui {words} > {tmp_path}/out", unbuffered)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "fdtui: write(stdout): File too large (EFBIG)"


@pytest.mark.parametrize("unbuffered", [False, True])
def test_bytes_that_are_cut_short_are_told(unbuffered: bool, tmp_path: Path) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"x" * 3000)
        file.flush()
        place = f"{os.getpid()}:{file.fileno()}"
        done = shell(f"ulimit -f 1; fdtui cat {place} --length 2K > {tmp_path}/out", unbuffered)
    assert done.returncode == 1
    assert done.stderr == "fdtui: write(stdout): File too large (EFBIG)\n"


@pytest.mark.parametrize("unbuffered", [False, True])
def test_a_pipe_without_blocking_gets_everything(unbuffered: bool) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"x" * (1 << 20))
        file.flush()
        reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETFL, fcntl.fcntl(writing, fcntl.F_GETFL) | os.O_NONBLOCK)
        env = {**os.environ, "PYTHONUNBUFFERED": "1" if unbuffered else ""}
        child = subprocess.Popen(
            [*shlex.split(FDTUI), "cat", f"{os.getpid()}:{file.fileno()}"],
            stdout=writing, env=env,
        )  # fmt: skip
        os.close(writing)
        with open(reading, "rb") as output:
            assert len(output.read()) == 1 << 20
        assert child.wait() == 0


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("ls --no-such-option", 2),
        ("who no-such-name", 1),
        ("act {place} write", 2),
        ("cat {place}0000", 1),
        ("run {place}=9 -- sh -c 'exit 77'", 77),
        ("run {place}=9 -- no-such-command", 127),
    ],
)
def test_the_exit_status_does_not_depend_on_who_reads_stderr(words: str, status: int) -> None:
    with open(__file__) as file:
        line = words.format(place=f"{os.getpid()}:{file.fileno()}")
        assert shell(f"fdtui {line} 2>/dev/full").returncode == status
        assert shell(f"fdtui {line} 2>&-").returncode == status


@pytest.mark.parametrize("words", ["--help", "--version", "ls --help", "act --help"])
def test_help_that_cannot_be_printed_is_told(words: str) -> None:
    done = shell(f"fdtui {words} > /dev/full")
    assert done.returncode == 1
    assert done.stderr == "fdtui: write(stdout): No space left on device (ENOSPC)\n"


@pytest.mark.parametrize("words", ["helper", "helper --source"])
def test_the_helper_needs_an_output(words: str) -> None:
    done = shell(f"fdtui {words} >&-")
    assert done.returncode == 1
    assert "standard output is closed (EBADF)" in done.stderr
