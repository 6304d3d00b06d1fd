"""However the neighbours are found (/proc, the kernel's iterator, workers), they are the same."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from fdtui.linux import syscalls
from fdtui.linux.bpf.decode import walk
from fdtui.linux.bpf.iterator import TaskFile, available
from fdtui.linux.bpf.layout import TAIL
from fdtui.linux.procfs import Entry, ProcFs
from fdtui.survey import dealers, iterating
from fdtui.survey.comparing import Comparing
from fdtui.survey.dealing import Dealer
from fdtui.survey.links import ProcessLinks, process_links
from fdtui.survey.neighbours import Neighbour, Neighbours
from fdtui.survey.othernames import OtherNames
from fdtui.survey.shared_workers import shared
from fdtui.survey.watchers import EPOLL
from tests.puppets import Puppet, until
from tests.scanned import scanned

PROC = ProcFs()
FORK = "c = os.fork()\nif not c: ctypes.CDLL(None).prctl(1, 9); signal.pause(); os._exit(0)"
WAYS = ["proc", "workers", "bpf"]


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Neighbours]]:
    """Every way there is here, however few descriptors there are."""
    monkeypatch.setattr(iterating, "BPF_PAYS_FROM", 0)
    monkeypatch.setattr(dealers, "PAYS_FROM", 0)
    made = {"proc": Neighbours(PROC, "proc", workers=False), "workers": Neighbours(PROC, "proc")}
    if available() is None:
        made["bpf"] = Neighbours(PROC, workers=False)
    made["workers"].of_process(os.getpid(), [])  # they start, and share our standard error
    yield made
    shared.close()


def entries_of(pid: int) -> list[Entry]:
    return list(PROC.entries(pid, PROC.fds(pid)))


def said(
    asker: Neighbours, found: dict[int, Neighbour], entries: list[Entry], pids: Collection[int]
) -> dict[int, object]:
    """All that is told of each; of openers those that stay as they are, each one checked."""
    return {
        entry.fd: (
            found[entry.fd]._replace(same_path=()),
            [one for one in asker.opened_apart(entry, found[entry.fd]) if one[0] in pids],
            asker.watched_by(entry),
        )
        for entry in entries
        if isinstance(entry.fd, int)
    }


def compare(ways: dict[str, Neighbours], pid: int, pids: Collection[int]) -> dict[int, Neighbour]:
    entries = entries_of(pid)
    answers = {}
    for way, asker in ways.items():
        found = asker.of_process(pid, entries)
        assert found.keys() == {entry.fd for entry in entries}, way
        answers[way] = said(asker, found, entries, pids)
    for way, answer in answers.items():
        for fd, known in answers["proc"].items():
            assert answer[fd] == known, (way, fd)
    return found


def test_on_everything_there_is(ways: dict[str, Neighbours], tmp_path: Path) -> None:
    with scanned(tmp_path) as pids:
        for pid in pids:
            found = compare(ways, pid, pids)
            assert len(found) > 30
    assert shared.pool is not None, "workers have taken part"


@pytest.mark.parametrize("seed", range(3))
def test_on_random_tables(ways: dict[str, Neighbours], seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("two names")
    second.hardlink_to(first)
    os.mkfifo(tmp_path / "fifo")
    kinds = [
        "[os.open('/dev/zero', os.O_RDWR)]",
        f"[os.open({str(first)!r}, os.O_RDONLY)]",
        f"[os.open({str(second)!r}, os.O_RDWR)]",
        f"[os.open({str(tmp_path / 'fifo')!r}, os.O_RDWR)]",
        "[os.eventfd(0)]",
        "[os.memfd_create('x')]",
        "os.pipe()",
        "os.openpty()",
        "[s.detach() for s in socket.socketpair()]",
        "[os.dup(k[-1])]",
        "[os.dup(k[0])]",
    ]
    with Puppet() as one, Puppet() as other:
        pids = [one.pid, other.pid]
        for puppet in (one, other):
            puppet("k = [1]")
        for _ in range(40):
            puppet = chance.choice([one, other])
            puppet(f"k += {chance.choice(kinds)}")
            if chance.random() < 0.05:
                puppet(FORK)
                pids.append(puppet("c"))
        sharers = {}
        for pid in pids:
            for fd, near in compare(ways, pid, pids).items():
                sharers[pid, fd] = set(near.sharers)
        every = list(sharers)
        for (pid, fd), (pid2, fd2) in itertools.combinations(every, 2):
            same = syscalls.kcmp(pid, pid2, syscalls.KCMP_FILE, fd, fd2) == 0
            assert ((pid2, fd2) in sharers[pid, fd]) is same
            assert ((pid, fd) in sharers[pid2, fd2]) is same


@pytest.mark.parametrize("way", WAYS)
def test_a_file_with_two_names(ways: dict[str, Neighbours], way: str, tmp_path: Path) -> None:
    if way not in ways:
        pytest.skip(available() or "")
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("two names")
    second.hardlink_to(first)
    with Puppet() as one, Puppet() as other:
        mine = one(f"os.open({str(first)!r}, os.O_RDONLY)")
        twin = one(f"os.open({str(second)!r}, os.O_RDONLY)")
        far = other(f"os.open({str(second)!r}, os.O_RDWR)")
        other(f"os.open({str(tmp_path)!r}, os.O_RDONLY)")
        asker = ways[way]
        entries = entries_of(one.pid)
        found = asker.of_process(one.pid, entries)
        for entry in entries:
            if entry.fd in (mine, twin):
                assert isinstance(entry.fd, int)
                known = {(one.pid, mine), (one.pid, twin), (other.pid, far)} - {(one.pid, entry.fd)}
                assert set(asker.opened_apart(entry, found[entry.fd])) == known
                assert found[entry.fd].sharers == ()


@pytest.mark.parametrize("way", WAYS)
def test_a_terminal_and_an_epoll_across_processes(ways: dict[str, Neighbours], way: str) -> None:
    if way not in ways:
        pytest.skip(available() or "")
    with Puppet() as one, Puppet() as other:
        master, inner = one("list(os.openpty())")
        one(f"os.close({inner})")
        counter = one("os.eventfd(0)")
        one(
            "c = os.fork()\n"
            "if not c:\n"
            "  ctypes.CDLL(None).prctl(1, 9); e = select.epoll()\n"
            f"  e.register({counter}, select.EPOLLIN); signal.pause(); os._exit(0)"
        )
        child = one("c")
        until(lambda: any(entry.link == EPOLL for entry in entries_of(child)))
        name = slave_of(one.pid, master)
        slave = other(f"os.open({name!r}, os.O_RDWR | os.O_NOCTTY)")
        asker = ways[way]
        entries = {entry.fd: entry for entry in entries_of(one.pid)}
        found = asker.of_process(one.pid, entries.values())
        assert [(peer.pid, peer.fd) for peer in found[master].peers] == [(other.pid, slave)]
        (watcher,) = asker.watched_by(entries[counter])
        assert (watcher.pid, watcher.tfd, watcher.sure) == (child, counter, True)
        found = asker.of_process(other.pid, entries_of(other.pid))
        masters = [(one.pid, master), (child, master)]
        assert [(peer.pid, peer.fd) for peer in found[slave].peers] == sorted(masters)


def slave_of(pid: int, master: int) -> str:
    info = PROC.entry(pid, master).info
    assert info is not None
    return f"/dev/pts/{dict(info.lines)['tty-index']}"


class Partial(TaskFile):
    """An iterator that leaves out some rows of a process, as it does where they come and go."""

    def __init__(self, whole: TaskFile, pid: int, fds: Collection[int]) -> None:
        self._whole = whole
        self._left_out = {(pid, fd) for fd in fds}

    def chunks(self, pid: int = 0) -> Iterator[bytes]:
        for chunk in self._whole.chunks(pid):
            at = 0
            for row, _ in walk(chunk):
                end = at + (TAIL + row.length + 7 & -8)
                if (row.pid, row.fd) not in self._left_out:
                    yield chunk[at:end]
                at = end


def test_what_the_iterator_leaves_out_is_read(
    ways: dict[str, Neighbours], monkeypatch: pytest.MonkeyPatch
) -> None:
    if "bpf" not in ways:
        pytest.skip(available() or "")
    asker = ways["bpf"]
    with Puppet() as one, Puppet() as other:
        pipe = one("list(os.pipe())")
        one(FORK)
        child = one("c")
        whole = iterating._program.get([])
        assert whole is not None
        for pid, fds in ((child, pipe[:1]), (child, range(100)), (one.pid, pipe[1:])):
            monkeypatch.setattr(iterating._program, "_loaded", Partial(whole, pid, fds))
            found = asker.of_process(one.pid, entries_of(one.pid))
            for mine, far in (pipe, reversed(pipe)):
                assert found[mine].sharers == ((child, mine),)
                ends = [(peer.pid, peer.fd) for peer in found[mine].peers]
                assert ends == sorted([(one.pid, far), (child, far)])
        assert other.pid not in {peer.pid for peer in found[pipe[0]].peers}
    assert iterating.unlisted([os.getpid(), 1 << 22], {os.getpid(): 0}) == [os.getpid()]


def table_of(pid: int) -> ProcessLinks:
    (table,) = process_links([pid])
    return table


def test_one_of_ours_closed_before_a_worker_looked() -> None:
    with Puppet() as one:
        fds = [one("os.open('/dev/zero', os.O_RDWR)") for _ in range(3)]
        twin = one(f"os.dup({fds[1]})")
        one(FORK)
        child = one("c")
        mine, theirs = table_of(one.pid), table_of(child)
        dealer = Dealer(mine, {"/dev/zero"}, Comparing())
        one(f"os.close({fds[1]})")
        worker = Dealer(mine, {"/dev/zero"}, Comparing())
        worker.take(theirs)
        dealer.merge(worker.report())
        sets = dealer.finish()
        assert sets.id(one.pid, fds[1]) is None
        assert sets.reasons[one.pid, fds[1]] == "closed meanwhile (EBADF)"
        assert sets.sharers(one.pid, fds[0]) == ((child, fds[0]),)
        assert set(sets.sharers(one.pid, twin)) == {(child, fds[1]), (child, twin)}


def test_one_of_ours_closed_while_a_worker_looked() -> None:
    with Puppet() as one:
        fds = [one("os.open('/dev/zero', os.O_RDWR)") for _ in range(3)]
        # What is held under most numbers is what others are compared with first.
        twin = one(f"os.dup({fds[1]})")
        one(FORK)
        child = one("c")
        mine, theirs = table_of(one.pid), table_of(child)
        dealer = Dealer(mine, {"/dev/zero"}, Comparing())
        worker = Dealer(mine, {"/dev/zero"}, Comparing())
        one(f"os.close({fds[1]})")
        worker.take(theirs)
        dealer.merge(worker.report())
        sets = dealer.finish()
        assert sets.id(one.pid, fds[1]) is None
        assert sets.sharers(one.pid, fds[0]) == ((child, fds[0]),)
        assert sets.sharers(one.pid, fds[2]) == ((child, fds[2]),)
        assert set(sets.sharers(one.pid, twin)) == {(child, fds[1]), (child, twin)}


def test_a_killed_worker_is_no_loss(ways: dict[str, Neighbours]) -> None:
    asker = ways["workers"]
    with Puppet() as one:
        fd = one("os.open('/dev/zero', os.O_RDWR)")
        one(FORK)
        entries = entries_of(one.pid)
        known = asker.of_process(one.pid, entries)
        pool = shared.pool
        assert pool is not None
        assert pool._workers
        for worker in pool._workers:
            os.kill(worker.pid or worker.child.pid, 9)  # type: ignore[union-attr]
        again = asker.of_process(one.pid, entries)
        assert again[fd].sharers == known[fd].sharers
        assert len(known[fd].sharers) == 1
        assert again.keys() == known.keys()


def test_no_second_name_costs_no_look() -> None:
    names = OtherNames(())
    assert not names
    names.take(table_of(os.getpid()), ())
    assert names.holders == {}
