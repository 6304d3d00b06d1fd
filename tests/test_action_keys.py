"""Actions by keys in the real program: connections, locks, pipes, terminals."""

from __future__ import annotations

import fcntl
import http.client
import os
import select
import socket
import subprocess
from pathlib import Path

import pytest

from fdtui.linux.procfs import ProcFs
from tests.keys import Keys
from tests.puppets import Puppet, until
from tests.servers import http_server

F_OFD_SETLK, F_GETPIPE_SZ = 37, 1032


def comm(pid: int) -> str:
    return ProcFs().stat(pid).comm


def test_a_stuck_client_is_shut_down_and_the_server_goes_on(tmp_path: Path) -> None:
    """It serves one at a time, and this client sends half a request and no more."""
    with http_server(tmp_path) as (pid, port):
        before = ProcFs().fds(pid)
        with socket.create_connection(("127.0.0.1", port)) as stuck:
            stuck.send(b"GET / HTTP/1.0\r\n")
            until(lambda: len(ProcFs().fds(pid)) > len(before))
            (fd,) = set(ProcFs().fds(pid)) - set(before)
            other = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            other.request("GET", "/")
            with Keys(pid) as keys:
                shown = keys.choose(fd, "h")
                peer = f"127.0.0.1:{stuck.getsockname()[1]}"
                assert f"ESTAB   connected to {peer}" in shown
                assert "shutdown(fd, SHUT_RDWR)" in shown
                assert not select.select([other.sock], [], [], 0.2)[0], "it still waits"
                keys.do(f"shut down both of fd {fd}")
                assert other.getresponse().status == 200
                assert stuck.recv(1) == b""
                until(lambda: fd not in ProcFs().fds(pid), what="it closed its own")
                log = keys.log(3)
                assert f"shut down   {comm(pid)} {pid} fd {fd}" in log[1]
                assert f"both, connected to {peer}" in log[1]
                assert log[2] == "undo        none"
        other.request("GET", "/")
        assert other.getresponse().status == 200, "and lives"
        other.close()


@pytest.mark.parametrize("how", ["read", "write"])
def test_one_direction_is_shut_down(puppet: Puppet, how: str) -> None:
    puppet("one, other = socket.socketpair()")
    fd = puppet("one.fileno()")
    with Keys(puppet.pid) as keys:
        shown = keys.choose(fd, "H", ("shutdown read|write|both", how))
        assert f"shutdown(fd, SHUT_{'RD' if how == 'read' else 'WR'})" in shown
        keys.do(f"shut down {how} of fd {fd}")
        log = keys.log(3)
    assert puppet(f"(one if {how!r} == 'read' else other).recv(1)") == ""
    puppet(f"(other if {how!r} == 'write' else one).send(b'still')")
    assert log[1].startswith("shut down"), log
    assert log[2] == "undo        none"


def test_bytes_are_sent(puppet: Puppet) -> None:
    puppet("one, other = socket.socketpair()")
    fd = puppet("one.fileno()")
    with Keys(puppet.pid) as keys:
        shown = keys.choose(fd, "w", ("send TEXT", r"-hello\x00"))
        assert r'send(fd, "-hello\x00", 7, MSG_DONTWAIT|MSG_NOSIGNAL)' in shown
        assert "connected" in shown
        keys.do(f"sent 7 bytes to fd {fd}")
        assert puppet("other.recv(99)") == "-hello\0"
        puppet("other.close()")
        keys.choose(fd, "w", ("send TEXT", "more"))
        keys.do(f"send(fd {fd} of ")
        assert "nobody is left to read it (EPIPE)" in keys.text
        log = keys.log(4)
    assert [line.split()[0] for line in log[:4]] == ["took", "sent", "undo", "failed"]
    assert log[1].endswith("7 bytes")
    assert "(EPIPE)" in log[3]


def test_a_socket_option_is_set_and_its_undo_is_a_command(puppet: Puppet) -> None:
    puppet("server = socket.create_server(('127.0.0.1', 0))")
    puppet("client = socket.create_connection(server.getsockname())")
    fd = puppet("client.fileno()")
    with Keys(puppet.pid) as keys:
        asked = (("sockopt NAME", "keepidle"), ("sockopt keepidle VALUE", "17"))
        shown = keys.choose(fd, "o", *asked)
        before = puppet("client.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)")
        assert f"TCP_KEEPIDLE {before}" in shown
        assert "takes seconds" in shown
        keys.do("set TCP_KEEPIDLE")
        assert puppet("client.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)") == 17
        log = keys.log(3)
    assert log[1].endswith(f"TCP_KEEPIDLE from {before} to 17")
    assert log[2] == f"undo        fdtui act {puppet.pid}:{fd} sockopt keepidle {before}"


