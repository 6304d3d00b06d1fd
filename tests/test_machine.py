"""The rows of the Machine place on live processes: filters, groups, order, churn, marks."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fdtui.linux.bpf.iterator import available
from fdtui.survey.engine_proc import ProcEngine
from fdtui.survey.facts import Facts
from fdtui.survey.grouping import Group
from fdtui.survey.machine import MARK_NEW, SORTS, MachineTable, MachineView, Question, key_of
from fdtui.survey.relating import Relating, sharing_groups
from fdtui.survey.scan import Engine, choose
from tests.puppets import Puppet


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Watched(ProcEngine):
    """Sees these processes only: tests run beside others."""

    def __init__(self, *pids: int) -> None:
        super().__init__(size=0)
        self.watched = list(pids)

    def pids(self) -> list[int]:
        return sorted(pid for pid in self.watched if os.path.exists(f"/proc/{pid}"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


def look(
    table: MachineTable,
    question: Question | None = None,
    *,
    filter: str = "",
    sort: str = "pid",
    grouping: str = "",
) -> MachineView:
    """Everything the poller does at one look."""
    for _ in table.sweep():
        pass
    assert table.complete()
    table.relate()
    return table.answer(question or Question(filter=filter, sort=sort, grouping=grouping))


def facts(view: MachineView) -> list[Facts]:
    return [line for line in view.lines if isinstance(line, Facts)]


def fds(view: MachineView) -> list[int]:
    return [one.record.fd for one in facts(view)]


def named(puppet: Puppet, code: str) -> int:
    puppet(f"fd = {code}")
    fd: int = puppet("fd")
    return fd


@pytest.mark.parametrize("name", ["proc", "bpf"])
def test_sharing_peers_and_sockets_are_filtered_by(name: str, clock: Clock) -> None:
    if name == "bpf" and (reason := available()):
        pytest.skip(reason)
    engine: Engine = choose("bpf" if name == "bpf" else "proc", workers=0)
    with engine, Puppet() as one:
        one("fd = os.memfd_create('shared'); other = os.dup(fd)")
        memfd, other = one("[fd, other]")
        one("import socket; s = socket.create_server(('127.0.0.1', 0))")
        listener, port = one("[s.fileno(), s.getsockname()[1]]")
        one("a, b = socket.socketpair()")
        pair = one("[a.fileno(), b.fileno()]")
        table = MachineTable(engine, clock)
        mine = f"pid == {one.pid} and "
        view = look(table, filter=mine + 'kind == "memfd" and shared > 1')
        assert fds(view) == [memfd, other]
        assert {(f.sharing, f.shared) for f in facts(view)} == {(f"{one.pid}:{memfd}", 2)}
        assert fds(look(table, filter=mine + f"lport == {port} and listening")) == [listener]
        view = look(table, filter=mine + f"peer.pid == {one.pid} and kind == unix")
        assert fds(view) == pair
        assert [peer.fd for f in facts(view) for peer in f.peers or ()] == pair[::-1]
        # stdin is a pipe whose other end is ours
        comm = Path("/proc/self/comm").read_text().strip()
        assert 0 in fds(look(table, filter=mine + f'peer.comm == "{comm}"'))


def test_containers_and_mounts_are_filtered_by(puppet: Puppet, clock: Clock) -> None:
    table = MachineTable(Watched(puppet.pid), clock)
    puppet("d = os.open('/proc/self', os.O_RDONLY)")
    view = look(table, filter='fstype == "proc" and mount == "/proc"')
    assert len(facts(view)) == 1
    labels = {f.container for f in facts(look(table))}
    assert len(labels) == 1
    assert look(table, filter='container =~ "no such"').rows == 0


def test_relations_are_worked_out_again_within_their_duty(puppet: Puppet, clock: Clock) -> None:
    relating = Relating(duty=0.1, clock=clock)
    table = MachineTable(Watched(puppet.pid), clock, relating=relating)
    fd = named(puppet, "os.memfd_create('x')")

    def shared() -> int | None:
        found = [f.shared for f in facts(table.answer(Question())) if f.record.fd == fd]
        return found[0]

    look(table)
    assert shared() == 1
    puppet(f"copy = os.dup({fd})")
    list(table.sweep())
    table.complete()
    assert shared() == 1  # what was known stays until it is worked out again
    assert table.relate()
    assert shared() == 2
    assert not table.relate()  # nothing changed since
    clock.now += 60
    assert table.relate()  # a socket may have


def test_an_address_that_was_used_again_is_no_sharer(puppet: Puppet) -> None:
    """Tables are read at different times: kcmp decides what the iterator's identity is worth."""
    a, b = named(puppet, "os.memfd_create('a')"), named(puppet, "os.memfd_create('b')")
    copy = named(puppet, f"os.dup({a})")
    records = [r for batch in Watched(puppet.pid).sweep([puppet.pid]) for r in batch]
    forged = [r._replace(ofd=7) for r in records if r.fd in (a, b, copy)]
    groups = sharing_groups(forged)
    assert groups[puppet.pid, a] == groups[puppet.pid, copy] == (f"{puppet.pid}:{a}", 2)
    assert groups[puppet.pid, b] == (f"{puppet.pid}:{b}", 1)


