"""A disk without room: what fdtui is started for must not be what stops it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("doctor", 0),
        ("doctor --json", 0),
        ("send --list", 0),
        ("cat {place} --via helper", 0),
        ("act {place} --via helper", 0),
        ("act {place} seek 0 --yes --via helper", 0),
    ],
)
def test_nothing_has_to_be_written_to_disk(words: str, status: int) -> None:
    with open(__file__) as file:
        place = f"{os.getpid()}:{file.fileno()}"
        line = f'ulimit -f 0; exec "$0" -m fdtui {words.format(place=place)} | cat'
        done = subprocess.run(
            ["/bin/bash", "-o", "pipefail", "-c", line, sys.executable],
            capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert done.returncode == status, done.stderr
