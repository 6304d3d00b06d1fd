"""Open anew: a private description, nothing that the target could notice, and of the file meant."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fdtui.acquire import chain, reopen
from fdtui.acquire.base import Target
from fdtui.acquire.identity import Identity, same_description
from fdtui.acquire.pidfd_getfd import Gone
from fdtui.acquire.reopen import METHOD as REOPEN
from fdtui.errors import CallFailed, FdtuiError
from tests.puppets import Puppet


@pytest.fixture
def puppet() -> Iterator[Puppet]:
    with Puppet() as made:
        made(f"file = os.open({__file__!r}, os.O_RDONLY); os.lseek(file, 100, 0)")
        made("a, b = socket.socketpair(); r, w = os.pipe()")
        yield made


def own_descriptors() -> list[str]:
    return sorted(os.listdir("/proc/self/fd"))


def test_reopen_is_private(puppet: Puppet) -> None:
    target = puppet.target(puppet("file"))
    assert REOPEN.check(target).state == "works"
    acquired = chain.acquire(target, "reopen")
    with acquired.fd as mine:
        assert acquired.verified is True
        assert not same_description(mine, *target[::2])
        assert os.lseek(mine.fileno(), 0, os.SEEK_CUR) == 0
        assert os.read(mine.fileno(), 3) == b'"""'
    assert puppet("os.lseek(file, 0, os.SEEK_CUR)") == 100


@pytest.mark.parametrize(
    ("opened", "state", "why"),
    [
        ("a.fileno()", "never", "socket"),
        ("os.eventfd(0)", "never", "anonymous inode"),
        ("os.open('/dev/ptmx', os.O_RDWR | os.O_NOCTTY)", "never", "another terminal"),
        ("os.open('/dev/fuse', os.O_RDWR)", "never", "can act on it"),
        ("os.open('/dev/loop-control', os.O_RDWR)", "never", "can act on it"),
        ("os.openpty()[1]", "works", ""),
        ("w", "refused", "its reader has gone"),
        ("r", "works", ""),
        ("os.open('/dev/zero', 0)", "works", ""),
        ("os.memfd_create('x')", "works", ""),
        ("os.open('/proc', 0)", "works", ""),
    ],
)
def test_reopen_does_nothing_that_the_target_could_notice(
    puppet: Puppet, opened: str, state: str, why: str
) -> None:
    target = puppet.target(puppet(opened))
    verdict = REOPEN.check(target)
    assert verdict.state == state
    assert why in verdict.why
    if state == "works":
        REOPEN.acquire(target).close()
    else:
        with pytest.raises(FdtuiError, match=why):
            REOPEN.acquire(target)


def test_reopen_breaks_no_lease(puppet: Puppet, tmp_path: Path) -> None:
    (tmp_path / "leased").write_text("x")
    fd = puppet(f"os.open({str(tmp_path / 'leased')!r}, os.O_RDWR)")
    puppet(f"signal.signal(signal.SIGIO, signal.SIG_IGN), fcntl.fcntl({fd}, fcntl.F_SETLEASE, 1)")
    assert REOPEN.check(puppet.target(fd)).state == "refused"
    with pytest.raises(FdtuiError, match="lease"):
        REOPEN.acquire(puppet.target(fd))
    assert "BREAK" not in Path(f"/proc/{puppet.pid}/fdinfo/{fd}").read_text()


def test_reopen_asks_whose_the_pid_is_now(puppet: Puppet) -> None:
    target = puppet.target(puppet("file"))
    other = target._replace(start_time=target.start_time - 1)
    before = own_descriptors()
    verdict = REOPEN.check(other)
    assert (verdict.state, "another process by now" in verdict.why) == ("refused", True)
    with pytest.raises(Gone, match="another process by now"):
        REOPEN.acquire(other)
    puppet.kill()
    with pytest.raises(Gone, match="has ended"):
        REOPEN.acquire(target)
    assert own_descriptors() == before


def test_reopen_keeps_nothing_of_a_number_that_changed_hands(
    puppet: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at what it is and open(2) the target puts something else there."""
    looked = reopen._examine

    def look(target: Target, path: str = "") -> Identity:
        found = looked(target, path)
        puppet(f"os.dup2(os.memfd_create('another'), {target.fd})")
        return found

    monkeypatch.setattr(reopen, "_examine", look)
    before = own_descriptors()
    with pytest.raises(CallFailed, match=r"another file by now .*ESTALE"):
        REOPEN.acquire(puppet.target(puppet("file")))
    assert own_descriptors() == before


def test_reopen_opens_nothing_that_was_not_looked_at(
    puppet: Puppet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number holds a leased file all of a sudden: opening that would break the lease."""
    (tmp_path / "leased").write_text("x")
    fd = puppet(f"os.open({str(tmp_path / 'leased')!r}, os.O_RDWR)")
    puppet(f"signal.signal(signal.SIGIO, signal.SIG_IGN), fcntl.fcntl({fd}, fcntl.F_SETLEASE, 1)")
    looked = reopen._examine

    def look(target: Target, path: str = "") -> Identity:
        found = looked(target, path)
        puppet(f"os.dup2({fd}, {target.fd})")
        return found

    monkeypatch.setattr(reopen, "_examine", look)
    with pytest.raises(CallFailed, match=r"another file by now .*ESTALE"):
        REOPEN.acquire(puppet.target(puppet("file")))
    assert "BREAK" not in Path(f"/proc/{puppet.pid}/fdinfo/{fd}").read_text()


def reborn(pid: int) -> Puppet:
    """Start a process that gets this pid (ns_last_pid, CAP_CHECKPOINT_RESTORE)."""
    for _ in range(50):
        Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid - 1))
        made = Puppet()
        if made.pid == pid:
            return made
        made.kill()
    raise AssertionError(f"pid {pid} went to somebody else 50 times")


@pytest.mark.needs_root
def test_reopen_takes_nothing_of_the_next_process_with_the_pid(
    puppet: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the same file open as the same number, and starts after the first question."""
    target = puppet.target(puppet("file"))
    looked, others = reopen._examine, []

    def look(target: Target, path: str = "") -> Identity:
        puppet.kill()
        others.append(reborn(target.pid))
        others[0](f"os.dup2(os.open({__file__!r}, os.O_RDONLY), {target.fd})")
        return looked(target, path)

    monkeypatch.setattr(reopen, "_examine", look)
    before = own_descriptors()
    try:
        with pytest.raises(Gone, match="another process by now"):
            REOPEN.acquire(target).close()
    finally:
        for other in others:
            other.__exit__()
    after = own_descriptors()
    assert len(after) <= len(before)


def test_reopen_waits_for_nobody_at_a_fifo(puppet: Puppet, tmp_path: Path) -> None:
    place = tmp_path / "fifo"
    os.mkfifo(place)
    fd = puppet(f"os.open({str(place)!r}, os.O_RDONLY | os.O_NONBLOCK)")
    REOPEN.acquire(puppet.target(fd)).close()  # open(2) waits for a writer without O_NONBLOCK


def test_reopen_leaves_the_access_time(puppet: Puppet, tmp_path: Path) -> None:
    file, control = tmp_path / "file", tmp_path / "control"
    for path in (file, control):
        path.write_text("content")
        os.utime(path, (1, 2))  # older than the change: relatime would move it
    fd = puppet(f"os.open({str(file)!r}, os.O_RDONLY)")
    control.read_text()
    if control.stat().st_atime == 1:
        pytest.skip("this file system keeps no access times")
    with REOPEN.acquire(puppet.target(fd)) as mine:
        assert os.read(mine.fileno(), 7) == b"content"
    assert file.stat().st_atime == 1