def test_new_and_closed_rows_are_marked_for_a_while(puppet: Puppet, clock: Clock) -> None:
    table = MachineTable(Watched(puppet.pid), clock)
    view = look(table)
    assert not view.new  # what was there before is not new
    before = view.total
    clock.now += 1
    fd = named(puppet, "os.memfd_create('late')")
    view = look(table)
    key = next(key_of(f) for f in facts(view) if f.record.fd == fd)
    assert view.new == {key}
    assert fds(look(table, filter=f"age < 5 and fd == {fd}")) == [fd]
    clock.now += MARK_NEW
    assert not look(table).new
    puppet(f"os.close({fd})")
    view = look(table)
    assert view.closed == {key}
    assert fd in fds(view)
    assert view.total == before
    clock.now += MARK_NEW
    view = look(table)
    assert not view.closed
    assert fd not in fds(view)


def test_a_number_used_again_is_a_new_row(puppet: Puppet, clock: Clock, tmp_path: Path) -> None:
    table = MachineTable(Watched(puppet.pid), clock)
    fd = named(puppet, "os.memfd_create('first')")
    look(table)
    clock.now += 10
    puppet(f"os.dup2(os.open({str(tmp_path)!r}, os.O_RDONLY), {fd})")
    view = look(table)
    (row,) = (f for f in facts(view) if f.record.fd == fd)
    assert row.kind == "directory"
    assert key_of(row) in view.new
    assert not view.closed