@pytest.mark.parametrize("kind", ["flock", "OFD lock"])
def test_a_lock_is_released(puppet: Puppet, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "lock"
    fd = puppet(f"os.open({str(path)!r}, os.O_RDWR | os.O_CREAT)")
    whole = "struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0)"
    if kind == "flock":
        puppet(f"fcntl.flock({fd}, fcntl.LOCK_EX)")
    else:
        puppet(f"import struct; fcntl.fcntl({fd}, {F_OFD_SETLK}, {whole})")
    waiting = None
    if kind == "flock":
        waiting = subprocess.Popen(["flock", str(path), "true"])
    try:
        with Keys(puppet.pid) as keys:
            shown = keys.choose(fd, "u")
            assert f"{kind} WRITE 0 to EOF   0 bytes   offset 0" in shown
            assert waiting is None or waiting.poll() is None
            keys.do(f"unlocked fd {fd}")
            log = keys.log(3)
        if waiting is not None:
            assert waiting.wait(5) == 0
    finally:
        if waiting is not None:
            waiting.kill()
            waiting.wait()
    with path.open("r+b") as mine:
        fcntl.lockf(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert not puppet.fdinfo(fd).all("lock")
    assert log[1].endswith(f"{kind} WRITE 0 to EOF")
    assert log[2] == "undo        none: the target does not take it again by itself"


def test_a_pipe_is_drained_and_resized(puppet: Puppet) -> None:
    reader, writer = puppet("[*os.pipe()]")
    puppet(f"os.write({writer}, b'some queued bytes')")
    with Keys(puppet.pid) as keys:
        shown = keys.choose(reader, "d")
        assert '17 bytes queued   "some queued bytes"' in shown
        assert f"{puppet.pid} fd {writer}" in shown, "who else has it"
        puppet(f"os.write({writer}, b'later')")
        keys.do("drained 17 bytes")
        assert puppet(f"os.read({reader}, 99)") == "later"
        keys.choose(reader, "z", ("pipe-size N", "256K"))
        keys.do(f"resized fd {reader}")
        assert puppet(f"fcntl.fcntl({reader}, {F_GETPIPE_SZ})") == 256 << 10
        log = keys.log(5)
    assert log[1].endswith("17 bytes")
    assert log[2] == "undo        none: the bytes are gone"
    assert log[3].endswith("from 64.0 KB to 256 KB")
    assert log[4] == f"undo        fdtui act {puppet.pid}:{reader} pipe-size 65536"


def test_a_line_is_written_to_a_terminal_and_typed_into_another(puppet: Puppet) -> None:
    master, slave = puppet("[*os.openpty()]")
    with Keys(puppet.pid) as keys:
        assert "Write to the terminal" in keys.menu(slave)
        keys.press("escape")
        keys.choose(slave, "w", ("write TEXT", r"shutting down at five\n"))
        keys.do(f"wrote 22 bytes to fd {slave}")
        assert puppet(f"os.read({master}, 99)") == "shutting down at five\r\n"
        shown = keys.choose(master, "w", ("write TEXT", r"typed\n"))
        assert "Type into the terminal" in shown
        assert "takes it for typed by its user" in shown
        keys.do(f"wrote 6 bytes to fd {master}")
        assert puppet(f"os.read({slave}, 99)") == "typed\n"
        log = keys.log(8)
    assert [line.split()[0] for line in log] == [
        *("took", "released"),  # the menu alone
        *("took", "wrote", "undo"),
        *("took", "wrote", "undo"),
    ]


def test_flags_are_switched(puppet: Puppet, tmp_path: Path) -> None:
    fd = puppet(f"os.open({str(tmp_path / 'log')!r}, os.O_RDWR | os.O_CREAT)")
    reader, _ = puppet("[*os.pipe()]")
    with Keys(puppet.pid) as keys:
        assert "O_APPEND off   0 bytes   offset 0" in keys.choose(fd, "A")
        keys.do("set O_APPEND on")
        assert puppet.fdinfo(fd).flags & os.O_APPEND
        keys.choose(reader, "b")
        keys.do("set O_NONBLOCK on")
        assert not puppet(f"os.get_blocking({reader})")
        log = keys.log(6)
    assert log[1].endswith("O_APPEND on")
    assert log[2] == f"undo        fdtui act {puppet.pid}:{fd} set-append off"
    assert log[5] == f"undo        fdtui act {puppet.pid}:{reader} set-nonblock off"
