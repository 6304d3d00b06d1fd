"""Open file descriptions found to be one: by fork, dup and SCM_RIGHTS, on live processes."""

from __future__ import annotations

import itertools
import os
import random
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fdtui.linux import syscalls
from fdtui.linux.bpf.iterator import available
from fdtui.linux.kcmp import kcmp_raw, last_errno, refusal, same_table
from fdtui.linux.procfs import ProcFs
from fdtui.survey import sorters
from fdtui.survey.comparing import Comparing
from fdtui.survey.dealing import Dealer
from fdtui.survey.links import LinkTable, ProcessLinks, read_links
from fdtui.survey.origin import Kinship
from fdtui.survey.scan import choose
from fdtui.survey.shared_workers import shared
from fdtui.survey.sharing import SharingSets, sharing_of_links, sharing_of_records
from tests.puppets import Puppet

ROOT = Path(__file__).parent.parent
Survey = Callable[[list[int]], SharingSets]
# A child that stays until its parent is gone; fork in a puppet keeps every descriptor.
FORK = "c = os.fork()\nif not c: ctypes.CDLL(None).prctl(1, 9); signal.pause(); os._exit(0)"


def by_links(pids: list[int]) -> SharingSets:
    return sharing_of_links(read_links(pids))


def by_engine(name: str) -> Survey:
    def survey(pids: list[int]) -> SharingSets:
        if name == "bpf" and (reason := available()):
            pytest.skip(reason)
        with choose("bpf" if name == "bpf" else "proc") as engine:
            return sharing_of_records([row for rows in engine.sweep(pids) for row in rows])

    return survey


@pytest.fixture(params=["links", "workers", "proc", "bpf"])
def survey(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Survey]:
    if request.param == "workers":
        monkeypatch.setattr(sorters, "PAYS_FROM", 2)
        yield by_links
        assert shared.pool is not None, "workers have taken part"
        shared.close()
    else:
        yield by_links if request.param == "links" else by_engine(request.param)


@pytest.fixture
def pair() -> Iterator[tuple[Puppet, Puppet]]:
    with Puppet() as one, Puppet() as other:
        yield one, other


SOCKET_PAIR = "a, b = socket.socketpair()"


def dealt(pid: int, table: LinkTable) -> SharingSets:
    """What is found of one process among the tables that were read before."""
    tables = {one: ProcessLinks(one, [], [], None) for one in table.pids}
    for one, fd, link in zip(table.pids, table.fds, table.links, strict=True):
        tables[one] = ProcessLinks(one, [*tables[one].fds, fd], [*tables[one].links, link], None)
    dealer = Dealer(tables.pop(pid), set(table.links), Comparing())
    for other in tables.values():
        dealer.take(other)
    return dealer.finish()


def made(puppet: Puppet, statement: str, answer: str) -> Any:
    """Run a statement, and return the value of an expression afterwards."""
    puppet(statement)
    return puppet(answer)


def passed(one: Puppet, other: Puppet, fd: int, times: int = 1) -> int:
    """Send a descriptor from one puppet to the other; returns the number it has there."""
    name = f"\0fdtui-test-{one.pid}-{other.pid}"
    other(f"l = socket.socket(socket.AF_UNIX); l.bind({name!r}); l.listen()")
    one(f"s = socket.socket(socket.AF_UNIX); s.connect({name!r})")
    one(f"socket.send_fds(s, [b'x'], [{fd}])")
    other("k, _ = l.accept()")
    number = other("socket.recv_fds(k, 1, 1)[1][0]")
    # A number of its own, so that no chance makes it the sender's.
    far = other(f"os.dup2({number}, 300)")
    other(f"[os.close({number}), k.close(), l.close()]")
    one("s.close()")
    return int(far)


def test_dup_fork_and_passing(survey: Survey, pair: tuple[Puppet, Puppet], tmp_path: Path) -> None:
    one, other = pair
    path = tmp_path / "shared"
    fd = one(f"os.open({str(path)!r}, os.O_RDWR | os.O_CREAT)")
    twin = one(f"os.dup({fd})")
    apart = one(f"os.open({str(path)!r}, os.O_RDWR)")
    one(FORK)
    child = one("c")
    far = passed(one, other, fd)
    sets = survey([one.pid, other.pid, child])
    members = sorted([(one.pid, fd), (one.pid, twin), (child, fd), (child, twin), (other.pid, far)])
    assert sets.sharers(one.pid, twin) == tuple(m for m in members if m != (one.pid, twin))
    ids = {sets.id(*member) for member in members}
    assert ids == {"{}:{}".format(*members[0])}
    assert sets.sharers(one.pid, apart) == ((child, apart),)
    assert sets.id(one.pid, apart) == f"{min(one.pid, child)}:{apart}"
    assert tuple(members) in sets.all_sets()
    assert not sets.reasons
    kinship = Kinship(ProcFs())
    holders = {pid for pid, _ in members}
    assert kinship.origin((one.pid, fd), (one.pid, twin), holders) == "dup"
    assert kinship.origin((one.pid, fd), (child, fd), holders) == "inherited"
    assert kinship.origin((child, twin), (one.pid, fd), holders) == "inherited"
    assert kinship.origin((one.pid, fd), (other.pid, far), holders) == "passed"


