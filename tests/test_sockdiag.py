"""sock_diag: what the kernel lists about live sockets, here and in other namespaces."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from fdtui.linux import procnet, sockdiag
from fdtui.linux.abi import TcpState
from fdtui.linux.netlink import open_socket
from fdtui.linux.netns import netns_of, open_socket_in
from fdtui.survey.socket_peers import EVERYTHING, socket_peers
from tests.puppets import Puppet

INET = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
# A namespace starts with its loopback interface down; SIOCSIFFLAGS 0x8914, IFF_UP 1.
UNSHARE = """
libc = ctypes.CDLL(None, use_errno=True)
assert libc.unshare(0x40000000) == 0, ctypes.get_errno()
fcntl.ioctl(socket.socket(), 0x8914, b"lo".ljust(16, b"\\0") + (1).to_bytes(24, "little"))
"""


@pytest.fixture
def diag() -> Iterator[socket.socket]:
    with open_socket() as sock:
        yield sock


def ino(sock: socket.socket) -> int:
    return os.fstat(sock.fileno()).st_ino


def inet(diag: socket.socket, family: int, protocol: str) -> dict[int, sockdiag.InetSocket]:
    return {one.ino: one for one in sockdiag.inet_sockets(diag, family, protocol, tcp_info=True)}


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET])
def test_a_unix_pair_names_each_other(diag: socket.socket, kind: socket.SocketKind) -> None:
    one, other = socket.socketpair(socket.AF_UNIX, kind)
    with one, other:
        one.send(b"twelve bytes")
        found = sockdiag.unix_sockets(diag)
        a, b = found[ino(one)], found[ino(other)]
        assert (a.peer, b.peer) == (b.ino, a.ino)
        assert a.type == kind
        assert a.state == TcpState.ESTAB
        assert b.recv_queue == 12
        assert a.uid == os.getuid()
        assert a.path == ""
        assert a.cookie == int.from_bytes(one.getsockopt(socket.SOL_SOCKET, 57, 8), "little")
        peers = {ino: peer for ino, _, peer in sockdiag.unix_peers(diag)}
        assert (peers[a.ino], peers[b.ino]) == (b.ino, a.ino)


def test_shutdown_is_told(diag: socket.socket) -> None:
    one, other = socket.socketpair()
    with one, other:
        one.shutdown(socket.SHUT_WR)
        found = sockdiag.unix_sockets(diag)
        assert (found[ino(one)].shutdown, found[ino(other)].shutdown) == (2, 1)


def test_a_listener_has_a_file_and_waiting_connections(diag: socket.socket, tmp_path: Path) -> None:
    path = tmp_path / "listener"
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind(str(path))
        listener.listen(7)
        client.connect(str(path))
        found = sockdiag.unix_sockets(diag)[ino(listener)]
        assert found.path == str(path)
        assert found.state == TcpState.LISTEN
        st = path.stat()
        assert found.file == (os.major(st.st_dev), os.minor(st.st_dev), st.st_ino)
        assert found.waiting == (ino(client),)
        assert (found.recv_queue, found.send_queue) == (1, 7)
        named = {one.ino: one for one in sockdiag.unix_names(diag)}
        assert named[ino(listener)].waiting == (ino(client),)
        assert ino(client) not in named
        assert {i: peer for i, _, peer in sockdiag.unix_peers(diag)}[ino(client)] == 0


def test_a_name_with_a_newline_forges_no_socket(diag: socket.socket) -> None:
    row = "0000000000000000: 00000002 00000000 00010000 0001 01 4194304001 /run/forged"
    name = f"\0fdtui-{os.getpid()}\n{row}".encode()
    with socket.socket(socket.AF_UNIX) as liar:
        liar.bind(name)
        assert f"\n{row}".encode() in Path("/proc/net/unix").read_bytes(), "forged no more"
        found = sockdiag.unix_sockets(diag)
        assert 4194304001 not in found
        assert found[ino(liar)].name == name
        assert found[ino(liar)].path == "@" + name[1:].decode()
        spaces = {netns_of(): os.getpid()}
        assert 4194304001 not in socket_peers(spaces)


def test_a_name_that_is_no_text_survives(diag: socket.socket) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as odd:
        odd.bind(b"\0\xff\x00\x1b[31m")
        found = sockdiag.unix_sockets(diag)[ino(odd)]
        assert found.name == b"\0\xff\x00\x1b[31m"
        assert found.path == "@\udcff\0\x1b[31m"


@pytest.mark.parametrize(("family", "host"), INET)
def test_tcp(diag: socket.socket, family: int, host: str) -> None:
    with (
        socket.create_server((host, 0), family=family, backlog=5) as listener,
        socket.create_connection(listener.getsockname()[:2]) as client,
    ):
        waiting = inet(diag, family, "tcp")[ino(listener)]
        assert (waiting.state, waiting.recv_queue, waiting.send_queue) == (TcpState.LISTEN, 1, 5)
        with listener.accept()[0] as server:
            client.send(b"pending")
            found = inet(diag, family, "tcp")
            ours, theirs = found[ino(client)], found[ino(server)]
            assert (ours.local, ours.lport) == client.getsockname()[:2]
            assert (ours.remote, ours.rport) == listener.getsockname()[:2]
            assert (theirs.remote, theirs.rport) == (ours.local, ours.lport)
            assert theirs.recv_queue == 7
            assert ours.state == TcpState.ESTAB
            assert ours.uid == os.getuid()
            assert ours.cookie == int.from_bytes(client.getsockopt(1, 57, 8), "little")
            assert ours.tcp_info[:1] == client.getsockopt(socket.IPPROTO_TCP, 11, 280)[:1]
            assert len(ours.tcp_info) > 100


@pytest.mark.parametrize(("family", "host"), INET)
def test_udp(diag: socket.socket, family: int, host: str) -> None:
    with (
        socket.socket(family, socket.SOCK_DGRAM) as server,
        socket.socket(family, socket.SOCK_DGRAM) as client,
    ):
        server.bind((host, 0))
        client.connect(server.getsockname())
        client.send(b"12345")
        found = inet(diag, family, "udp")
        assert found[ino(server)].lport == server.getsockname()[1]
        assert found[ino(server)].recv_queue > 0
        assert found[ino(client)].rport == server.getsockname()[1]
        assert found[ino(server)].state == TcpState.CLOSE


@pytest.mark.parametrize(("family", "host"), INET)
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_proc_tells_the_same(diag: socket.socket, family: int, host: str, protocol: str) -> None:
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(family, kind) as one, socket.socket(family, kind) as other:
        one.bind((host, 0))
        if protocol == "tcp":
            one.listen()
        other.connect(one.getsockname())
        mine = {ino(one), ino(other)}
        by_diag = sorted(x for x in sockdiag.inet_keys(diag, family, protocol) if x[0] in mine)
        by_proc = sorted(x for x in procnet.inet_keys("self", family, protocol) if x[0] in mine)
        assert len(by_diag) == 2
        assert by_diag == by_proc


def test_netlink(diag: socket.socket) -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as route:
        route.bind((0, 0x5))
        found = {one.ino: one for one in sockdiag.netlink_sockets(diag)}[ino(route)]
        assert found.protocol == socket.NETLINK_ROUTE
        assert found.port == route.getsockname()[0]
        assert found.groups == 0x5


@pytest.mark.needs_root
def test_packet(diag: socket.socket) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88B5)) as packet:
        packet.bind(("lo", 0x88B5))
        found = {one.ino: one for one in sockdiag.packet_sockets(diag)}[ino(packet)]
        assert found.protocol == 0x88B5
        assert found.interface == socket.if_nametoindex("lo")
        assert found.type == socket.SOCK_RAW
        assert found.uid == os.getuid()


def test_a_refusal_is_the_kernels_errno(diag: socket.socket) -> None:
    with pytest.raises(OSError, match=r"^\[Errno") as refused:
        list(sockdiag.inet_sockets(diag, 99, "tcp"))
    assert refused.value.errno in (errno.ENOENT, errno.EINVAL)


@pytest.mark.needs_root
def test_another_namespace_is_asked_in_its_own() -> None:
    with Puppet() as puppet:
        puppet(UNSHARE)
        puppet("s = socket.create_server(('127.0.0.1', 4711)); a, b = socket.socketpair()")
        tcp, unix, peer = puppet("[os.fstat(x.fileno()).st_ino for x in (s, a, b)]")
        before = netns_of("thread-self")
        with open_socket() as ours, open_socket_in(puppet.pid) as theirs:
            assert tcp not in {x[0] for x in sockdiag.inet_keys(ours, socket.AF_INET, "tcp")}
            assert unix not in sockdiag.unix_sockets(ours)
            found = {x.ino: x for x in sockdiag.inet_sockets(theirs, socket.AF_INET, "tcp")}
            assert found[tcp].lport == 4711
            assert sockdiag.unix_sockets(theirs)[unix].peer == peer
        assert netns_of("thread-self") == before, "this thread went along"
        assert netns_of(puppet.pid) != before


@pytest.mark.needs_root
def test_a_namespace_that_cannot_be_entered_is_read_from_proc() -> None:
    with Puppet() as puppet, Puppet() as asker:
        puppet(UNSHARE)
        puppet(
            "s = socket.create_server(('127.0.0.1', 0)); c = socket.create_connection("
            "s.getsockname()); d, _ = s.accept(); a, b = socket.socketpair()"
        )
        c, d, a = puppet("[os.fstat(x.fileno()).st_ino for x in (c, d, a)]")
        root = Path(__file__).parent.parent
        asker("ctypes.CDLL(None).prctl(24, 21)")  # PR_CAPBSET_DROP: CAP_SYS_ADMIN
        asker(f"sys.path.insert(0, {str(root)!r})")
        # The capability itself goes with capset(2), version 3, of the effective set alone.
        asker(
            "import struct; head = struct.pack('Ii', 0x20080522, 0); data = bytearray(24);"
            "libc = ctypes.CDLL(None); buf = (ctypes.c_char * 24)();"
            "libc.capget(head, buf); e, p, i, e2, p2, i2 = struct.unpack('6I', buf.raw);"
            "assert not libc.capset(head, struct.pack('6I', e & ~(1 << 21), p & ~(1 << 21), i,"
            " e2, p2, i2))"
        )
        asker("from fdtui.survey.socket_peers import socket_peers")
        asker(f"from fdtui.linux.netns import netns_of; n = netns_of({puppet.pid})")
        asker(f"peers = socket_peers({{n: {puppet.pid}}})")
        assert asker("str(peers.failures[n])") == "setns: Operation not permitted (EPERM)"
        assert asker(f"peers.of({c})") == [[d, "other end"]]
        assert asker(f"{a} in peers") is False
        assert socket_peers({netns_of(puppet.pid): puppet.pid}, EVERYTHING).of(a)
