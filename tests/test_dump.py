"""Dumps of live descriptors: complete, sparse, over no other file, unnoticed by the target."""

from __future__ import annotations

import errno
import hashlib
import os
import resource
import sqlite3
from pathlib import Path

import pytest

from fdtui.errors import CallFailed, FdtuiError
from fdtui.keeper.client import start_keeper
from fdtui.keeper.dump import Dumped, dump
from fdtui.keeper.ops.dump import dump_request, dumped_from
from fdtui.linux import copying
from fdtui.linux.owned import OwnedFd
from fdtui.render.pace import Pace
from tests.acting import custody_of
from tests.disks import small_disk
from tests.puppets import Puppet, until

MIB = 1 << 20
PATIENCE = 20.0


class Stop(Exception):
    """What a person does in the middle of a dump."""


def dumped(puppet: Puppet, fd: int, path: Path, overwrite: bool = False) -> Dumped:
    with custody_of(puppet.pid, fd) as custody:
        return dump(custody, str(path), overwrite=overwrite, step=lambda done, total: None)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_deleted_database_is_recovered_and_opens(puppet: Puppet, tmp_path: Path) -> None:
    path, out = tmp_path / "grafter.db", tmp_path / "recovered.db"
    puppet(f"""
import sqlite3
db = sqlite3.connect({str(path)!r})
db.execute('create table t (n integer, words text)')
db.executemany('insert into t values (?, ?)', [(n, 'row' * 20) for n in range(5000)])
db.commit()
os.unlink({str(path)!r})
""")
    (fd,) = (
        fd for fd in puppet.fds() if "grafter.db" in os.readlink(f"/proc/{puppet.pid}/fd/{fd}")
    )
    before = puppet.fdinfo(fd)
    result = dumped(puppet, fd, out)
    assert puppet.fdinfo(fd) == before
    assert result.size == out.stat().st_size
    with sqlite3.connect(out) as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
        assert db.execute("select count(*), sum(n) from t").fetchone() == (5000, 12497500)
    db.close()
    assert out.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("folder", [None, "/dev/shm"])
def test_holes_stay_holes(puppet: Puppet, tmp_path: Path, folder: str | None) -> None:
    source = Path(folder or tmp_path) / f"fdtui-sparse-{os.getpid()}"
    fd = puppet(f"os.open({str(source)!r}, os.O_RDWR | os.O_CREAT, 0o600)")
    try:
        puppet(f"os.pwrite({fd}, os.urandom({MIB}), 3 * {MIB})")
        puppet(f"os.pwrite({fd}, os.urandom({MIB}), 70 * {MIB} + 7)")
        puppet(f"os.ftruncate({fd}, 100 * {MIB}); os.lseek({fd}, 5, 0)")
        before = puppet.fdinfo(fd)
        result = dumped(puppet, fd, tmp_path / "out")
        assert puppet.fdinfo(fd) == before
        assert digest(tmp_path / "out") == digest(source)
    finally:
        source.unlink()
    assert result.size == 100 * MIB
    assert 2 * MIB <= result.data < 3 * MIB
    assert (tmp_path / "out").stat().st_blocks * 512 < 3 * MIB
    assert result.by == ("copy_file_range" if folder is None else "sendfile")


def test_without_a_private_description_nobody_notices_either(
    puppet: Puppet, tmp_path: Path
) -> None:
    """A leased file is not opened anew; SEEK_DATA would move the offset: zeros tell the holes."""
    source = tmp_path / "leased"
    fd = puppet(f"os.open({str(source)!r}, os.O_RDWR | os.O_CREAT, 0o600)")
    puppet(f"os.pwrite({fd}, os.urandom(100_000), 3 * {MIB}); os.ftruncate({fd}, 8 * {MIB} + 1)")
    puppet("signal.signal(signal.SIGIO, signal.SIG_IGN)")
    puppet(f"fcntl.fcntl({fd}, fcntl.F_SETLEASE, fcntl.F_WRLCK); os.lseek({fd}, 5, 0)")
    before = puppet.fdinfo(fd)
    result = dumped(puppet, fd, tmp_path / "out")
    assert puppet.fdinfo(fd) == before
    assert result.by == "read"
    puppet(f"fcntl.fcntl({fd}, fcntl.F_SETLEASE, fcntl.F_UNLCK)")
    assert digest(tmp_path / "out") == digest(source)
    assert (tmp_path / "out").stat().st_blocks * 512 < MIB


