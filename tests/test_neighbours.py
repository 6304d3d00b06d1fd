"""The neighbours of one process, and the listing of links that they are found in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fdtui.linux.bpf.iterator import available
from fdtui.linux.procfs import ProcFs
from fdtui.survey import iterating
from fdtui.survey.links import process_links, read_links
from fdtui.survey.neighbours import Neighbour, Neighbours, Sharer
from tests.puppets import Puppet, until

PROC = ProcFs()
FORK = "c = os.fork()\nif not c: ctypes.CDLL(None).prctl(1, 9); signal.pause(); os._exit(0)"
UNSHARE = "assert ctypes.CDLL(None).unshare(0x40000000) == 0"


@pytest.fixture
def pair() -> Iterator[tuple[Puppet, Puppet]]:
    with Puppet() as one, Puppet() as other:
        yield one, other


@pytest.fixture(params=["proc", "bpf"])
def asker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Neighbours:
    """Asks /proc alone, or the kernel's iterator however few descriptors there are."""
    if request.param == "proc":
        return Neighbours(PROC, "proc")
    if reason := available():
        pytest.skip(reason)
    monkeypatch.setattr(iterating, "BPF_PAYS_FROM", 0)
    return Neighbours(PROC)


def neighbours(pid: int, asker: Neighbours) -> dict[int, Neighbour]:
    return asker.of_process(pid, PROC.entries(pid, PROC.fds(pid)))


def made(puppet: Puppet, statement: str, answer: str) -> Any:
    puppet(statement)
    return puppet(answer)


def test_everything_about_one_process(
    pair: tuple[Puppet, Puppet], tmp_path: Path, asker: Neighbours
) -> None:
    one, other = pair
    path = str(tmp_path / "file")
    file = one(f"os.open({path!r}, os.O_RDWR | os.O_CREAT)")
    twin = one(f"os.dup({file})")
    listener = made(one, "s = socket.create_server(('127.0.0.1', 0))", "s.fileno()")
    client = made(one, "k = socket.create_connection(s.getsockname())", "k.fileno()")
    accepted = made(one, "a, _ = s.accept()", "a.fileno()")
    r, w = one("list(os.pipe())")
    master, slave = one("list(os.openpty())")
    counter = one("os.eventfd(0)")
    queue = one("os.memfd_create('same name')")
    other("os.memfd_create('same name')")
    apart = other(f"os.open({path!r}, os.O_RDONLY)")
    one(FORK)
    child = one("c")
    found = neighbours(one.pid, asker)
    assert set(found) == set(PROC.fds(one.pid))
    assert found[file].sharers == tuple(sorted([(one.pid, twin), (child, file), (child, twin)]))
    assert found[file].sharing_id == found[twin].sharing_id
    assert found[file].same_path == ((other.pid, apart),)
    assert {(p.pid, p.fd) for p in found[listener].peers} == {
        (one.pid, accepted),
        (child, accepted),
    }
    assert {(p.fd, p.relation) for p in found[client].peers} == {(accepted, "other end")}
    assert {(p.fd, p.relation) for p in found[r].peers} == {(w, "writer")}
    assert {(p.fd, p.relation) for p in found[slave].peers} == {(master, "master")}
    assert {(p.fd, p.relation) for p in found[master].peers} == {(slave, "slave")}
    assert [(p.pid, p.relation) for p in found[counter].peers] == [(child, "same counter")]
    assert {one.sharing_reason for one in found.values()} == {""}

    entries = {e.fd: e for e in PROC.entries(one.pid, [file, queue])}
    assert asker.opened_apart(entries[file], found[file]) == ((other.pid, apart),)
    # The memfds have one name, which the iterator does not look at.
    assert len(found[queue].same_path) <= 1
    assert asker.opened_apart(entries[queue], found[queue]) == (), "and are two files"
    comm = Path(f"/proc/{child}/comm").read_text()[:-1]
    assert asker.sharers(one.pid, file, found[file].sharers) == tuple(
        Sharer(pid, fd, comm, "dup" if pid == one.pid else "inherited")
        for pid, fd in found[file].sharers
    )