def test_a_name_that_goes_does_not_make_a_new_row(
    puppet: Puppet, clock: Clock, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_text("12345")
    fd = named(puppet, f"os.open({str(path)!r}, os.O_RDONLY)")
    table = MachineTable(Watched(puppet.pid), clock)
    look(table)
    clock.now += 1000
    path.unlink()
    copy = named(puppet, f"os.dup({fd})")  # the table changed: it is read again
    view = look(table, filter=f"deleted and fd >= {fd}")
    assert fds(view) == [fd, copy]
    assert {number for _, _, number in view.new} == {copy}
    assert not view.closed


def test_the_rate_of_an_offset(puppet: Puppet, clock: Clock, tmp_path: Path) -> None:
    path = tmp_path / "log"
    fd = named(puppet, f"os.open({str(path)!r}, os.O_WRONLY | os.O_CREAT)")
    table = MachineTable(Watched(puppet.pid), clock)
    look(table)
    puppet(f"os.write({fd}, bytes(3 << 20)); extra = os.dup(0)")  # the table changed as well
    clock.now += 2
    view = look(table, filter="rate > 1M")
    assert fds(view) == [fd]
    assert facts(view)[0].rate == 3 << 19
    puppet(f"os.write({fd}, bytes(1 << 20)); extra = os.dup(0)")
    clock.now += 1
    view = look(table, filter="rate > 0")
    assert [f.rate for f in facts(view)] == [1 << 20]
    puppet("extra = os.dup(0)")
    clock.now += 1
    assert look(table, filter="rate > 0").rows == 0, "it did not move"
    puppet(f"os.write({fd}, b'x'); extra = os.dup(0)")
    clock.now += 1
    assert look(table, filter="rate > 0").rows == 1
    clock.now += 60
    assert look(table, filter="rate > 0").rows == 0


def test_order_and_groups(puppet: Puppet, clock: Clock, tmp_path: Path) -> None:
    for size in (10, 30, 20):
        (tmp_path / f"f{size}").write_bytes(bytes(size))
        named(puppet, f"os.open({str(tmp_path / f'f{size}')!r}, os.O_RDONLY)")
    named(puppet, f"os.open({str(tmp_path / 'f30')!r}, os.O_RDONLY)")
    with Puppet() as other:
        table = MachineTable(Watched(puppet.pid, other.pid), clock)
        only = f'target =~ "{tmp_path}/"'
        view = look(table, filter=only, sort="size")
        assert [f.record.size for f in facts(view)] == [10, 20, 30, 30]
        view = look(table, Question(filter=only, sort="size", descending=True))
        assert [f.record.size for f in facts(view)] == [30, 30, 20, 10]
        for sort in SORTS:
            assert look(table, sort=sort).rows == look(table).rows
        view = look(table, filter=only, grouping="file")
        groups = [line for line in view.lines if isinstance(line, Group)]
        assert [(g.rows, g.size, g.processes) for g in groups] == [
            (2, 30, 1),
            (1, 10, 1),
            (1, 20, 1),
        ]
        opened = Question(filter=only, grouping="file", opened=frozenset({groups[0].key}))
        assert [type(line) for line in look(table, opened).lines] == [
            Group,
            Facts,
            Facts,
            Group,
            Group,
        ]
        by_process = look(table, grouping="process")
        assert {line.title for line in by_process.lines if isinstance(line, Group)} == {
            f"python {puppet.pid}",
            f"python {other.pid}",
        }


def test_a_mistake_keeps_the_last_filter(puppet: Puppet, clock: Clock) -> None:
    table = MachineTable(Watched(puppet.pid), clock)
    view = look(table, filter="fd == 0")
    assert (fds(view), view.mistake) == ([0], None)
    view = look(table, filter="fd == 0 and")
    assert fds(view) == [0]
    assert view.mistake is not None
    assert view.mistake.column == 12


def test_churn_loses_no_row_and_no_selection(puppet: Puppet, clock: Clock) -> None:
    """Processes come and go between any two calls; a row that stays keeps its key."""
    table = MachineTable(ProcEngine(size=0), clock, relating=Relating(duty=1.0, clock=clock))
    look(table)
    key = (puppet.pid, puppet.start_time, 0)
    begun: list[subprocess.Popen[bytes]] = []
    try:
        for turn in range(12):
            begun.append(subprocess.Popen(["sleep", "30"]))
            if turn % 2:
                begun[-2].kill()
                begun[-2].wait()
            clock.now += 0.5
            ours, theirs = socket.socketpair()
            with ours, theirs:
                view = look(table)
            assert key in {key_of(f) for f in facts(view)}
            here = {f.owner.pid for f in facts(view) if key_of(f) not in view.closed}
            assert begun[-1].pid in here
            assert not here & {child.pid for child in begun if child.returncode is not None}
        assert len({key_of(f) for f in facts(view)}) == len(facts(view))
    finally:
        for child in begun:
            child.kill()
            child.wait()


def test_rows_of_another_machine_are_asked_nothing(puppet: Puppet, clock: Clock) -> None:
    table = MachineTable(Watched(puppet.pid), clock, live=False)
    asked: Callable[[], bool] = table.relate
    assert facts(look(table))
    assert not asked()
    assert all(f.shared is None and f.peers is None for f in facts(look(table)))
