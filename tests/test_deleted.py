"""Deleted but open: counted once, on their file systems, and never hung by a dead server."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fdtui.linux.record import Record, Wants
from fdtui.survey.deleted import Accounting, account, deleted_files
from fdtui.survey.fsusage import FileSystems, Usage
from fdtui.survey.scan import choose
from tests.puppets import HERE, MNT_DETACH, MNT_FORCE, Puppet, until

FORK = "c = os.fork()\nif not c: ctypes.CDLL(None).prctl(1, 9); signal.pause(); os._exit(0)"
MEBI = 1 << 20


@pytest.fixture
def puppet() -> Iterator[Puppet]:
    with Puppet() as one:
        # The test runner's own stderr is a deleted file.
        one("n = os.open('/dev/null', os.O_RDWR); os.dup2(n, 2)")
        yield one


def rows(*pids: int) -> list[Record]:
    with choose("proc") as engine:
        wants = Wants.LINK | Wants.FDINFO | Wants.STAT
        return [row for batch in engine.sweep(pids, wants) for row in batch]


def counted(*pids: int, all_mounted: bool = False) -> Accounting:
    return account(rows(*pids), FileSystems(), all_mounted)


def deleted(puppet: Puppet, path: Path, size: int, flags: str = "os.O_RDWR") -> int:
    code = (
        f"f = os.open({str(path)!r}, {flags} | os.O_CREAT)\n"
        f"os.write(f, b'x' * {size}); os.fsync(f); os.unlink({str(path)!r})"
    )
    puppet(code)
    return int(puppet("f"))


def test_one_file_counts_once(puppet: Puppet, tmp_path: Path) -> None:
    fd = deleted(puppet, tmp_path / "log", 3 * MEBI)
    puppet(f"os.dup({fd})")
    puppet(f"os.open('/proc/self/fd/{fd}', os.O_RDONLY)")
    small = deleted(puppet, tmp_path / "a (deleted)", 5000)
    puppet(FORK)
    pids = puppet.pid, puppet("c")
    found = counted(*pids)
    log, other = found.files
    assert (log.path, log.size) == (str(tmp_path / "log"), 3 * MEBI)
    assert log.blocks == os.stat(f"/proc/{puppet.pid}/fd/{fd}").st_blocks * 512
    assert len(log.holders) == 6
    assert (log.holders[0].pid, log.holders[0].fd) == (min(pids), fd)
    assert other.path == str(tmp_path / "a (deleted)"), "the kernel's word, once"
    assert (other.holders[0].fd, len(other.holders)) == (small, 2)
    assert found.descriptors == 8
    assert found.deleted == log.blocks + other.blocks
    (system,) = found.filesystems
    assert (system.deleted, system.files, system.descriptors) == (found.deleted, 2, 8)


def test_what_has_a_name_or_never_had_one_is_not_deleted(puppet: Puppet, tmp_path: Path) -> None:
    path = tmp_path / "spoof (deleted)"
    linked = tmp_path / "linked"
    puppet(f"os.open({str(path)!r}, os.O_CREAT)")
    puppet(f"k = os.open({str(linked)!r}, os.O_CREAT)")
    os.link(linked, tmp_path / "other name")
    linked.unlink()
    puppet("m = os.memfd_create('x'); os.ftruncate(m, 1 << 20)")
    puppet("e = os.eventfd(0); r, w = os.pipe(); s = socket.socketpair()")
    assert deleted_files(rows(puppet.pid)) == []
    unnamed = puppet(f"os.open({str(tmp_path)!r}, os.O_TMPFILE | os.O_RDWR)")
    (file,) = deleted_files(rows(puppet.pid))
    assert file.holders[0].fd == unnamed


@pytest.mark.needs_root
def test_a_file_system_of_its_own(puppet: Puppet, tmp_path: Path) -> None:
    libc = ctypes.CDLL(None)
    folder = tmp_path / "small"
    folder.mkdir()
    assert libc.mount(b"none", os.fsencode(folder), b"tmpfs", 0, b"size=16m") == 0
    try:
        (folder / "named").write_bytes(b"y" * (2 * MEBI))
        deleted(puppet, folder / "gone", 5 * MEBI)
        # A list of mounts is at most a second old.
        until(lambda: counted(puppet.pid).filesystems[0].point == str(folder))
        found = counted(puppet.pid, all_mounted=True)
        system = found.filesystems[0]
        assert (system.point, system.type, system.ours) == (str(folder), "tmpfs", True)
        assert system.deleted == 5 * MEBI
        assert system.usage is not None
        assert system.usage.size == 16 * MEBI
        assert system.usage.used == 7 * MEBI
        assert system.du_sees == 2 * MEBI
        assert system.usage.percent == 44
        others = {one.point for one in found.filesystems[1:]}
        assert "/" in others
        assert "/proc" not in others
        assert len({one.key for one in found.filesystems}) == len(found.filesystems)
    finally:
        puppet.kill()
        assert libc.umount2(os.fsencode(folder), MNT_DETACH) == 0


@pytest.mark.needs_root
def test_a_mount_that_only_its_holder_sees(puppet: Puppet, tmp_path: Path) -> None:
    puppet(
        "libc = ctypes.CDLL(None)\n"
        "assert not libc.unshare(0x20000)\n"
        "assert not libc.mount(b'none', b'/', None, 0x44000, None)\n"
        f"assert not libc.mount(b'none', {os.fsencode(tmp_path)!r}, b'tmpfs', 0, b'size=4m')"
    )
    deleted(puppet, tmp_path / "gone", MEBI)
    until(lambda: counted(puppet.pid).filesystems[0].point == str(tmp_path))
    (system,) = counted(puppet.pid).filesystems
    assert (system.point, system.type, system.ours) == (str(tmp_path), "tmpfs", False)
    assert system.usage is not None
    assert (system.usage.size, system.usage.used) == (4 * MEBI, MEBI)


def test_usage_is_dfs(tmp_path: Path) -> None:
    df = shutil.which("df")
    assert df is not None
    said = subprocess.run(
        [df, "-B1", "--output=size,pcent", tmp_path], stdout=subprocess.PIPE, check=True
    ).stdout.split()
    usage = FileSystems().usage(0, str(tmp_path), "ext4")
    assert isinstance(usage, Usage)
    assert usage.size == int(said[-2])
    assert abs(usage.percent - int(said[-1][:-1])) <= 1  # others write meanwhile
    # The way of file systems with servers gives the same.
    other = FileSystems().usage(0, str(tmp_path), "nfs4")
    assert isinstance(other, Usage)
    assert other.size == usage.size


def test_refusals_are_words(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    for fstype in ("ext4", "fuse.sshfs"):
        said = FileSystems().usage(0, gone, fstype)
        assert said == "statvfs: No such file or directory (ENOENT)"


def test_an_answer_is_used_for_a_while(tmp_path: Path) -> None:
    now = 0.0
    systems = FileSystems(clock=lambda: now)
    folder = tmp_path / "there"
    folder.mkdir()
    assert isinstance(systems.usage(1, str(folder), "nfs"), Usage)
    folder.rmdir()
    assert isinstance(systems.usage(1, str(folder), "nfs"), Usage)
    now = 10.0
    assert "ENOENT" in str(systems.usage(1, str(folder), "nfs"))


@pytest.mark.needs_root
def test_a_dead_server_hangs_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "fuse"
    folder.mkdir()
    now = 0.0
    systems = FileSystems(deadline=0.3, clock=lambda: now)
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(HERE / "hangfs.py"), str(folder)],
        stdout=subprocess.PIPE,
    ) as server:
        assert server.stdout is not None
        try:
            assert server.stdout.readline() == b"mounted\n"
            assert isinstance(systems.usage(7, str(folder), "fuse.hang"), Usage)
            server.send_signal(signal.SIGSTOP)
            now = 10.0
            begin = time.monotonic()
            said = systems.usage(7, str(folder), "fuse.hang")
            assert said == "its server did not answer in 0.3 s"
            now = 20.0
            again = systems.usage(7, str(folder), "fuse.hang")
            assert again == "its server still does not answer"
            assert time.monotonic() - begin < 2

            def answered() -> bool:
                nonlocal now
                now += 10
                return isinstance(systems.usage(7, str(folder), "fuse.hang"), Usage)

            server.send_signal(signal.SIGCONT)
            until(answered)
        finally:
            server.send_signal(signal.SIGCONT)
            server.kill()
            ctypes.CDLL(None).umount2(os.fsencode(folder), MNT_FORCE | MNT_DETACH)
            systems.close()
