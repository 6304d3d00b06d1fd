"""sock_diag asked about one socket, and vsock_diag: what no getter tells."""

from __future__ import annotations

import os
import socket
import struct

import pytest

from fdtui.kinds import BY_NAME
from fdtui.linux import syscalls, vsockdiag
from fdtui.linux.abi import TcpState
from fdtui.linux.netns import netns_of
from fdtui.linux.owned import OwnedFd
from fdtui.linux.peek import Peek
from fdtui.linux.peek_socket import option, option_ints
from fdtui.linux.procfs import ProcFs
from fdtui.linux.sockask import Endpoint, ask_tcp, ask_unix_queues
from tests.puppets import Puppet
from tests.test_sockdiag import INET, UNSHARE, diag, ino

__all__ = ["diag"]


def ends(sock: socket.socket) -> tuple[Endpoint, Endpoint]:
    return Endpoint(*sock.getsockname()[:2]), Endpoint(*sock.getpeername()[:2])


@pytest.mark.parametrize(("family", "host"), INET)
def test_the_timer_of_one_connection(
    diag: socket.socket, family: socket.AddressFamily, host: str
) -> None:
    with socket.create_server((host, 0), family=family) as server:
        client = socket.create_connection(server.getsockname()[:2])
        accepted = server.accept()[0]
        with client, accepted:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 42)
            told = ask_tcp(diag, ino(client), family, socket.IPPROTO_TCP, *ends(client))
            assert told is not None
            assert told.timer is not None
            assert told.timer.name == "keepalive"
            assert 40 < told.timer.expires <= 42
            assert told.shutdown == 0
            client.shutdown(socket.SHUT_WR)
            told = ask_tcp(diag, ino(client), family, socket.IPPROTO_TCP, *ends(client))
            assert told is not None
            assert told.shutdown & 2
            # The same addresses, asked for by another inode: no answer rather than a wrong one.
            assert ask_tcp(diag, ino(server), family, socket.IPPROTO_TCP, *ends(client)) is None


def test_one_in_another_namespace_is_asked_there() -> None:
    with Puppet() as puppet:
        puppet(UNSHARE)
        puppet("s = socket.create_server(('127.0.0.1', 0))")
        puppet("c = socket.create_connection(s.getsockname())")
        puppet("c.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)")
        fd = puppet("c.fileno()")
        with OwnedFd(syscalls.pidfd_open(puppet.pid)) as pidfd:
            owned = OwnedFd(syscalls.pidfd_getfd(pidfd.fileno(), fd))
        with owned:
            info = BY_NAME["tcp"].examine(Peek(owned), ProcFs().entry(puppet.pid, fd))
    timer = info["timer"]
    assert isinstance(timer, dict)
    assert timer["name"] == "keepalive"
    assert info["netns"] != netns_of()


def test_how_many_wait_at_a_unix_listener(diag: socket.socket) -> None:
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(f"\0fdtui-waiting-{os.getpid()}")
        server.listen(5)
        client.connect(server.getsockname())
        assert ask_unix_queues(diag, ino(server)) == (1, 5)
        assert ask_unix_queues(diag, 1) is None


def test_a_message_of_vsock_diag() -> None:
    """The layout of linux/vm_sockets_diag.h: not every kernel is built with it."""
    raw = struct.pack("=4B5I2I", 40, 1, 1, 2, 3, 1024, 2, 5000, 777, 9, 9)
    assert vsockdiag.parse(memoryview(raw)) == vsockdiag.VsockSocket(
        ino=777, type=1, state=1, shutdown=2, lcid=3, lport=1024, rcid=2, rport=5000
    )


def test_vsock_sockets_are_dumped_where_the_kernel_can(diag: socket.socket) -> None:
    try:
        listener = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    except OSError as error:
        pytest.xfail(f"no vsock on this machine: {error}")
    with listener:
        listener.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY))
        listener.listen(1)
        try:
            found = {one.ino: one for one in vsockdiag.vsock_sockets(diag)}
        except FileNotFoundError:
            pytest.xfail("this kernel has no vsock_diag (CONFIG_VSOCKETS_DIAG)")
        one = found[ino(listener)]
        assert (one.state, one.lport) == (TcpState.LISTEN, listener.getsockname()[1])


def test_options_whose_reading_clears_them_are_not_read() -> None:
    so_error, so_type = 4, 3
    with socket.socket() as sock, OwnedFd(os.dup(sock.fileno())) as owned:
        peek = Peek(owned)
        for wanted in ([so_error], [so_type, so_error]):
            with pytest.raises(ValueError, match="clears it"):
                option_ints(peek, [(socket.SOL_SOCKET, number) for number in wanted])
        with pytest.raises(ValueError, match="clears it"):
            option(peek, socket.SOL_SOCKET, so_error)
        assert option(peek, socket.SOL_SOCKET, so_type) == socket.SOCK_STREAM
        assert option_ints(peek, [(socket.SOL_SOCKET, so_type), (socket.IPPROTO_IPV6, 26)]) == [
            socket.SOCK_STREAM,
            None,
        ]
