"""Where the kernel, or a filter around a container, lacks a call that is newer than Linux 5.6."""

from __future__ import annotations

import pytest

from tests.other_user import run_as
from tests.test_pidfd_getfd import SECCOMP

_KEEPER = """
import os
from fdtui.acquire.base import Target
from fdtui.keeper.client import start_keeper
from fdtui.linux.procfs import ProcFs

with open("/dev/null") as spare:
    os.set_inheritable(spare.fileno(), True)
    keeper = start_keeper()
    me = os.getpid()
    held = keeper.steal(Target(me, ProcFs().start_time(me), spare.fileno())).result(10)

    print(os.path.basename(held.entry.link), ProcFs().fd_count(keeper.pid))
    keeper.close()
"""


@pytest.mark.needs_root
@pytest.mark.parametrize("code", [1, 38], ids=["EPERM", "ENOSYS"])
def test_the_keeper_starts_without_close_range(code: int) -> None:
    usual = run_as(0, _KEEPER)
    assert usual.startswith("null ")
    assert run_as(0, f"{SECCOMP}refuse([436], {code})\n{_KEEPER}") == usual