def test_a_hole_of_exbibytes_is_a_matter_of_a_moment(puppet: Puppet, tmp_path: Path) -> None:
    fd = puppet("os.memfd_create('huge')")
    puppet(f"os.ftruncate({fd}, 1 << 43); os.pwrite({fd}, b'here', 1 << 42)")
    out = tmp_path / "out"
    assert dumped(puppet, fd, out).size == 1 << 43
    with out.open("rb") as file:
        assert os.pread(file.fileno(), 4, 1 << 42) == b"here"
    puppet(f"os.ftruncate({fd}, (1 << 63) - 1)")
    with pytest.raises(CallFailed, match=r"ftruncate\(.*\.part\): File too large"):
        dumped(puppet, fd, tmp_path / "more")


def test_what_has_no_size_is_read_to_its_end(puppet: Puppet, tmp_path: Path) -> None:
    fd = puppet("os.open('/proc/self/status', os.O_RDONLY)")
    dumped(puppet, fd, tmp_path / "status")
    assert f"Pid:\t{puppet.pid}" in (tmp_path / "status").read_text()
    empty = puppet("os.memfd_create('empty')")
    assert dumped(puppet, empty, tmp_path / "empty").size == 0


def test_what_is_queued_is_dumped_and_stays_queued(puppet: Puppet, tmp_path: Path) -> None:
    reader, writer = puppet("[*os.pipe()]")
    puppet(f"os.write({writer}, b'queued')")
    assert dumped(puppet, reader, tmp_path / "out").size == 6
    assert (tmp_path / "out").read_bytes() == b"queued"
    assert puppet(f"os.read({reader}, 100)") == "queued"
    event = puppet("os.eventfd(0)")
    with pytest.raises(FdtuiError, match="no bytes to dump"):
        dumped(puppet, event, tmp_path / "event")


