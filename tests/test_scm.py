"""Ancillary data on live sockets: what arrives is close-on-exec, what is too much is closed."""

from __future__ import annotations

import array
import os
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from fdtui.linux import scm
from fdtui.linux.owned import OwnedFd
from tests.puppets import hangfs

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(params=[socket.SOCK_SEQPACKET, socket.SOCK_STREAM, socket.SOCK_DGRAM])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    one, two = socket.socketpair(socket.AF_UNIX, request.param)
    with one, two:
        yield one, two


def open_fds() -> list[str]:
    return sorted(os.listdir("/proc/self/fd"))


def rights(count: int) -> list[tuple[int, int, array.array[int]]]:
    return [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0] * count))]


def test_a_descriptor_arrives_close_on_exec(pair: Pair) -> None:
    with OwnedFd(os.open(__file__, os.O_RDONLY)) as file:
        scm.send(pair[0], b"ok", [file])
        data, fds, sender = scm.receive(pair[1], 16, 1)
        assert (data, sender) == (b"ok", None)
        with fds[0] as copy:
            assert not os.get_inheritable(copy.fileno())
            assert os.path.sameopenfile(copy.fileno(), file.fileno())


@pytest.mark.parametrize("room", [0, 1, 2, 5])
@pytest.mark.parametrize("surplus", [1, 2, 3, 20])
@pytest.mark.parametrize("credentials", [False, True])
def test_surplus_descriptors_are_an_error_and_closed(
    pair: Pair, room: int, surplus: int, credentials: bool
) -> None:
    if credentials:
        scm.want_credentials(pair[1])
    before = open_fds()
    pair[0].sendmsg([b"x"], rights(room + surplus))
    with pytest.raises(scm.Truncated) as caught:
        scm.receive(pair[1], 16, room)
    assert caught.value.descriptors
    assert open_fds() == before


def test_exactly_as_many_as_there_is_room_for(pair: Pair) -> None:
    scm.want_credentials(pair[1])
    before = open_fds()
    for count in (1, 2, 16, scm.SCM_MAX_FD):
        pair[0].sendmsg([b"x"], rights(count))
        message = scm.receive(pair[1], 16, count)
        assert len(message.fds) == count
        assert message.sender == (os.getpid(), os.getuid(), os.getgid())
        message.close()
    assert open_fds() == before


def test_a_full_table_is_an_error_and_nothing_stays() -> None:
    one, two = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with one, two:
        one.sendmsg([b"x"], rights(5))
        before = open_fds()
        free = max(map(int, before)) + 1
        filler = [OwnedFd.duplicate_of(0) for _ in range(free - len(before) + 1)]
        top = max(fd.fileno() for fd in filler)
        resource.setrlimit(resource.RLIMIT_NOFILE, (top + 3, limits[1]))
        try:
            with pytest.raises(scm.Truncated) as caught:
                scm.receive(two, 16, 5)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for fd in filler:
            fd.close()
        assert caught.value.descriptors
        assert open_fds() == before


def test_too_much_data_is_an_error_and_closes_the_descriptor() -> None:
    one, two = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with one, two:
        before = open_fds()
        one.sendmsg([b"x" * 100], rights(1))
        with pytest.raises(scm.Truncated) as caught:
            scm.receive(two, 16, 1)
        assert not caught.value.descriptors
        assert open_fds() == before


def test_an_empty_message_is_not_sent(pair: Pair) -> None:
    with pytest.raises(ValueError, match="need a byte"):
        scm.send(pair[0], b"", [pair[0]])


def test_peer_is_this_process() -> None:
    one, two = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with one, two:
        assert scm.peer(one) == (os.getpid(), os.getuid(), os.getgid())
        with scm.peer_pidfd(one) or OwnedFd(-1) as pidfd:
            assert pidfd.closed or not os.get_inheritable(pidfd.fileno())


def test_a_socket_that_must_not_take_descriptors_takes_none() -> None:
    one, two = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with one, two:
        before = open_fds()
        if scm.refuse_descriptors(two):
            with pytest.raises(PermissionError):
                scm.send(one, b"x", [one])
        else:
            scm.send(one, b"x", [one])
            assert two.recv(16) == b"x"
        assert open_fds() == before


@pytest.mark.needs_root
def test_all_are_closed_whatever_a_server_says(pair: Pair, tmp_path: Path) -> None:
    """close(2) of a file whose server died is ENOTCONN: no reason to keep the others."""
    with hangfs(tmp_path / "fuse") as folder:
        with (
            OwnedFd(os.open(folder / "fine", os.O_RDWR)) as file,
            OwnedFd(os.open(__file__, os.O_RDONLY)) as other,
        ):
            scm.send(pair[0], b"x", [file, other])
        message = scm.receive(pair[1], 10, 2)
    message.close()
    assert all(fd.closed for fd in message.fds)
