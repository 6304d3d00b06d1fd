"""Act on live kernel objects: exactly the change that was asked for, and never a wait."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import signal
import socket
import struct
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fdtui.linux import scm
from fdtui.linux.act import F_OFD_SETLK, Act
from fdtui.linux.act_queue import PATIENCE_MS, sigpipe_blocked
from fdtui.linux.act_socket import give
from fdtui.linux.owned import OwnedFd
from fdtui.linux.procfs import ProcFs
from fdtui.linux.written import Written, write_all
from tests.puppets import until

F_OFD_GETLK = 36
FLOCK = struct.Struct("hhqqi4x")


@pytest.fixture
def file(tmp_path: Path) -> Iterator[OwnedFd]:
    with OwnedFd(os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)) as owned:
        os.write(owned.fileno(), b"0123456789")
        yield owned


@contextmanager
def pipe(flags: int = 0) -> Iterator[tuple[OwnedFd, OwnedFd]]:
    one, two = map(OwnedFd, os.pipe2(os.O_CLOEXEC | flags))
    with one, two:
        yield one, two


def content(owned: OwnedFd) -> bytes:
    return os.pread(owned.fileno(), 1 << 20, 0)


def offset(owned: OwnedFd) -> int:
    return os.lseek(owned.fileno(), 0, os.SEEK_CUR)


def flags(owned: OwnedFd) -> int:
    return fcntl.fcntl(owned.fileno(), fcntl.F_GETFL)


def fill(write_end: OwnedFd) -> int:
    """Fill a pipe to its last byte, leaving its flags as they are."""
    count = 0
    try:
        while True:
            count += os.pwritev(write_end.fileno(), [b"f" * 4096], -1, 8)
    except BlockingIOError:
        return count


def test_write_moves_the_shared_offset(file: OwnedFd) -> None:
    assert Act(file).write(b"ab") == Written(2, 2)
    assert (content(file), offset(file)) == (b"0123456789ab", 12)


@pytest.mark.parametrize("append", [False, True])
def test_pwrite_lands_where_it_says_and_moves_nothing(file: OwnedFd, append: bool) -> None:
    Act(file).set_flag(os.O_APPEND, append)
    os.lseek(file.fileno(), 3, os.SEEK_SET)
    before = flags(file)
    assert Act(file).pwrite(b"ab", 2) == Written(2, 2)
    assert (content(file), offset(file)) == (b"01ab456789", 3)
    assert flags(file) == before


def test_append_moves_nothing(file: OwnedFd) -> None:
    os.lseek(file.fileno(), 3, os.SEEK_SET)
    before = flags(file)
    assert Act(file).append(b"ab") == Written(2, 2)
    assert (content(file), offset(file)) == (b"0123456789ab", 3)
    assert flags(file) == before


def test_truncate_leaves_the_offset_and_seek_the_bytes(file: OwnedFd) -> None:
    Act(file).truncate(4)
    assert (content(file), offset(file)) == (b"0123", 10)
    assert Act(file).seek(1) == 1
    assert (content(file), offset(file)) == (b"0123", 1)


def test_a_flag_is_one_flag(file: OwnedFd) -> None:
    before = flags(file)
    assert Act(file).set_flag(os.O_APPEND, True) == before
    assert flags(file) == before | os.O_APPEND
    assert Act(file).set_flag(os.O_NONBLOCK, True) == before | os.O_APPEND
    Act(file).set_flag(os.O_APPEND, False)
    assert flags(file) == before | os.O_NONBLOCK


def test_a_flock_is_released(file: OwnedFd, tmp_path: Path) -> None:
    fcntl.flock(file.fileno(), fcntl.LOCK_EX)
    with open(tmp_path / "file", "rb") as other:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        Act(file).unlock_flock()
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_an_ofd_lock_is_released_and_no_other(file: OwnedFd, tmp_path: Path) -> None:
    for start in (0, 100):
        lock = FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, start, 10, 0)
        fcntl.fcntl(file.fileno(), F_OFD_SETLK, lock)
    with open(tmp_path / "file", "r+b") as other:
        theirs = FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 50, 10, 0)
        fcntl.fcntl(other.fileno(), F_OFD_SETLK, theirs)
        Act(file).unlock_ofd()

        def held_at(descriptor: int, start: int) -> bool:
            ask = FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, start, 10, 0)
            found = FLOCK.unpack(fcntl.fcntl(descriptor, F_OFD_GETLK, ask))
            return bool(found[0] != fcntl.F_UNLCK)

        assert not held_at(other.fileno(), 0)
        assert not held_at(other.fileno(), 100)
        assert held_at(file.fileno(), 50)


def test_sync_asks_the_kernel() -> None:
    with pipe() as (_, writer), pytest.raises(OSError, match="Invalid argument"):
        Act(writer).sync()


def test_punch_frees_blocks_and_keeps_the_size(file: OwnedFd) -> None:
    os.pwrite(file.fileno(), b"x" * (1 << 20), 0)
    Act(file).sync()
    before = os.fstat(file.fileno())
    Act(file).punch(4096, 1 << 19)
    after = os.fstat(file.fileno())
    assert after.st_size == before.st_size
    assert before.st_blocks - after.st_blocks == (1 << 19) // 512
    assert os.pread(file.fileno(), 4, 4094) == b"xx\0\0"
    assert offset(file) == 10


@pytest.mark.parametrize("direct", [0, os.O_DIRECT])
def test_a_full_pipe_is_told_and_not_waited_for(direct: int) -> None:
    with pipe(direct) as (reader, writer):
        before = flags(writer)
        room = fill(writer)
        begin = time.monotonic()
        assert Act(writer).write(b"more") == Written(0, 4, errno.EAGAIN)
        assert time.monotonic() - begin < PATIENCE_MS / 1000 + 1
        os.read(reader.fileno(), 4096)
        assert Act(writer).write(b"m" * 8192) == Written(4096, 8192, errno.EAGAIN)
        assert flags(writer) == before
        assert room >= 4096


def test_a_slow_reader_gets_all_of_it() -> None:
    with pipe() as (reader, writer):
        fill(writer)
        data = b"n" * 200_000
        got: list[int] = []

        def read() -> None:
            while sum(got) < 65536 + len(data):
                got.append(len(os.read(reader.fileno(), 65536)))

        thread = threading.Thread(target=read)
        thread.start()
        assert Act(writer).write(data) == Written(len(data), len(data))
        thread.join()


def test_without_a_reader_it_is_epipe_and_no_signal() -> None:
    before = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        with pipe() as (reader, writer):
            reader.close()
            assert Act(writer).write(b"x") == Written(0, 1, errno.EPIPE)
        one, two = map(OwnedFd, (s.detach() for s in socket.socketpair()))
        with one, two:
            two.close()
            assert Act(one).write(b"x") == Written(0, 1, errno.EPIPE)
    finally:
        signal.signal(signal.SIGPIPE, before)


def test_a_sigpipe_that_was_pending_stays_pending() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
    handler = signal.signal(signal.SIGPIPE, lambda *_: None)
    try:
        signal.pthread_kill(threading.get_ident(), signal.SIGPIPE)
        with sigpipe_blocked():
            pass
        assert signal.SIGPIPE in signal.sigpending()
        assert signal.SIGPIPE in signal.pthread_sigmask(signal.SIG_BLOCK, ())
        signal.sigtimedwait({signal.SIGPIPE}, 0)
    finally:
        signal.signal(signal.SIGPIPE, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_a_terminal_that_nobody_reads_is_not_waited_for() -> None:
    master, slave = map(OwnedFd, pty.openpty())
    with master, slave:
        tty.setraw(slave.fileno())
        before = flags(slave), flags(master)
        for end in (slave, master):
            done = Act(end).write(b"t" * (4 << 20))
            assert 0 < done.done < done.wanted
            assert done.errno == errno.EAGAIN
        assert (flags(slave), flags(master)) == before
        assert Act(slave).write(b"t").errno == errno.EAGAIN


def test_a_file_that_may_not_grow_tells_how_far_it_came(file: OwnedFd) -> None:
    import resource

    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (14, limit[1]))
    try:
        assert Act(file).write(b"abcdef") == Written(4, 6, errno.EFBIG)
        assert Act(file).append(b"x") == Written(0, 1, errno.EFBIG)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


def test_a_full_disk_is_enospc() -> None:
    with OwnedFd(os.open("/dev/full", os.O_WRONLY)) as full:
        assert Act(full).write(b"x") == Written(0, 1, errno.ENOSPC)


def test_a_write_that_never_gets_on_ends() -> None:
    def never(_rest: bytes, _done: int) -> int:
        raise BlockingIOError(errno.EAGAIN, "")

    assert write_all(never, b"x", lambda: True) == Written(0, 1, errno.EAGAIN)


@pytest.mark.parametrize("direct", [0, os.O_DIRECT])
def test_drain_takes_no_more_than_it_may(direct: int) -> None:
    with pipe(direct) as (reader, writer):
        before = flags(reader)
        os.write(writer.fileno(), b"first")
        os.write(writer.fileno(), b"second")
        assert Act(reader).drain(5) == b"first"
        assert os.read(reader.fileno(), 100) == b"second"
        assert Act(reader).drain(100) == b""
        assert flags(reader) == before


def test_a_pipe_is_resized_and_keeps_what_is_queued() -> None:
    with pipe() as (reader, writer):
        os.write(writer.fileno(), b"x" * 8192)
        with pytest.raises(OSError, match="busy"):
            Act(writer).set_pipe_size(4096)
        assert Act(reader).set_pipe_size(100_000) == 131072
        assert Act(reader).drain(1 << 20) == b"x" * 8192


def test_a_stream_takes_what_fits_and_a_datagram_all_or_nothing() -> None:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        one, two = socket.socketpair(socket.AF_UNIX, kind)
        with one, two, OwnedFd(os.dup(one.fileno())) as owned:
            assert Act(owned).send(b"hello") == Written(5, 5)
            assert two.recv(100) == b"hello"
            done = Act(owned).send(b"x" * (4 << 20))
            if kind == socket.SOCK_STREAM:
                assert 0 < done.done < done.wanted
                assert done.errno == errno.EAGAIN
            else:
                assert done == Written(0, 4 << 20, errno.EMSGSIZE)
            assert not flags(owned) & os.O_NONBLOCK


def test_shutdown_ends_both_sides_and_an_option_is_set() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        peer, _ = server.accept()
        with client, peer, OwnedFd(os.dup(client.fileno())) as owned:
            Act(owned).setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            assert client.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            Act(owned).shutdown(socket.SHUT_RDWR)
            assert (client.recv(1), peer.recv(1)) == (b"", b"")


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET])
@pytest.mark.parametrize("abstract", [False, True])
def test_any_kind_of_listener_is_given_the_descriptor(
    file: OwnedFd, tmp_path: Path, kind: int, abstract: bool
) -> None:
    name = f"@fdtui-test-{os.getpid()}" if abstract else str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX, kind) as listener:
        listener.bind(name.replace("@", "\0"))
        if kind != socket.SOCK_DGRAM:
            listener.listen()
        peer = give(file, name)
        receiver = listener if kind == socket.SOCK_DGRAM else listener.accept()[0]
        message = scm.receive(receiver, 16, 1)
        receiver.close()
    with message.fds[0] as copy:
        assert message.data == b"\0"
        assert os.path.sameopenfile(copy.fileno(), file.fileno())
        Act(copy).seek(7)
        assert offset(file) == 7
    if kind == socket.SOCK_DGRAM:
        assert peer is None
    else:
        assert peer is not None
        assert peer.pid == os.getpid()


def test_a_listener_that_is_behind_is_waited_for(file: OwnedFd, tmp_path: Path) -> None:
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener,
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as before,
    ):
        listener.bind(str(tmp_path / "socket"))
        listener.listen(0)
        before.connect(str(tmp_path / "socket"))  # the queue is full
        giving = threading.Thread(target=give, args=(file, str(tmp_path / "socket")))
        giving.start()
        threads = ProcFs(f"/proc/{os.getpid()}/task")
        until(lambda: threads.stat(giving.native_id or 0).state == "S")
        listener.accept()[0].close()
        receiver, _ = listener.accept()
        with receiver:
            message = scm.receive(receiver, 16, 1)
        message.close()
        giving.join()
    assert len(message.fds) == 1
