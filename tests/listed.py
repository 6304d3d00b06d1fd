"""Running `fdtui ls` as a command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

Row = dict[str, Any]


def ls(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fdtui", "ls", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **more},
    )


def rows(*arguments: str) -> list[Row]:
    done = ls("--jsonl", *arguments)
    assert done.returncode in (0, 3), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def by_target(found: list[Row], ending: str) -> Row:
    return next(row for row in found if str(row["target"]).endswith(ending))
