"""The process table against processes that this test starts and ends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fdtui.linux.procfs import ProcFs
from fdtui.survey.processes import KEEP_GONE, ProcessRow, ProcessTable, Snapshot

CHILD = "import os, sys; fds = [os.dup(0) for _ in range({})]; print(flush=True); sys.stdin.read()"


class Clock:
    """A time that moves when told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def child(descriptors: int = 5) -> Iterator[subprocess.Popen[bytes]]:
    """A process with that many descriptors more than the usual three."""
    with subprocess.Popen(
        [sys.executable, "-c", CHILD.format(descriptors)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def row_of(snapshot: Snapshot, pid: int) -> ProcessRow | None:
    return next((row for row in snapshot.rows if row.pid == pid), None)


def test_a_process_is_counted_and_described() -> None:
    table = ProcessTable(ProcFs(), Clock())
    with child(7) as process:
        row = row_of(table.sweep(), process.pid)
    assert row is not None
    assert row.fds == len([0, 1, 2]) + 7
    assert row.uid == os.geteuid()
    assert row.ppid == os.getpid()
    assert "fds = [os.dup(0)" in row.command
    assert row.limit > 0
    assert row.refused == 0
    assert not row.new  # what ran before fdtui is no news


def test_what_comes_and_goes_is_marked_for_a_while() -> None:
    clock = Clock()
    table = ProcessTable(ProcFs(), clock)
    table.sweep()
    with child() as process:
        clock.now += 1
        row = row_of(table.sweep(), process.pid)
        assert row is not None
        assert row.new
        clock.now += 4
        row = row_of(table.sweep(), process.pid)
        assert row is not None
        assert not row.new
    clock.now += 1
    row = row_of(table.sweep(), process.pid)
    assert row is not None
    assert row.gone
    clock.now += KEEP_GONE + 1
    assert row_of(table.sweep(), process.pid) is None


def test_gone_rows_do_not_count() -> None:
    clock = Clock()
    table = ProcessTable(ProcFs(), clock)
    with child() as process:
        table.sweep()
    snapshot = table.sweep()
    gone = [row for row in snapshot.rows if row.gone]
    assert process.pid in {row.pid for row in gone}
    assert snapshot.alive == len(snapshot.rows) - len(gone)
    assert snapshot.descriptors == sum(r.fds for r in snapshot.rows if r.fds > 0 and not r.gone)


def test_the_trend_follows_the_count() -> None:
    clock = Clock()
    table = ProcessTable(ProcFs(), clock)
    fds: list[int] = []
    try:
        for _ in range(3):
            snapshot = table.sweep()
            fds.append(os.dup(0))
            clock.now += 1
    finally:
        for fd in fds:
            os.close(fd)
    row = row_of(snapshot, os.getpid())
    assert row is not None
    assert [b - a for a, b in zip(row.trend, row.trend[1:], strict=False)] == [1, 1]


@pytest.mark.needs_root
def test_other_users_see_the_count_and_why_they_see_no_more() -> None:
    """An unprivileged look at a process of root: st_size tells the count, listing is refused."""
    script = (
        "import os\n"
        "from fdtui.linux.procfs import ProcFs\n"
        "from fdtui.survey.processes import ProcessTable\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "s = ProcessTable(ProcFs(), lambda: 0.0).sweep()\n"
        "row = next(r for r in s.rows if r.pid == PID)\n"
        "print(row.fds, row.refused, s.hidden >= 1, s.hidden_errno)"
    )
    with child(4) as process:
        done = subprocess.run(
            [sys.executable, "-c", script.replace("PID", str(process.pid))],
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.split() == ["7", "13", "True", "13"]
