"""The inbox on live sockets: what is taken, what is refused, and that nothing leaks."""

from __future__ import annotations

import array
import os
import resource
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fdtui.acquire import inbox as inbox_module
from fdtui.acquire import sessions
from fdtui.acquire.base import Target
from fdtui.acquire.identity import same_description
from fdtui.acquire.inbox import MAX_HELD, MAX_PER_CONNECTION, Gift, Inbox
from fdtui.errors import CallFailed, FdtuiError
from fdtui.linux.owned import OwnedFd

NOBODY = 65534


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime folder of our own, short enough for a socket's name."""
    path = Path(tempfile.mkdtemp(prefix="fi-", dir="/tmp"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(path))
    # Nor may a session of the person who runs the tests be found.
    monkeypatch.setenv("TMPDIR", str(path))
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    yield path / "fdtui"
    shutil.rmtree(path)


class Receiver:
    """An inbox in a thread, and what came."""

    def __init__(self) -> None:
        self.gifts: list[Gift] = []
        self.inbox = Inbox(self.gifts.append, tty="/dev/pts/9", pid=1234)
        self.thread = threading.Thread(target=self.inbox.serve)
        self.thread.start()

    def wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < deadline, "nothing came"
            threading.Event().wait(0.005)

    def connect(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.connect(str(self.inbox.session.socket))
        sock.settimeout(5)
        return sock

    def open(self) -> int:
        return len(os.listdir("/proc/self/fd"))

    def drop(self) -> None:
        for gift in self.gifts:
            for fd in gift.fds:
                fd.close()
            self.inbox.released(len(gift.fds))
        self.gifts.clear()

    def close(self) -> None:
        self.inbox.stop()
        self.thread.join()
        self.inbox.close()
        self.drop()


@pytest.fixture
def receiver(folder: Path) -> Iterator[Receiver]:
    before = sorted(os.listdir("/proc/self/fd"))
    made = Receiver()
    yield made
    made.close()
    assert sorted(os.listdir("/proc/self/fd")) == before
    assert list(folder.iterdir()) == []


def plain_send(sock: socket.socket, count: int, data: bytes = b"x", fd: int = 0) -> str:
    """Send as the shortest program would, and return the answer."""
    sock.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd] * count))])
    return sock.recv(512).decode()


def test_a_plain_sender_is_enough(receiver: Receiver) -> None:
    with OwnedFd(os.open(__file__, os.O_RDONLY)) as file, receiver.connect() as sock:
        assert plain_send(sock, 1, fd=file.fileno()) == "ok 1"
        (gift,) = receiver.gifts
        assert gift.sender == (os.getpid(), os.getuid(), os.getgid())
        assert gift.label == ""
        assert same_description(gift.fds[0], os.getpid(), file.fileno())
        assert not os.get_inheritable(gift.fds[0].fileno())


def test_a_label_and_several_descriptors(receiver: Receiver) -> None:
    with receiver.connect() as sock:
        assert plain_send(sock, 16, b"db \x1b[31m log\xff") == "ok 16"
    assert receiver.gifts[0].label == "db \x1b[31m log\udcff"
    assert receiver.inbox.held == 16


@pytest.mark.parametrize(
    ("count", "data", "why"),
    [
        (0, b"hello", "no descriptor"),
        (17, b"x", "more than 16"),
        (253, b"x", "more than 16"),
        (1, b"x" * 257, "label"),
    ],
)
def test_what_is_refused_is_told_and_closed(
    receiver: Receiver, count: int, data: bytes, why: str
) -> None:
    before = receiver.open()
    with receiver.connect() as sock:
        assert why in plain_send(sock, count, data)
        assert sock.recv(10) == b""
        receiver.wait(lambda: receiver.open() == before + 1)  # this end of the connection
    assert receiver.gifts == []


