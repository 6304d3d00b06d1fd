"""One process's table over time: this process opens, moves, reuses and closes descriptors."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from fdtui.linux.procfs import ProcFs
from fdtui.survey.descriptors import KEEP_CLOSED, DescriptorTable
from tests.test_process_table import Clock, child


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table(clock: Clock) -> DescriptorTable:
    procfs = ProcFs()
    return DescriptorTable(procfs, os.getpid(), procfs.start_time(os.getpid()), clock)


def test_an_offset_that_moves_is_seen_to_move(
    table: DescriptorTable, clock: Clock, tmp_path: Path
) -> None:
    with (tmp_path / "log").open("wb", buffering=0) as log:
        fd = log.fileno()
        table.sweep([fd])
        log.write(b"x" * 100)
        clock.now += 2
        row = table.sweep([fd]).rows[fd]
        assert (row.pos, row.moved, row.rate) == (100, 1, 50.0)
        log.seek(10)
        clock.now += 1
        row = table.sweep([fd]).rows[fd]
        assert (row.moved, row.rate) == (-1, -90.0)
        clock.now += 1
        row = table.sweep([fd]).rows[fd]
        assert (row.moved, row.rate) == (0, 0.0)


def test_new_closed_and_forgotten(table: DescriptorTable, clock: Clock, tmp_path: Path) -> None:
    table.sweep(None)
    with (tmp_path / "f").open("wb") as file:
        # A number that the listing itself will not take once it is free.
        fd = fcntl.fcntl(file.fileno(), fcntl.F_DUPFD_CLOEXEC, 300)
    clock.now += 1
    assert table.sweep(None).rows[fd].new
    clock.now += 4
    assert not table.sweep(None).rows[fd].new
    os.close(fd)
    clock.now += 1
    closed = table.sweep(None)
    assert closed.rows[fd].closed
    assert fd in closed.fds
    clock.now += KEEP_CLOSED
    assert fd not in table.sweep(None).fds


def test_a_number_used_again_is_a_new_row(
    table: DescriptorTable, clock: Clock, tmp_path: Path
) -> None:
    with (tmp_path / "a").open("wb") as first, (tmp_path / "b").open("wb") as second:
        fd = first.fileno()
        table.sweep(None)
        os.dup2(second.fileno(), fd)
        clock.now += 1
        row = table.sweep(None).rows[fd]
        assert row.entry.link.endswith("/b")
        assert row.new
        assert row.moved == 0


def test_only_what_is_wanted_is_filled(table: DescriptorTable) -> None:
    fds = [os.dup(0) for _ in range(200)]
    try:
        snapshot = table.sweep([])
        assert snapshot.rows == {}
        assert set(fds) <= set(snapshot.fds)
        assert set(table.sweep(fds[:10]).rows) == set(fds[:10])
    finally:
        for fd in fds:
            os.close(fd)


def test_a_process_that_ends_leaves_its_rows(clock: Clock) -> None:
    procfs = ProcFs()
    with child() as process:
        table = DescriptorTable(procfs, process.pid, procfs.start_time(process.pid), clock)
        alive = table.sweep(None)
        assert not alive.ended
    ended = table.sweep(None)
    assert ended.ended
    assert set(ended.rows) == set(alive.rows)
    assert all(row.closed for row in ended.rows.values())


def test_a_pid_used_again_is_not_the_same_process(clock: Clock) -> None:
    procfs = ProcFs()
    with child() as process:
        earlier = procfs.start_time(process.pid) - 1
        assert DescriptorTable(procfs, process.pid, earlier, clock).sweep(None).ended


def test_a_refused_table_says_why(clock: Clock, tmp_path: Path) -> None:
    """A folder in place of /proc, where fd/ cannot be listed."""
    stat = Path("/proc/self/stat").read_bytes()
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_bytes(stat)
    (tmp_path / "7" / "fd").write_bytes(b"")
    procfs = ProcFs(str(tmp_path))
    table = DescriptorTable(procfs, 7, procfs.start_time(7), clock)
    refused = table.sweep(None).refused
    assert refused is not None
    assert refused.errno == errno.ENOTDIR
