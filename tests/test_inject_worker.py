"""The process that forks for injections: nobody takes from it what passes through."""

from __future__ import annotations

import pytest

from tests.other_user import NOBODY, run_as

_THIEF = """
import subprocess
from fdtui.acquire.base import Target
from fdtui.acquire.injection import METHOD, WORKERS
from fdtui.linux import syscalls
from fdtui.linux.procfs import ProcFs

with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as cat:
    METHOD.acquire(Target(cat.pid, ProcFs().start_time(cat.pid), 0)).close()
    cat.stdin.close()
worker = WORKERS._child.pid
try:
    syscalls.pidfd_getfd(syscalls.pidfd_open(worker), 0)
    print("stolen")
except PermissionError:
    print("refused")
limits = open(f"/proc/{worker}/limits").read().splitlines()
print(*next(line for line in limits if line.startswith("Max core file size")).split()[4:6])
WORKERS.close()
"""


@pytest.mark.needs_root
@pytest.mark.needs_ptrace
def test_its_own_user_steals_nothing_from_it_and_it_leaves_no_core() -> None:
    assert run_as(NOBODY, _THIEF) == "refused\n0 0\n"
