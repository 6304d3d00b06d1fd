"""The other end, found on live pipes, sockets, terminals, counters, queues and processes."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fdtui.linux.bpf.iterator import available
from fdtui.linux.record import Record
from fdtui.survey.links import read_links
from fdtui.survey.peers import Peer, PeerIndex
from fdtui.survey.scan import choose
from fdtui.survey.socket_peers import namespaces, socket_peers
from tests.puppets import Puppet

Index = Callable[[list[int]], PeerIndex]
HOSTS = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
FORK = "c = os.fork()\nif not c: ctypes.CDLL(None).prctl(1, 9); signal.pause(); os._exit(0)"
UNSHARE = """
libc = ctypes.CDLL(None, use_errno=True)
assert libc.unshare(0x40000000) == 0, ctypes.get_errno()
fcntl.ioctl(socket.socket(), 0x8914, b"lo".ljust(16, b"\\0") + (1).to_bytes(24, "little"))
"""


def records(pids: list[int], engine: str) -> list[Record]:
    if engine == "links":
        return list(read_links(pids).records())
    if engine == "bpf" and (reason := available()):
        pytest.skip(reason)
    with choose("bpf" if engine == "bpf" else "proc") as scan:
        return [row for rows in scan.sweep(pids) for row in rows]


@pytest.fixture(params=["links", "proc", "bpf"])
def index(request: pytest.FixtureRequest) -> Index:
    return lambda pids: PeerIndex.build(
        records(pids, request.param), socket_peers(namespaces(pids))
    )


@pytest.fixture
def pair() -> Iterator[tuple[Puppet, Puppet]]:
    with Puppet() as one, Puppet() as other:
        yield one, other


def made(puppet: Puppet, statement: str, answer: str) -> Any:
    """Run a statement, and return the value of an expression afterwards."""
    puppet(statement)
    return puppet(answer)


def ends(found: tuple[Peer, ...]) -> list[tuple[int, int | None, str]]:
    return [(peer.pid, peer.fd, peer.relation) for peer in found]


def test_a_pipe_across_a_fork(index: Index) -> None:
    with Puppet() as one:
        r, w = one("list(os.pipe())")
        one(FORK)
        child = one("c")
        both = sorted([one.pid, child])
        peers = index(both)
        assert ends(peers.of(one.pid, r)) == [(pid, w, "writer") for pid in both]
        assert ends(peers.of(child, w)) == [(pid, r, "reader") for pid in both]
        name = Path(f"/proc/{child}/comm").read_text().removesuffix("\n")
        assert {peer.comm for peer in peers.of(one.pid, r)} == {name}
        assert peers.of(one.pid, 999) == ()


def test_a_fifo_by_whatever_name(index: Index, pair: tuple[Puppet, Puppet], tmp_path: Path) -> None:
    one, other = pair
    path = tmp_path / "fifo"
    os.mkfifo(path)
    both = one(f"os.open({str(path)!r}, os.O_RDWR)")
    reader = one(f"os.open({str(path)!r}, os.O_RDONLY | os.O_NONBLOCK)")
    writer = other(f"os.open({str(path)!r}, os.O_WRONLY)")
    # A handle that can do neither faces nobody.
    other(f"os.open({str(path)!r}, os.O_PATH)")
    path.unlink()
    peers = index([one.pid, other.pid])
    assert set(ends(peers.of(one.pid, reader))) == {
        (one.pid, both, "reader and writer"),
        (other.pid, writer, "writer"),
    }
    assert set(ends(peers.of(other.pid, writer))) == {
        (one.pid, both, "reader and writer"),
        (one.pid, reader, "reader"),
    }
    assert set(ends(peers.of(one.pid, both))) == {
        (one.pid, reader, "reader"),
        (other.pid, writer, "writer"),
    }


@pytest.mark.parametrize("kind", ["STREAM", "DGRAM", "SEQPACKET"])
def test_a_unix_pair_across_a_fork(index: Index, kind: str) -> None:
    with Puppet() as one:
        a, b = made(
            one,
            f"a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_{kind})",
            "[a.fileno(), b.fileno()]",
        )
        one(FORK)
        child = one("c")
        both = sorted([one.pid, child])
        peers = index(both)
        assert ends(peers.of(one.pid, a)) == [(pid, b, "other end") for pid in both]
        assert ends(peers.of(child, b)) == [(pid, a, "other end") for pid in both]


@pytest.mark.parametrize("abstract", [True, False], ids=["abstract", "path"])
def test_a_unix_listener_and_its_connections(
    index: Index, pair: tuple[Puppet, Puppet], tmp_path: Path, abstract: bool
) -> None:
    one, other = pair
    name = f"\0fdtui-{one.pid}" if abstract else str(tmp_path / "sock")
    listener = made(
        one, f"s = socket.socket(socket.AF_UNIX); s.bind({name!r}); s.listen()", "s.fileno()"
    )
    client = made(other, f"s = socket.socket(socket.AF_UNIX); s.connect({name!r})", "s.fileno()")
    pids = [one.pid, other.pid]
    before = index(pids)
    assert ends(before.of(one.pid, listener)) == [(other.pid, client, "waiting")]
    assert ends(before.of(other.pid, client)) == [(one.pid, listener, "listener")]
    accepted = made(one, "a, _ = s.accept()", "a.fileno()")
    after = index(pids)
    assert ends(after.of(one.pid, listener)) == [(one.pid, accepted, "accepted")]
    assert ends(after.of(other.pid, client)) == [(one.pid, accepted, "other end")]
    assert ends(after.of(one.pid, accepted)) == [(other.pid, client, "other end")]


def test_a_path_bound_again_is_another_listener(
    index: Index, pair: tuple[Puppet, Puppet], tmp_path: Path
) -> None:
    one, other = pair
    name = str(tmp_path / "sock")
    listen = f"s = socket.socket(socket.AF_UNIX); s.bind({name!r}); s.listen()"
    first = made(one, listen, "s.fileno()")
    one(f"k = socket.socket(socket.AF_UNIX); k.connect({name!r}); a, _ = s.accept()")
    os.unlink(name)
    second = made(other, listen, "s.fileno()")
    peers = index([one.pid, other.pid])
    assert ends(peers.of(one.pid, first)) == [(one.pid, one("a.fileno()"), "accepted")]
    assert peers.of(other.pid, second) == ()


def test_datagrams_to_a_server(index: Index, pair: tuple[Puppet, Puppet]) -> None:
    one, other = pair
    name = f"\0fdtui-{one.pid}"
    dgram = "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)"
    server = made(one, f"{dgram}; s.bind({name!r})", "s.fileno()")
    client = made(other, f"{dgram}; s.connect({name!r})", "s.fileno()")
    peers = index([one.pid, other.pid])
    assert ends(peers.of(other.pid, client)) == [(one.pid, server, "server")]
    assert ends(peers.of(one.pid, server)) == [(other.pid, client, "client")]


@pytest.mark.parametrize(
    ("family", "bound", "asked"),
    [
        ("AF_INET", "127.0.0.1", "127.0.0.1"),
        ("AF_INET", "0.0.0.0", "127.0.0.1"),
        ("AF_INET6", "::1", "::1"),
        ("AF_INET6", "::", "::1"),
        ("AF_INET6", "::", "127.0.0.1"),
    ],
    ids=["v4", "v4 any", "v6", "v6 any", "v4 to v6"],
)
def test_tcp(
    index: Index, pair: tuple[Puppet, Puppet], family: str, bound: str, asked: str
) -> None:
    one, other = pair
    listener = made(
        one,
        f"s = socket.socket(socket.{family}); s.bind(({bound!r}, 0)); s.listen()",
        "s.fileno()",
    )
    port = one("s.getsockname()[1]")
    client = made(other, f"s = socket.create_connection(({asked!r}, {port}))", "s.fileno()")
    # A listener on another port and an unconnected socket are nobody's peers.
    alone = made(
        other, "t = socket.create_server(('127.0.0.1', 0)); u = socket.socket()", "t.fileno()"
    )
    pids = [one.pid, other.pid]
    before = index(pids)
    assert ends(before.of(other.pid, client)) == [(one.pid, listener, "listener")]
    accepted = made(one, "a, _ = s.accept()", "a.fileno()")
    peers = index(pids)
    assert ends(peers.of(one.pid, listener)) == [(one.pid, accepted, "accepted")]
    assert ends(peers.of(other.pid, client)) == [(one.pid, accepted, "other end")]
    assert ends(peers.of(one.pid, accepted)) == [(other.pid, client, "other end")]
    assert peers.of(other.pid, alone) == ()
    assert peers.of(other.pid, other("u.fileno()")) == ()


@pytest.mark.parametrize(("family", "host"), HOSTS)
def test_udp(index: Index, pair: tuple[Puppet, Puppet], family: int, host: str) -> None:
    one, other = pair
    udp = f"socket.socket({int(family)}, socket.SOCK_DGRAM)"
    server = made(one, f"s = {udp}; s.bind(({host!r}, 0))", "s.fileno()")
    port = one("s.getsockname()[1]")
    client = made(other, f"s = {udp}; s.connect(({host!r}, {port}))", "s.fileno()")
    pids = [one.pid, other.pid]
    peers = index(pids)
    assert ends(peers.of(other.pid, client)) == [(one.pid, server, "server")]
    assert ends(peers.of(one.pid, server)) == [(other.pid, client, "client")]
    one(f"s.connect(({host!r}, {other('s.getsockname()[1]')}))")
    peers = index(pids)
    assert ends(peers.of(other.pid, client)) == [(one.pid, server, "other end")]
    assert ends(peers.of(one.pid, server)) == [(other.pid, client, "other end")]


@pytest.mark.needs_root
def test_the_same_addresses_in_another_namespace_are_strangers(
    index: Index, pair: tuple[Puppet, Puppet]
) -> None:
    one, other = pair
    connect = (
        "s = socket.socket(); s.setsockopt(1, 2, 1); s.bind(('127.0.0.1', 4711)); s.listen()\n"
        "c = socket.socket(); c.bind(('127.0.0.1', 4712)); c.connect(('127.0.0.1', 4711))\n"
        "a, _ = s.accept(); x, y = socket.socketpair()"
    )
    for puppet in pair:
        puppet(UNSHARE)
        puppet(connect)
        puppet("u = socket.socket(type=socket.SOCK_DGRAM); u.connect(('127.0.0.1', 4713))")
    server = made(
        other,
        "v = socket.socket(type=socket.SOCK_DGRAM); v.bind(('127.0.0.1', 4713))",
        "v.fileno()",
    )
    peers = index([one.pid, other.pid])
    assert peers.of(one.pid, one("u.fileno()")) == (), "the server is elsewhere"
    client = other("u.fileno()")
    assert ends(peers.of(other.pid, client)) == [(other.pid, server, "server")]
    assert ends(peers.of(other.pid, server)) == [(other.pid, client, "client")]
    for puppet in pair:
        s, c, a, x, y = puppet("[o.fileno() for o in (s, c, a, x, y)]")
        assert ends(peers.of(puppet.pid, s)) == [(puppet.pid, a, "accepted")]
        assert ends(peers.of(puppet.pid, c)) == [(puppet.pid, a, "other end")]
        assert ends(peers.of(puppet.pid, a)) == [(puppet.pid, c, "other end")]
        assert ends(peers.of(puppet.pid, x)) == [(puppet.pid, y, "other end")]


def test_a_terminal_and_its_master(index: Index, pair: tuple[Puppet, Puppet]) -> None:
    one, other = pair
    master, slave = one("list(os.openpty())")
    name = one(f"os.ttyname({slave})")
    again = other(f"os.open({name!r}, os.O_RDWR | os.O_NOCTTY)")
    second, _ = other("list(os.openpty())")
    peers = index([one.pid, other.pid])
    if "tty-index" not in Path(f"/proc/{one.pid}/fdinfo/{master}").read_text():
        pytest.skip("this kernel does not print tty-index")
    assert set(ends(peers.of(one.pid, master))) == {
        (one.pid, slave, "slave"),
        (other.pid, again, "slave"),
    }
    assert ends(peers.of(other.pid, again)) == [(one.pid, master, "master")]
    assert (other.pid, second) not in {(p.pid, p.fd) for p in peers.of(one.pid, slave)}


@pytest.mark.needs_root
def test_every_container_numbers_its_terminals_from_zero(
    index: Index, pair: tuple[Puppet, Puppet], tmp_path: Path
) -> None:
    one, other = pair
    fds = {}
    for puppet in pair:
        # A mount namespace with a devpts of its own over /dev/pts, as container runtimes make.
        puppet(
            "libc = ctypes.CDLL(None, use_errno=True)\n"
            "assert not libc.unshare(0x20000)\n"
            "assert not libc.mount(b'none', b'/', None, 0x44000, None)\n"
            "assert not libc.mount(b'devpts', b'/dev/pts', b'devpts', 0,"
            " b'newinstance,ptmxmode=0666,mode=620'), ctypes.get_errno()"
        )
        fds[puppet] = puppet("list(os.openpty())")
        assert puppet(f"os.ttyname({fds[puppet][1]})") == "/dev/pts/0"
    peers = index([one.pid, other.pid])
    for puppet, (master, slave) in fds.items():
        assert ends(peers.of(puppet.pid, master)) == [(puppet.pid, slave, "slave")]
        assert ends(peers.of(puppet.pid, slave)) == [(puppet.pid, master, "master")]


def test_a_counter_shared_by_fork(index: Index) -> None:
    with Puppet() as one:
        fd, _ = one("[os.eventfd(0), os.eventfd(0)]")
        one(FORK)
        child = one("c")
        peers = index([one.pid, child])
        assert ends(peers.of(one.pid, fd)) == [(child, fd, "same counter")]


def test_a_message_queue(index: Index, pair: tuple[Puppet, Puppet]) -> None:
    one, other = pair
    name = f"/fdtui-peers-{one.pid}"
    opened = f"ctypes.CDLL(None).mq_open({name.encode()!r}, {{}}, 0o600, None)"
    reader = one(opened.format(os.O_RDONLY | os.O_CREAT))
    try:
        assert reader >= 0
        writer = other(opened.format(os.O_WRONLY))
        peers = index([one.pid, other.pid])
        assert ends(peers.of(one.pid, reader)) == [(other.pid, writer, "writer")]
        assert ends(peers.of(other.pid, writer)) == [(one.pid, reader, "reader")]
    finally:
        one(f"ctypes.CDLL(None).mq_unlink({name.encode()!r})")


def test_a_pidfd_and_its_process(index: Index, pair: tuple[Puppet, Puppet]) -> None:
    one, other = pair
    fd = one(f"os.pidfd_open({other.pid})")
    peers = index([one.pid])
    assert ends(peers.of(one.pid, fd)) == [(other.pid, None, "process")]
    other.kill()
    assert index([one.pid]).of(one.pid, fd) == ()


def test_what_has_no_other_end(index: Index, tmp_path: Path) -> None:
    with Puppet() as one:
        liar = tmp_path / "socket:[1]"
        fds = one(
            f"[os.open({str(liar)!r}, os.O_RDWR | os.O_CREAT), os.open('/dev/null', os.O_RDWR),"
            " os.open('/', os.O_RDONLY), os.memfd_create('x'), select.epoll().fileno()]"
        )
        peers = index([one.pid])
        assert [peers.of(one.pid, fd) for fd in fds] == [()] * len(fds)