def test_the_same_file_opened_apart(pair: tuple[Puppet, Puppet], tmp_path: Path) -> None:
    one, other = pair
    path = str(tmp_path / "file")
    first = one(f"os.open({path!r}, os.O_RDWR | os.O_CREAT)")
    second = other(f"os.open({path!r}, os.O_RDWR)")
    third = other(f"os.open({path!r}, os.O_RDONLY)")
    pids = [one.pid, other.pid]
    with choose("proc") as engine:
        records = [row for rows in engine.sweep(pids) for row in rows]
    sets = sharing_of_records(records)
    mine = next(row for row in records if (row.pid, row.fd) == (one.pid, first))
    apart = tuple(sorted([(other.pid, second), (other.pid, third)]))
    answer = sets.of(mine)
    assert answer.opened_apart == apart
    assert answer.sharers == ()
    assert answer.id == f"{one.pid}:{first}"
    assert answer.reason == ""
    assert sharing_of_links(read_links(pids)).opened_apart(mine) == apart


def test_files_without_names_and_sockets(survey: Survey, pair: tuple[Puppet, Puppet]) -> None:
    one, other = pair
    several = "os.eventfd(0), os.eventfd(0), os.pidfd_open(1), os.memfd_create('x'), select.epoll()"
    fds = made(one, f"t = ({several})", "[*t[:4], t[4].fileno()]")
    sockets = made(one, SOCKET_PAIR, "[a.fileno(), b.fileno()]")
    pipe = one("list(os.pipe())")
    one(FORK)
    child = one("c")
    apart = made(other, f"t = ({several})", "[*t[:4], t[4].fileno()]")
    far = passed(one, other, sockets[0])
    pids = [one.pid, other.pid, child]
    sets = survey(pids)
    for fd in [*fds, *pipe, sockets[1]]:
        assert sets.sharers(one.pid, fd) == ((child, fd),), fd
    assert sets.sharers(one.pid, sockets[0]) == tuple(
        sorted([(child, sockets[0]), (other.pid, far)])
    )
    for fd in apart:
        assert sets.sharers(other.pid, fd) == ()


@pytest.mark.parametrize("seed", range(3))
def test_it_agrees_with_comparing_every_pair(survey: Survey, seed: int) -> None:
    chance = random.Random(seed)
    with Puppet() as one, Puppet() as other:
        pids = [one.pid, other.pid]
        for puppet in (one, other):
            puppet("k = [1]")
        for _ in range(60):
            code = chance.choice(
                [
                    "[os.open('/dev/null', os.O_RDWR)]",
                    "[os.open('/dev/null', os.O_RDONLY | os.O_CLOEXEC)]",
                    "[os.eventfd(0)]",
                    "os.pipe()",
                    "[os.open('/tmp', os.O_RDONLY)]",
                    f"[os.dup2(1, {chance.randrange(120, 190)})]",
                    f"[os.dup(k[{chance.randrange(100)} % len(k)])]",
                ]
            )
            chance.choice([one, other])(f"k += {code}")
            if chance.random() < 0.05:
                pids.append(made(one, FORK, "c"))
        every = [(pid, fd) for pid in pids for fd in ProcFs().fds(pid)]
        sets = survey(pids)
        for (pid, fd), (pid2, fd2) in itertools.combinations(every, 2):
            same = syscalls.kcmp(pid, pid2, syscalls.KCMP_FILE, fd, fd2) == 0
            assert (sets.id(pid, fd) == sets.id(pid2, fd2)) is same, (pid, fd, pid2, fd2)


def test_only_sets_of_one_process(pair: tuple[Puppet, Puppet]) -> None:
    one, other = pair
    other(FORK)
    fds = [one("os.open('/dev/null', os.O_RDWR)") for _ in range(8)]
    twin = one(f"os.dup({fds[3]})")
    one(FORK)
    child = one("c")
    sets = dealt(one.pid, read_links([one.pid, other.pid, child, other("c")]))
    assert sets.sharers(one.pid, fds[3]) == tuple(
        sorted([(one.pid, twin), (child, fds[3]), (child, twin)])
    )
    assert sets.sharers(one.pid, fds[0]) == ((child, fds[0]),)
    assert {pid for group in sets.all_sets() for pid, _ in group} >= {one.pid, child}
    assert all(any(pid == one.pid for pid, _ in group) for group in sets.all_sets())