def test_quota_of_a_connection(receiver: Receiver) -> None:
    with receiver.connect() as sock:
        for _ in range(MAX_PER_CONNECTION // 16):
            assert plain_send(sock, 16) == "ok 16"
        assert "more than 64" in plain_send(sock, 1)


def test_quota_in_all_and_given_back(receiver: Receiver) -> None:
    for _ in range(MAX_HELD // 16):
        with receiver.connect() as sock:
            assert plain_send(sock, 16) == "ok 16"
    with receiver.connect() as sock:
        assert "256 of at most 256" in plain_send(sock, 1)
    receiver.drop()
    with receiver.connect() as sock:
        assert plain_send(sock, 1) == "ok 1"


def test_never_more_than_half_the_table(receiver: Receiver) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        answers = []
        for _ in range(7):
            with receiver.connect() as sock:
                answers.append(plain_send(sock, 16))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert answers[:6] == ["ok 16"] * 6
    assert "96 of at most 100" in answers[6]


def test_a_full_table_is_told_to_the_sender(receiver: Receiver) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with receiver.connect() as sock:
        assert plain_send(sock, 1) == "ok 1"  # it is connected
        numbers = sorted(map(int, os.listdir("/proc/self/fd")))
        filler = [OwnedFd.duplicate_of(0) for _ in range(numbers[-1])]
        top = max(fd.fileno() for fd in filler)
        resource.setrlimit(resource.RLIMIT_NOFILE, (top + 6, hard))
        try:
            answer = plain_send(sock, 10)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for fd in filler:
                fd.close()
    assert "table is full" in answer
    assert len(receiver.gifts) == 1


def test_seventeenth_connection_and_idle_ones(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_module, "FRAME_SECONDS", 0.5)
    socks = [receiver.connect() for _ in range(17)]
    assert "16 connections" in socks[16].recv(512).decode()
    started = time.monotonic()
    assert "no message for" in socks[0].recv(512).decode()
    assert time.monotonic() - started < 2
    for sock in socks:
        sock.close()


def test_idle_connections_cost_no_cpu(receiver: Receiver) -> None:
    socks = [receiver.connect() for _ in range(10)]
    before = time.thread_time(), time.process_time()
    threading.Event().wait(0.5)
    assert time.process_time() - before[1] < 0.1
    for sock in socks:
        sock.close()


def test_its_own_socket_is_refused(receiver: Receiver) -> None:
    listener = receiver.inbox._listener.fileno()
    with receiver.connect() as sock:
        assert "the inbox itself" in plain_send(sock, 1, fd=listener)
    assert receiver.gifts == []


def test_the_sender_dies_at_once(receiver: Receiver) -> None:
    code = (
        "import socket, sys, os, signal\n"
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(sys.argv[1])\n"
        "socket.send_fds(s, [b'last words'], [0]); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = str(receiver.inbox.session.socket)
    child = subprocess.run([sys.executable, "-c", code, path], check=False)
    assert child.returncode == -9
    receiver.wait(lambda: len(receiver.gifts) == 1)
    assert receiver.gifts[0].label == "last words"


@pytest.mark.needs_root
def test_another_user_is_turned_away_unread(receiver: Receiver, folder: Path) -> None:
    receiver.inbox.session.socket.chmod(0o777)
    for opened in (folder, folder.parent):
        opened.chmod(0o777)
    code = (
        "import socket, sys, time\n"
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(sys.argv[1])\n"
        "try:\n  socket.send_fds(s, [b'take this'], [0]); print(repr(s.recv(100)))\n"
        "except OSError as e: print(e.errno)\n"
    )
    path = str(receiver.inbox.session.socket)
    done = subprocess.run(
        ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups",
         "/usr/bin/python3", "-I", "-c", code, path],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    # ECONNRESET: the kernel threw an unread message away; EPIPE: it was closed even before.
    assert done.stdout.strip() in ("104", "32")
    assert receiver.gifts == []


def test_flood(receiver: Receiver) -> None:
    before = receiver.open()
    for _ in range(300):
        with receiver.connect() as sock:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0] * 253))]
            sock.sendmsg([b"x"], rights)
    receiver.wait(lambda: receiver.open() <= before)
    assert receiver.gifts == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.binary(min_size=0, max_size=600), st.integers(0, 40)), min_size=1, max_size=4
    )
)
def test_any_messages_leave_nothing_behind(frames: list[tuple[bytes, int]]) -> None:
    base = tempfile.mkdtemp(prefix="fi-", dir="/tmp")
    before = sorted(os.listdir("/proc/self/fd"))
    saved = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = base
    gifts: list[Gift] = []
    inbox = Inbox(gifts.append)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
            sock.connect(str(inbox.session.socket))
            for data, count in frames:
                rights = array.array("i", [0] * count)
                ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if count else []
                try:
                    sock.sendmsg([data], ancillary)
                except OSError:
                    break
            for _ in range(len(frames) + 2):
                inbox.handle()
        inbox.handle()
    finally:
        inbox.close()
        if saved is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = saved
        shutil.rmtree(base)
    for gift in gifts:
        assert 1 <= len(gift.fds) <= 16
        for fd in gift.fds:
            fd.close()
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_where_it_listens(receiver: Receiver, folder: Path) -> None:
    session = receiver.inbox.session
    assert session.socket.parent == folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(session.socket.stat().st_mode) == 0o600
    assert sessions.sessions() == [session]
    assert sessions.choose() == session
    inbox_module.METHOD.session = session.id
    try:
        verdict = inbox_module.METHOD.check(Target(1, 2, 6))
    finally:
        inbox_module.METHOD.session = ""
    assert verdict.state == "waiting"
    assert f"fdtui send 6 --session {session.id}" in verdict.remedy


