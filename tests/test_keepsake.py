"""What was there before a redirection, kept by a process of the user's own."""

from __future__ import annotations

import json
import os

import pytest

from tests.other_user import NOBODY, run_as

_KEEP = r"""
import json, os
from fdtui.acquire.base import Target
from fdtui.keeper import keepsake
from fdtui.linux.owned import OwnedFd
from fdtui.linux.procfs import ProcFs

me = os.getpid()
target = Target(me, ProcFs().start_time(me), 1)
with OwnedFd(os.memfd_create("before")) as before:
    os.write(before.fileno(), b"as it was")
    first = keepsake.keep(target, before, True, "/link")
    second = keepsake.keep(target, before, False, "/other")
with keepsake.recalled(target) as kept:
    told = [os.pread(kept.description.fileno(), 100, 0).decode(), kept.cloexec, kept.link]
    kept.restored()
print(json.dumps([first, second, told, keepsake.kept(target)]))
"""


@pytest.mark.needs_root
@pytest.mark.parametrize("uid", [0, NOBODY])
def test_it_is_kept_until_it_is_restored(uid: int) -> None:
    """Once nobody may look into it, its own files in /proc are root's: not to be written then."""
    assert os.geteuid() == 0
    assert json.loads(run_as(uid, _KEEP)) == [True, False, ["as it was", True, "/link"], False]
