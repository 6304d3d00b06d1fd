"""All checks in one command: format, lint, types, layers, tests.  The pytest summary comes last."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

CHECKS: tuple[tuple[str, list[str | Path]], ...] = (
    ("format", [BIN / "ruff", "format", "--check", "fdtui", "tests"]),
    ("lint", [BIN / "ruff", "check", "fdtui", "tests"]),
    ("types", [BIN / "mypy"]),
    ("layers", [BIN / "lint-imports"]),
    ("tests", [sys.executable, "-m", "pytest", "-q", *sys.argv[1:]]),
)


def run(command: Sequence[str | Path], environment: Mapping[str, str]) -> int:
    """Run one check; return its exit status."""
    return subprocess.run(
        list(map(str, command)), cwd=ROOT, env=environment, check=False
    ).returncode


def main() -> int:
    """Run every check, also after one failed; the exit status is 1 if any did."""
    # The screens of the tests must not depend on the terminal the tests are started from.
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    failed = []
    for name, command in CHECKS:
        print(f"== {name}", flush=True)
        status = run(command, environment)
        if status and name == "tests":
            # Live processes race with whatever else runs.  What fails twice in a row has failed;
            # what passes now stays named above, for somebody to look at.
            print("== tests that failed, once more", flush=True)
            again = ["--last-failed", "--last-failed-no-failures", "none"]
            status = run([*command, *again], environment)
        if status:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
