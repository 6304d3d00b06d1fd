"""A chroot or container without /proc: told as what it is, by every command that needs it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "words",
    ["ls", "ls --engine bpf", "ls -p 1 --json", "who 80", "cat 1:0", "act 1:0", "run 1:0 -- true",
     "doctor"],
)  # fmt: skip
def test_a_missing_proc_is_told(words: str) -> None:
    fdtui = shlex.join([sys.executable, "-m", "fdtui"])
    done = subprocess.run(
        ["unshare", "-m", "/bin/sh", "-c", f"mount -t tmpfs none /proc; exec {fdtui} {words}"],
        capture_output=True, text=True, check=False, cwd=os.getcwd(), timeout=30,
    )  # fmt: skip
    assert done.returncode == 1
    assert not done.stdout
    told, remedy = done.stderr.splitlines()
    assert told == "fdtui: open(/proc/self/stat): /proc is not mounted (ENOENT)"
    assert remedy == "  mount -t proc proc /proc"
