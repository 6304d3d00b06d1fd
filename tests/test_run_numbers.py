"""`fdtui run`: commands that are none, numbers at the limit, methods that cannot share."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator

import pytest

_LIMIT = 40


@pytest.fixture
def place() -> Iterator[str]:
    with open(__file__) as file:
        yield f"{os.getpid()}:{file.fileno()}"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """With room for numbers below `_LIMIT`."""
    return subprocess.run(
        [sys.executable, "-m", "fdtui", "run", *words],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (_LIMIT, _LIMIT)),
    )


@pytest.mark.parametrize("how", ["--shared", "--private"])
@pytest.mark.parametrize("numbers", [[39], [38, 39], [39, 3], [3, 4, 5], [0, 39]])
def test_every_number_below_the_limit_can_be_had(place: str, how: str, numbers: list[int]) -> None:
    wishes = [f"{place}={number}" for number in numbers]
    links = [f"/proc/self/fd/{number}" for number in numbers]
    done = run(how, *wishes, "--", "readlink", *links)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [__file__] * len(numbers)


@pytest.mark.parametrize("number", [40, 9_999_999])
def test_a_number_at_the_limit_is_refused_before_anything_starts(place: str, number: int) -> None:
    done = run(f"{place}={number}", "--", "echo", "started")
    assert done.returncode == 1
    assert not done.stdout
    assert done.stderr.splitlines()[-2].endswith("(EBADF)")
    assert f"dup2({number})" in done.stderr
    assert f"ulimit -n {number + 1}" in done.stderr


def test_a_command_without_a_name_is_not_found(place: str) -> None:
    done = run(place, "--", "")
    assert done.returncode == 127
    assert done.stderr.endswith("fdtui: exec(): No such file or directory (ENOENT)\n")


def test_what_opens_anew_cannot_share(place: str) -> None:
    done = run("--shared", "--via", "reopen", place, "--", "echo", "started")
    assert done.returncode == 1
    assert not done.stdout
    assert "reopen gives a private description" in done.stderr
