"""Calls that wait in the target: afterwards it goes on as if nothing was."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fdtui.acquire.injection import METHOD as INJECTION
from fdtui.acquire.injection import WORKERS, close_in_target, redirect_in_target
from fdtui.acquire.pidfd_getfd import METHOD as GETFD
from fdtui.errors import CallFailed
from fdtui.linux.procfs import ProcFs
from tests.puppets import Puppet, hangfs, until

pytestmark = [pytest.mark.needs_ptrace, pytest.mark.needs_root]
_GIVEN_UP = 2.0  # seconds for one call, Order.seconds


@pytest.fixture
def puppet() -> Iterator[Puppet]:
    with Puppet() as made:
        yield made
    WORKERS.close()


def call_under_way(pid: int) -> str:
    """The number of the system call that it waits in."""
    return Path(f"/proc/{pid}/syscall").read_text().split()[0]


def idle(puppet: Puppet) -> str:
    """Wait until it sleeps in its read(2), and return that call."""
    until(lambda: ProcFs().stat(puppet.pid).state == "S")
    return call_under_way(puppet.pid)


def lives_on(puppet: Puppet) -> bool:
    """Does it answer from the read(2) that it was taken out of?"""
    puppet.start("1 + 1")
    said: list[object] = []
    asking = threading.Thread(target=lambda: said.append(puppet.answer()), daemon=True)
    asking.start()
    asking.join(5)
    return said == [2]


def test_a_fifo_that_nobody_reads(puppet: Puppet, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    fd = puppet(f"os.open({str(tmp_path / 'file')!r}, os.O_RDWR | os.O_CREAT)")
    before, waits = puppet.fds(), idle(puppet)
    with GETFD.acquire(puppet.target(fd)) as held:
        with pytest.raises(CallFailed, match="openat waits in it") as refused:
            redirect_in_target(puppet.target(fd), str(tmp_path / "fifo"), held)
        assert "goes on as before" in refused.value.remedy
        until(lambda: call_under_way(puppet.pid) == waits)
    assert puppet.fds() == before
    assert lives_on(puppet)


def test_a_file_server_that_hangs_in_the_close(puppet: Puppet, tmp_path: Path) -> None:
    INJECTION.acquire(puppet.target(0)).close()  # starts what must not have to close that file
    with hangfs(tmp_path / "fuse") as folder:
        fd = puppet(f"os.open({str(folder / 'stuck')!r}, os.O_RDWR)")
        waits = idle(puppet)
        target = puppet.target(fd)
        held = GETFD.acquire(target)
        failed: list[CallFailed] = []

        def close() -> None:
            try:
                close_in_target(target, held)
            except CallFailed as error:
                failed.append(error)

        closing = threading.Thread(target=close, daemon=True)
        closing.start()
        until(lambda: fd not in puppet.fds(), what="it hangs in close(2)")
        # Beyond the patience for one call; there is no condition to see from outside.
        closing.join(_GIVEN_UP + 0.5)
        assert closing.is_alive()
    closing.join(5)  # the server is dead: everybody who waited is told
    assert [error.errno for error in failed] in ([errno.ENOTCONN], [errno.ECONNABORTED])
    held.let_go()
    until(lambda: call_under_way(puppet.pid) == waits)
    assert ProcFs().stat(puppet.pid).state == "S"
    assert lives_on(puppet)


def test_a_path_is_never_cut_short(puppet: Puppet, tmp_path: Path) -> None:
    """Cut short it would name another file, which is made if it is not there."""
    fd = puppet("os.dup(0)")
    path = f"{tmp_path}/" + "./" * 1725
    path += "f" * (3500 - len(path)) + "older"
    with GETFD.acquire(puppet.target(fd)) as held:
        for wrong, code in ((path, "ENAMETOOLONG"), (f"{tmp_path}/a\0b", "EINVAL")):
            with pytest.raises(CallFailed, match=code):
                redirect_in_target(puppet.target(fd), wrong, held)
    assert list(tmp_path.iterdir()) == []
    assert lives_on(puppet)
