"""Peek where opening once more could wait, take a terminal, or move an access time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fdtui.linux.owned import OwnedFd
from fdtui.linux.peek import Peek

ROOT = Path(__file__).parent.parent

# As the keeper is: a session leader without a terminal, whose first one would become its own.
_LEADER = """
import os
from fdtui.acquire.base import Target
from fdtui.acquire.reopen import METHOD
from fdtui.linux.owned import OwnedFd
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import ProcFs
def terminal():
    return int(open("/proc/self/stat").read().rpartition(")")[2].split()[4])
_, slave = os.openpty()
held = OwnedFd(os.open(os.ttyname(slave), os.O_RDWR | os.O_NOCTTY))
me = os.getpid()
{deed}.close()
print(terminal())
os.open(os.ttyname(slave), os.O_RDWR)
print(terminal() > 0)
"""


@pytest.mark.parametrize(
    "deed",
    ["Peek(held).open_anew()", "METHOD.acquire(Target(me, ProcFs().start_time(me), slave))"],
    ids=["open_anew", "reopen"],
)
def test_a_terminal_that_is_opened_anew_becomes_nobodys(deed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LEADER.format(deed=deed)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        start_new_session=True,
        timeout=30,
    )
    assert (done.stdout, done.stderr) == ("0\nTrue\n", "")


def test_a_fifo_that_is_opened_anew_waits_for_no_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with OwnedFd(os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)) as held:
        Peek(held).open_anew().close()


@pytest.mark.parametrize("opened", [True, False], ids=["fdtui", "listdir"])
def test_listing_a_directory_leaves_its_access_time(tmp_path: Path, opened: bool) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "entry").touch()
    os.utime(folder, (1, 2))  # older than the change: relatime moves it, which the second one shows
    if opened:
        with OwnedFd(os.open(folder, os.O_RDONLY)) as held, Peek(held).open_directory() as mine:
            assert os.listdir(mine.fileno()) == ["entry"]
    else:
        os.listdir(folder)
    assert (folder.stat().st_atime == 1) is opened