@pytest.mark.needs_root
def test_sockets_of_a_namespace_that_was_left(
    pair: tuple[Puppet, Puppet], asker: Neighbours
) -> None:
    one, other = pair
    other(UNSHARE)
    a, b = made(other, "a, b = socket.socketpair()", "[a.fileno(), b.fileno()]")
    name = f"\0fdtui-left-{one.pid}"
    # The socket travels to a process in another namespace than its own.
    one(f"l = socket.socket(socket.AF_UNIX); l.bind({name!r}); l.listen()")
    with Puppet() as postman:
        postman(f"s = socket.socket(socket.AF_UNIX); s.connect({name!r})")
        postman(
            f"p = os.pidfd_open({other.pid}); libc = ctypes.CDLL(None);"
            f"fd = libc.syscall(438, p, {a}, 0); socket.send_fds(s, [b'x'], [fd]); os.close(fd)"
        )
        far = made(one, "k, _ = l.accept(); f = socket.recv_fds(k, 1, 1)[1][0]", "f")
    unbound = made(one, "u = socket.socket()", "u.fileno()")
    for _ in range(2):
        found = neighbours(one.pid, asker)
        assert [(p.pid, p.fd) for p in found[far].peers] == [(other.pid, b)]
        assert found[far].sharers == ((other.pid, a),)
        assert found[unbound].peers == ()


def test_a_cancelled_look_says_nothing() -> None:
    calls = 0

    def cancelled() -> bool:
        nonlocal calls
        calls += 1
        return calls > 3

    found = Neighbours(PROC).of_process(
        os.getpid(), PROC.entries(os.getpid(), PROC.fds(os.getpid())), cancelled
    )
    assert found == {}
    assert not read_links(cancelled=lambda: True).complete


def test_a_large_table_can_be_cancelled_inside() -> None:
    with Puppet() as puppet:
        puppet("k = [os.dup(0) for _ in range(900)]")
        answers = iter([False, False, True])
        (table,) = process_links([puppet.pid], lambda: next(answers))
        assert len(table.fds) == len(table.links) == 512


def test_links_of_all_and_of_some() -> None:
    with Puppet() as puppet:
        fd = puppet("os.open('/tmp', os.O_RDONLY)")
        table = read_links()
        rows = {
            (pid, fd): link
            for pid, fd, link in zip(table.pids, table.fds, table.links, strict=True)
        }
        assert table.complete
        assert rows[puppet.pid, fd] == "/tmp"
        assert {fd for pid, fd in rows if pid == puppet.pid} == set(puppet.fds())
        some = read_links([puppet.pid], wanted={"/tmp", "/nowhere"})
        assert (some.pids, some.fds, some.links) == ([puppet.pid], [fd], ["/tmp"])


def test_numbers_that_close_while_they_are_read(tmp_path: Path) -> None:
    stop = tmp_path / "stop"
    with Puppet() as puppet:
        puppet.start(
            f"while not os.path.exists({str(stop)!r}):\n"
            "  k = [os.dup(0) for _ in range(200)]\n"
            "  for fd in k: os.close(fd)"
        )
        sizes: set[int] = set()

        def look() -> bool:
            for table in process_links([puppet.pid]):
                assert table.error is None
                assert len(table.fds) == len(table.links)
                assert "0" in table.fds
                sizes.add(len(table.fds))
            return len(sizes) > 20

        until(look, 20)
        stop.touch()
        puppet.answer()
    assert list(process_links([puppet.pid])) == []


@pytest.mark.needs_root
def test_refused_tables_are_named() -> None:
    with Puppet() as stranger:
        root = str(Path(__file__).parent.parent)
        stranger(f"sys.path.insert(0, {root!r})")
        stranger("from fdtui.survey.links import read_links")
        stranger("[os.setgroups([]), os.setgid(65534), os.setuid(65534)]")
        stranger(f"t = read_links([{os.getpid()}])")
        assert stranger("t.pids") == []
        assert stranger(f"str(t.refused[{os.getpid()}])") == "open: Permission denied (EACCES)"