def test_two_sessions_ask_for_a_choice(receiver: Receiver, folder: Path) -> None:
    second = Receiver()
    try:
        with pytest.raises(FdtuiError, match="choose one") as caught:
            sessions.choose()
        ids = {receiver.inbox.session.id, second.inbox.session.id}
        assert all(id in caught.value.remedy for id in ids)
        done = send_from_shell(folder, "send 0")
        assert done.returncode == 2
        assert all(id in done.stderr for id in ids)
        done = send_from_shell(folder, f"send 0 --session {second.inbox.session.id}")
        assert (done.returncode, done.stderr) == (0, "")
        assert len(second.gifts) == 1
    finally:
        second.close()


def send_from_shell(folder: Path, words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"XDG_RUNTIME_DIR": str(folder.parent)}
    return subprocess.run(
        ["sh", "-c", f"exec 3<{__file__}; {sys.executable} -m fdtui {words}; exit $?"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_send_from_a_shell(receiver: Receiver, folder: Path) -> None:
    done = send_from_shell(folder, "send 3 --label 'the test'")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert receiver.gifts[0].label == "the test"
    link = os.readlink(f"/proc/self/fd/{receiver.gifts[0].fds[0].fileno()}")
    assert link == str(Path(__file__).resolve())
    done = send_from_shell(folder, "send 77")
    assert done.returncode == 1
    assert "no descriptor 77" in done.stderr


def test_dead_sessions_are_cleaned_and_nothing_else(folder: Path) -> None:
    sessions.make_folder()
    code = (
        "import os, signal\n"
        "from fdtui.acquire.inbox import Inbox\n"
        "Inbox(print)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    for _ in range(3):
        subprocess.run([sys.executable, "-c", code], check=False)
    # The first leftovers were cleaned by the second start, and so on.
    assert len(list(folder.glob("*.sock"))) == 1
    kept = {"notes", "inbox-zz.sock", "inbox-beef.sock"}
    for name in kept:
        (folder / name).write_text("mine")  # beef: a file, no socket
    live = Receiver()
    try:
        names = {path.name for path in folder.iterdir()}
        mine = {live.inbox.session.socket.name, live.inbox.session.socket.with_suffix(".lock").name}
        assert names == kept | mine
    finally:
        live.close()


@pytest.mark.needs_root
@pytest.mark.parametrize("plant", ["symlink", "foreign", "open", "fifo"])
def test_a_planted_folder_is_not_used(
    plant: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(sessions, "_bases", list)
    victim = tmp_path / "victim"
    victim.mkdir(mode=0o700)
    planted = tmp_path / f"fdtui-{os.getuid()}"
    if plant == "symlink":
        planted.symlink_to(victim)
    elif plant == "fifo":
        os.mkfifo(planted, 0o700)
    else:
        planted.mkdir(mode=0o700)
        if plant == "foreign":
            os.chown(planted, NOBODY, NOBODY)
        else:
            planted.chmod(0o777)
    assert sessions.refusal(planted)
    folder = sessions.make_folder()
    assert folder != planted
    assert sessions.refusal(folder) == ""
    assert sessions.folders() == [folder]
    assert list(victim.iterdir()) == []


def test_it_goes_on_after_a_table_without_one_free_number(receiver: Receiver) -> None:
    """Not even the number kept for this is there: another thread was quicker."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            sock.connect(str(receiver.inbox.session.socket))
            receiver.wait(lambda: receiver.inbox._reserve.closed or not receiver.thread.is_alive())
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert receiver.thread.is_alive()
    with receiver.connect() as sock:
        assert plain_send(sock, 1) == "ok 1"


def test_it_does_not_spin_while_there_is_no_free_number(receiver: Receiver) -> None:
    """Whoever connects waits in the queue, which cannot be emptied: the listener stays ready."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            sock.connect(str(receiver.inbox.session.socket))
            receiver.wait(lambda: receiver.inbox._reserve.closed)
            before = time.process_time()
            receiver.thread.join(1.0)  # it runs on: just the time in which nothing may happen
            spent = time.process_time() - before
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert spent < 0.2
        sock.settimeout(5)
        assert plain_send(sock, 1) == "ok 1", "it was only made to wait"


def test_a_runtime_folder_too_long_for_a_socket_is_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = folder.parent / ("x" * 90)
    long.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    inbox = Inbox(lambda gift: None)
    try:
        assert not inbox.session.socket.is_relative_to(long)
        assert [one.id for one in sessions.sessions()] == [inbox.session.id]
    finally:
        inbox.close()
    assert list(long.iterdir()) == []


def test_a_temporary_folder_too_long_is_told_in_words(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = folder.parent / ("x" * 90)
    long.mkdir(mode=0o700)
    monkeypatch.setattr(sessions, "_bases", list)  # nobody has a runtime folder
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with pytest.raises(OSError, match="too long") as refused:
        Inbox(lambda gift: None)
    assert str(CallFailed("open_inbox", refused.value)) == "open_inbox: AF_UNIX path too long"
    assert list(long.rglob("*.lock")) == []