def test_a_number_closed_meanwhile_is_no_guess() -> None:
    with Puppet() as puppet:
        fds = [puppet("os.open('/dev/null', os.O_RDWR)") for _ in range(5)]
        twins = [puppet(f"os.dup({fd})") for fd in fds]
        for first in (fds[0], fds[2], twins[1]):
            table = read_links([puppet.pid])
            puppet(f"os.close({first})")
            sets = sharing_of_links(table)
            assert sets.id(puppet.pid, first) is None
            assert sets.reasons[puppet.pid, first] == "closed meanwhile (EBADF)"
        sets = sharing_of_links(table)
        assert sets.sharers(puppet.pid, fds[3]) == ((puppet.pid, twins[3]),)
        assert sets.sharers(puppet.pid, twins[0]) == ()
        row = next(row for row in table.records() if row.fd == fds[3])
        assert sets.reason(row) == "", "what others closed is no gap in what is known"


def test_one_process_closes_while_it_is_looked_at(pair: tuple[Puppet, Puppet]) -> None:
    one, other = pair
    mine = [one("os.open('/dev/null', os.O_RDWR)") for _ in range(4)]
    theirs = other("os.open('/dev/null', os.O_RDWR)")
    one(FORK)
    child = one("c")
    table = read_links(sorted([one.pid, other.pid, child]))
    one(f"os.close({mine[1]})")
    other(f"os.close({theirs})")
    sets = dealt(one.pid, table)
    assert sets.reasons[one.pid, mine[1]] == "closed meanwhile (EBADF)"
    assert sets.id(one.pid, mine[1]) is None
    for fd in (mine[0], mine[2], mine[3]):
        assert sets.sharers(one.pid, fd) == ((child, fd),)
    # One alone of its kind is compared with nothing of its own process.
    far = one("os.open('/tmp', os.O_RDONLY)")
    other("os.open('/tmp', os.O_RDONLY)")
    table = read_links([one.pid, other.pid])
    one(f"os.close({far})")
    sets = dealt(one.pid, table)
    assert sets.reasons[one.pid, far] == "closed meanwhile (EBADF)"


@pytest.mark.parametrize("workers_from", [2, sorters.PAYS_FROM], ids=["workers", "alone"])
def test_a_process_that_ended_meanwhile(workers_from: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorters, "PAYS_FROM", workers_from)
    with Puppet() as one, Puppet() as other:
        fd = one("os.open('/dev/null', os.O_RDWR)")
        gone = other("os.open('/dev/null', os.O_RDWR)")
        table = read_links([one.pid, other.pid])
        other.kill()
        sets = sharing_of_links(table)
        assert sets.reasons[other.pid, gone] == "closed meanwhile (ESRCH)"
        assert sets.id(one.pid, fd) == f"{one.pid}:{fd}"
        row = next(row for row in table.records() if (row.pid, row.fd) == (one.pid, fd))
        assert sets.reason(row) == "", "what is closed is no gap in what is known"
    assert (shared.pool is not None) is (workers_from == 2)
    shared.close()


def run_in(puppet: Puppet, code: str) -> object:
    """Have a puppet itself ask fdtui."""
    puppet(f"sys.path.insert(0, {str(ROOT)!r})")
    puppet("from fdtui.survey.links import read_links")
    puppet("from fdtui.survey.sharing import *")
    return puppet(code)


def test_where_kcmp_is_refused_the_reason_stands() -> None:
    with Puppet() as puppet:
        fd = puppet("os.open('/tmp', os.O_RDONLY)")
        twin = puppet(f"os.dup({fd})")
        one, other = made(puppet, SOCKET_PAIR, "[a.fileno(), b.fileno()]")
        socket_twin = puppet(f"os.dup({one})")
        run_in(puppet, "import struct")
        # seccomp(2): kcmp says EPERM, everything else is allowed.
        number = syscalls.NUMBERS["kcmp"]
        puppet(
            "rule = lambda *r: struct.pack('HBBI', *r);"
            f"code = rule(0x20,0,0,0) + rule(0x15,0,1,{number}) + rule(6,0,0,0x50001)"
            " + rule(6,0,0,0x7fff0000);"
            "buffer = ctypes.create_string_buffer(code);"
            "program = struct.pack('HxxxxxxQ', 4, ctypes.addressof(buffer));"
            "libc = ctypes.CDLL(None); assert not libc.prctl(38, 1, 0, 0, 0);"
            "assert not libc.prctl(22, 2, program)"
        )
        sets = f"s = sharing_of_links(read_links([{puppet.pid}]))"
        puppet(sets)
        refused = "kcmp(pid {}, fd {}): no right to look into that process (EPERM)"
        for number in (fd, twin):
            assert puppet(f"s.id({puppet.pid}, {number})") is None
            why = puppet(f"s.reasons[{puppet.pid}, {number}]")
            assert why == refused.format(puppet.pid, number)
            assert puppet(f"s.sharers({puppet.pid}, {number})") == []
        # What needs no kcmp is known all the same.
        assert puppet(f"s.sharers({puppet.pid}, {one})") == [[puppet.pid, socket_twin]]
        assert puppet(f"s.id({puppet.pid}, {other})") == f"{puppet.pid}:{other}"