def test_no_file_is_overwritten_unasked(puppet: Puppet, tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    source.write_bytes(b"new")
    out.write_bytes(b"old")
    fd = puppet(f"os.open({str(source)!r}, os.O_RDONLY)")
    with pytest.raises(CallFailed) as caught:
        dumped(puppet, fd, out)
    assert (caught.value.errno, caught.value.call) == (errno.EEXIST, f"open({out})")
    assert out.read_bytes() == b"old"
    dumped(puppet, fd, out, overwrite=True)
    assert out.read_bytes() == b"new"
    for path, words in ((source, "is the file itself"), (tmp_path, "no regular file")):
        with pytest.raises(FdtuiError, match=words):
            dumped(puppet, fd, path, overwrite=True)
    with pytest.raises(FdtuiError, match="not an absolute path"):
        dumped(puppet, fd, Path("out"))
    (tmp_path / "two.part").symlink_to(out)
    with pytest.raises(CallFailed, match=r"two\.part\): another dump is writing it"):
        dumped(puppet, fd, tmp_path / "two", overwrite=True)
    assert out.read_bytes() == b"new"
    assert sorted(os.listdir(tmp_path)) == ["out", "source", "two.part"]


def test_a_file_that_comes_meanwhile_is_left_alone(puppet: Puppet, tmp_path: Path) -> None:
    fd = puppet("os.memfd_create('m')")
    puppet(f"os.write({fd}, b'new')")
    out = tmp_path / "out"

    def meanwhile(done: int, total: int) -> None:
        out.write_bytes(b"old")

    with (
        custody_of(puppet.pid, fd) as custody,
        pytest.raises(CallFailed, match="a file came there meanwhile"),
    ):
        dump(custody, str(out), overwrite=False, step=meanwhile)
    assert (out.read_bytes(), Path(f"{out}.part").read_bytes()) == (b"old", b"new")


@pytest.mark.needs_root
def test_a_full_disk_tells_how_far_it_came(puppet: Puppet, tmp_path: Path) -> None:
    fd = puppet("os.memfd_create('m')")
    puppet(f"os.write({fd}, os.urandom(3 << 20)); os.lseek({fd}, 7, 0)")
    before = puppet.fdinfo(fd)
    with small_disk(tmp_path / "disk") as disk:
        with pytest.raises(CallFailed) as caught:
            dumped(puppet, fd, disk / "out")
        assert caught.value.errno == errno.ENOSPC
        assert "No space left on device; 1.0 MB of 3.0 MB are in it" in caught.value.message
        assert "the target is untouched" in caught.value.remedy
        assert os.listdir(disk) == ["out.part"]
        assert (disk / "out.part").stat().st_size <= MIB
    assert puppet.fdinfo(fd) == before


def test_a_limit_on_file_sizes_is_told_too(puppet: Puppet, tmp_path: Path) -> None:
    fd = puppet("os.memfd_create('m')")
    puppet(f"os.write({fd}, os.urandom(3 << 20))")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, limit[1]))
    try:
        with pytest.raises(CallFailed, match=r"\(EFBIG\)"):
            dumped(puppet, fd, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert os.listdir(tmp_path) == ["out.part"]


def test_stopping_leaves_nothing(puppet: Puppet, tmp_path: Path) -> None:
    fd = puppet("os.memfd_create('m')")
    puppet(f"os.write({fd}, os.urandom(20 << 20))")

    def stop(done: int, total: int) -> None:
        assert 0 < done < total == 20 * MIB
        raise Stop

    with custody_of(puppet.pid, fd) as custody, pytest.raises(Stop):
        dump(custody, str(tmp_path / "out"), overwrite=False, step=stop)
    assert os.listdir(tmp_path) == []


def test_a_file_truncated_meanwhile_is_as_long_as_it_is(puppet: Puppet, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(20 * MIB))
    fd = puppet(f"os.open({str(source)!r}, os.O_RDWR)")
    with custody_of(puppet.pid, fd) as custody:
        result = dump(
            custody,
            str(tmp_path / "out"),
            overwrite=False,
            step=lambda done, total: os.truncate(source, 9 * MIB),
        )
    assert result.size == (tmp_path / "out").stat().st_size == 9 * MIB
    assert digest(tmp_path / "out") == digest(source)


def test_the_keeper_dumps_with_progress_and_can_be_stopped(puppet: Puppet, tmp_path: Path) -> None:
    fd = puppet("os.memfd_create('m')")
    puppet(f"os.write({fd}, b'x' * (64 << 20))")
    seen: list[tuple[int, int]] = []
    keeper = start_keeper()
    try:
        ident = keeper.steal(puppet.target(fd)).result(PATIENCE).id
        out = tmp_path / "out"

        def progress(done: int, total: int) -> None:
            seen.append((done, total))

        future = keeper.perform("dump", ident, dump_request(str(out)), progress=progress)
        result = dumped_from(future.result(PATIENCE))
        assert result.path == str(out)
        assert out.stat().st_size == result.size == 64 << 20
        assert seen
        assert {total for _, total in seen} == {64 << 20}
        # Closed by the target just then: the dump goes on, and the hold ends after it.
        puppet(f"os.ftruncate({fd}, 4 << 30); os.pwrite({fd}, b'y' * (256 << 20), 1 << 30)")
        future = keeper.perform("dump", ident, dump_request(str(out), overwrite=True))
        until(lambda: Path(f"{out}.part").exists())
        puppet(f"os.close({fd})")
        assert dumped_from(future.result(PATIENCE)).size == 4 << 30
        until(lambda: keeper.held().result(PATIENCE) == [])
        fd = puppet("os.memfd_create('n')")
        puppet(f"os.pwrite({fd}, b'z' * (512 << 20), 0)")
        ident = keeper.steal(puppet.target(fd)).result(PATIENCE).id
        future = keeper.perform("dump", ident, dump_request(str(tmp_path / "two")))
        until((tmp_path / "two.part").exists)
        future.cancel()
        until(lambda: not (tmp_path / "two.part").exists(), PATIENCE)
        assert not (tmp_path / "two").exists()
    finally:
        keeper.close()


def test_extents_of_an_empty_file_and_of_only_holes(tmp_path: Path) -> None:
    with OwnedFd(os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)) as file:
        assert list(copying.extents(file, 0)) == []
        os.ftruncate(file.fileno(), 1 << 30)
        assert list(copying.extents(file, 1 << 30)) == []
        os.pwrite(file.fileno(), b"x" * 4096, 1 << 20)
        assert list(copying.extents(file, (1 << 20) + 5)) == [(1 << 20, (1 << 20) + 5)]


def test_pace() -> None:
    pace = Pace(0.0)
    assert (pace.rate, pace.rest) == (0.0, None)
    for second in range(1, 11):
        pace.at(float(second), second * MIB, 100 * MIB)
    assert pace.rate == MIB
    assert pace.rest == 90
    assert pace.words() == "10.0 MB of 100 MB   10 %   1.0 MB/s   1m30s left"
    pace.at(11.0, 11 * MIB, 0)
    assert pace.words() == "11.0 MB   1.0 MB/s"
