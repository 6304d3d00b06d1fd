"""Peek where a look could be noticed: a terminal taken, an access time, a peek offset, an error."""

from __future__ import annotations

import errno
import os
import select
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fdtui.linux.owned import OwnedFd
from fdtui.linux.peek import SO_PEEK_OFF, Peek
from fdtui.linux.peek_socket import option, option_bytes, option_ints
from tests.puppets import until

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


def test_a_peek_leaves_the_offset_of_the_targets_own_peeks() -> None:
    one, other = socket.socketpair()
    with one, other, OwnedFd.duplicate_of(one.fileno()) as held:
        one.setsockopt(socket.SOL_SOCKET, SO_PEEK_OFF, 0)
        other.send(b"abcdef")
        assert Peek(held).msg_peek() is None
        assert one.recv(3, socket.MSG_PEEK) == b"abc"
        one.setsockopt(socket.SOL_SOCKET, SO_PEEK_OFF, -1)
        seen = Peek(held).msg_peek(3)
        assert seen is not None
        assert seen.data == b"abc"


def test_of_a_datagram_the_whole_length_is_told() -> None:
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with one, other, OwnedFd.duplicate_of(one.fileno()) as held:
        other.send(b"x" * 100)
        assert Peek(held).msg_peek(10) == (b"x" * 10, 100)
        assert one.recv(200) == b"x" * 100


@pytest.mark.parametrize(
    "ask",
    [
        lambda peek, pair: peek.getsockopt(*pair),
        lambda peek, pair: option_bytes(peek, pair[0], pair[1], 4),
        lambda peek, pair: option(peek, *pair),
        lambda peek, pair: option_ints(peek, [pair]),
    ],
    ids=["getsockopt", "option_bytes", "option", "option_ints"],
)
def test_a_pending_error_waits_for_the_target(
    ask: Callable[[Peek, tuple[int, int]], object],
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        address = free.getsockname()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(address)
        sock.send(b"refused: nobody is there")
        with OwnedFd.duplicate_of(sock.fileno()) as held:
            until(lambda: Peek(held).poll(0) & select.POLLERR)
            with pytest.raises(ValueError, match="clears it for the target"):
                ask(Peek(held), (socket.SOL_SOCKET, socket.SO_ERROR))
            assert Peek(held).msg_peek() is None
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED


def test_a_pending_error_in_front_of_data_is_left_there() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
        OwnedFd.duplicate_of(sock.fileno()) as held,
    ):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            sock.connect(other.getsockname())
            other.sendto(b"data", sock.getsockname())
        sock.send(b"refused: it is closed by now")
        until(lambda: Peek(held).poll(0) & select.POLLERR)
        assert Peek(held).queued() == 4
        assert Peek(held).msg_peek() is None
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED
        assert Peek(held).msg_peek() == (b"data", 4)