@pytest.mark.needs_root
def test_a_stranger_sees_what_is_his_own() -> None:
    with Puppet() as stranger, Puppet() as root:
        run_in(stranger, "0")
        stranger("[os.setgroups([]), os.setgid(65534), os.setuid(65534)]")
        stranger("libc = ctypes.CDLL(None); libc.prctl(4, 1)")  # dumpable again
        fd = stranger("os.open('/dev/null', os.O_RDWR)")
        twin = stranger(f"os.dup({fd})")
        root("os.open('/dev/null', os.O_RDWR)")
        stranger(f"t = read_links([{stranger.pid}, {root.pid}])")
        stranger("s = sharing_of_links(t)")
        assert stranger(f"s.sharers({stranger.pid}, {fd})") == [[stranger.pid, twin]]
        assert stranger(f"str(t.refused[{root.pid}])") == "open: Permission denied (EACCES)"
        assert stranger("set(t.pids) == {os.getpid()}") is True
        # Rows that came another way (a helper) still cannot be compared.
        stranger(f"t.pids += [{root.pid}]; t.fds += [1]; t.links += ['/dev/null']")
        stranger("s = sharing_of_links(t)")
        assert stranger(f"s.id({root.pid}, 1)") is None
        assert "EPERM" in stranger(f"s.reasons[{root.pid}, 1]")
        assert stranger(f"s.sharers({stranger.pid}, {fd})") == [[stranger.pid, twin]]
        why = stranger("s.reason(next(t.records({'/dev/null'})))")
        assert why.startswith("1 of the same file could not be compared; kcmp(pid ")


def test_rows_that_could_not_be_read_say_so() -> None:
    with Puppet() as puppet:
        with choose("proc") as engine:
            rows = [row for batch in engine.sweep([puppet.pid]) for row in batch]
        unread = rows[0]._replace(link="", error=("readlink", 13))
        sets = sharing_of_records([unread, *rows[1:]])
        assert sets.id(unread.pid, unread.fd) is None
        assert sets.of(unread).reason == "readlink: Permission denied (EACCES)"


def test_cancelled_sets_say_that_they_are_not_whole() -> None:
    table = LinkTable([1, 1], [3, 4], ["/dev/null", "/dev/null"])
    assert not sharing_of_links(table, cancelled=lambda: True).complete
    assert sharing_of_links(LinkTable()).complete


def test_raw_kcmp_says_why() -> None:
    mine = os.getpid()
    with socket.socket() as one:
        fd = one.fileno()
        assert kcmp_raw(mine, mine, syscalls.KCMP_FILE, fd, fd) == 0
        assert refusal(mine, fd) == 0
    assert kcmp_raw(mine, mine, syscalls.KCMP_FILE, fd, fd) == -1
    assert last_errno() == refusal(mine, fd) == 9


def test_a_shared_table_is_no_inheritance() -> None:
    with Puppet() as puppet:
        # clone(CLONE_FILES | CLONE_VFORK...) is what threads of another process do: use a raw
        # clone of the table only, in a child that waits.
        puppet(
            "libc = ctypes.CDLL(None); c = libc.syscall(56 if os.uname().machine == 'x86_64' "
            "else 220, 0x400 | 17, 0, 0, 0, 0)\n"
            "if not c: libc.prctl(1, 9); signal.pause(); os._exit(0)"
        )
        child = puppet("c")
        fd = puppet("os.open('/dev/null', os.O_RDWR)")
        assert same_table(puppet.pid, child)
        assert by_links([puppet.pid, child]).sharers(puppet.pid, fd) == ((child, fd),)
        kinship = Kinship(ProcFs())
        assert kinship.origin((puppet.pid, fd), (child, fd)) == "same table"


def test_kinship_ends_with_processes_that_are_gone() -> None:
    kinship = Kinship(ProcFs())
    assert kinship.parent(1 << 22) == 0
    assert kinship.line(os.getpid())[:2] == [os.getpid(), os.getppid()]
    assert kinship.origin((os.getpid(), 3), (1 << 22, 3)) == "passed"
