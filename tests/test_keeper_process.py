"""The keeper as a process: secluded, killable, gone with its UI, and never in anybody's way."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fdtui.errors import CallFailed, FdtuiError
from fdtui.keeper.api import Event
from fdtui.keeper.client import KeeperClient, start_keeper
from fdtui.keeper.line import Line
from fdtui.keeper.wire import MAGIC
from fdtui.linux import scm
from fdtui.linux.procfs import ProcFs
from tests.puppets import Puppet, ended, hangfs, until

PATIENCE = 10.0


@pytest.fixture
def keeper() -> Iterator[KeeperClient]:
    client = start_keeper()
    yield client
    client.close()


def pid_of(keeper: KeeperClient) -> int:
    """Wait until it says hello."""
    line = keeper.connect()
    until(lambda: line.pid)
    return line.pid


def test_start_and_close_return_at_once() -> None:
    begin = time.monotonic()
    client = start_keeper()
    started = time.monotonic()
    pid = pid_of(client)
    closing = time.monotonic()
    client.close()
    closed = time.monotonic()
    assert started - begin < 0.05
    assert closed - closing < 0.05
    until(lambda: ended(pid))
    with pytest.raises(FdtuiError, match="session has ended"):
        client.held().result(PATIENCE)


def test_it_is_secluded() -> None:
    """Of a descriptor that an exec passes on, nothing is in there either."""
    inheritable = os.dup2(0, 200)
    keeper = start_keeper()
    pid = pid_of(keeper)
    os.close(inheritable)
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    assert stat[4] == "0", "no terminal"
    assert int(stat[3]) not in (pid, os.getsid(0)), "a session of its own, and not its leader"
    assert 200 not in ProcFs().fds(pid)
    (nursery,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for one in (pid, nursery):
        assert "Umask:\t0077" in Path(f"/proc/{one}/status").read_text(), "of what it writes"
    limits = Path(f"/proc/{pid}/limits").read_text()
    assert "Max core file size        0                    0" in limits
    links = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in ProcFs().fds(pid)}
    assert {link for link in links if not link.startswith("socket:")} == {"/dev/null"}
    ends = [link for link in links if link.startswith("socket:")]
    assert len(ends) == 3, "to the UI, for gifts, to the nursery"
    ignored = int(next(
        line.split()[1] for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("SigIgn")
    ), 16)  # fmt: skip
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP):
        assert ignored >> number - 1 & 1
    keeper.close()


_THIEF = r"""
import os, socket, sys
from fdtui.keeper.secluded import secluded_sockets
from fdtui.linux import syscalls
def become_nobody():
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)  # as a program is that was started by that user
def victim(seclude):
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if not pid:
        become_nobody()
        os.dup2(theirs.fileno(), 0); os.dup2(theirs.fileno(), 1)
        sockets = secluded_sockets() if seclude else [theirs]
        sockets[0].send(b"ready"); sockets[0].recv(1); os._exit(0)
    theirs.close(); assert ours.recv(5) == b"ready"
    return pid, ours
victims = [victim(False), victim(True)]
become_nobody()
for pid, _ in victims:
    try: syscalls.pidfd_getfd(syscalls.pidfd_open(pid), 0); print("taken")
    except PermissionError: print("refused")
for pid, _ in victims: os.kill(pid, 9)
"""


@pytest.mark.needs_root
def test_nobody_of_the_same_user_can_look_into_it() -> None:
    """PR_SET_DUMPABLE 0: what it holds may be more than its user could open."""
    done = subprocess.run(
        [sys.executable, "-c", _THIEF], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["taken", "refused"], done.stderr


def test_no_descriptor_can_be_sent_into_the_ui() -> None:
    """Not even by the keeper itself, which the test plays before there is one."""
    line = Line(0, lambda event: None)
    numbers = set(ProcFs().fds(os.getpid()))
    try:
        scm.send(line._far, b"not a frame, and 16 bytes", [line._far])
    except PermissionError:
        line._far.send(b"not a frame, and 16 bytes")  # Linux 6.16 refuses the sender
    line.start()
    until(lambda: line.dead, what="junk ends the line")
    assert set(ProcFs().fds(os.getpid())) < numbers


def test_killed_ui_takes_the_keeper_and_its_holds_along(puppet: Puppet) -> None:
    """What was held is released: the reader of a held pipe gets its end-of-file."""
    puppet("r, w = os.pipe()")
    writer = puppet("w")
    ui = (
        "import sys; from fdtui.keeper.client import start_keeper\n"
        "from fdtui.acquire.base import Target\n"
        f"k = start_keeper(); a = k.steal(Target{tuple(puppet.target(writer))}).result(10)\n"
        "k.pin(a.id, True).result(10); print(k.connect().pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", ui], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        puppet("os.close(w)")
        puppet.start("os.read(r, 1)")
        process.kill()
        until(lambda: ended(pid), 1.0, "the keeper ends with its UI")
        assert puppet.answer() == ""


def test_a_dead_keeper_is_noticed_and_another_started(keeper: KeeperClient, puppet: Puppet) -> None:
    events: list[Event] = []
    keeper.subscribe(events.append)
    first = pid_of(keeper)
    fd = puppet("os.memfd_create('x')")
    ident = keeper.steal(puppet.target(fd)).result(PATIENCE).id
    os.kill(first, signal.SIGSTOP)
    waiting = keeper.window(ident, 0, 10)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(FdtuiError, match="keeper has ended"):
        waiting.result(PATIENCE)
    until(lambda: any(event.verb == "failed" for event in events))
    assert keeper.held().result(PATIENCE) == []
    assert pid_of(keeper) != first
    with pytest.raises(FdtuiError, match="not held any more"):
        keeper.window(ident, 0, 10).result(PATIENCE)
    again = keeper.steal(puppet.target(fd)).result(PATIENCE)
    assert again.id != ident


def test_junk_on_the_line_is_the_end_of_it(keeper: KeeperClient) -> None:
    pid = pid_of(keeper)
    line = keeper.connect()
    with line._lock:
        line._out += b"GET / HTTP/1.1\r\n\r\n" + MAGIC
        line._nudge()
    until(lambda: ended(pid))
    until(lambda: line.dead)


def test_unknown_operations_and_ids_are_refused_in_words(keeper: KeeperClient) -> None:
    with pytest.raises(FdtuiError, match="no operation 'fly'"):
        keeper.perform("fly", 1).result(PATIENCE)
    with pytest.raises(FdtuiError, match="not held any more"):
        keeper.state(77).result(PATIENCE)
    with pytest.raises(FdtuiError, match="lacks 'targets'"):
        keeper.serve("glance").result(PATIENCE)


def test_nothing_leaks(keeper: KeeperClient, puppet: Puppet) -> None:
    """Neither here nor there, whatever kind was looked at or held."""
    puppet("f = os.open('/proc/self/exe', os.O_RDONLY); m = os.memfd_create('m')")
    puppet("r, w = os.pipe(); e = os.eventfd(0); d = os.open('/', os.O_RDONLY)")
    fds = [puppet(name) for name in "fmrwed"]
    pid = pid_of(keeper)

    def rounds(count: int) -> None:
        for _ in range(count):
            for fd in fds:
                seen = keeper.look(puppet.target(fd)).result(PATIENCE)
                keeper.window(seen.id, 0, 100).result(PATIENCE)
                keeper.state(seen.id).result(PATIENCE)
                kept = keeper.steal(puppet.target(fd)).result(PATIENCE)
                keeper.release(seen.id).result(PATIENCE)
                keeper.release(kept.id).result(PATIENCE)

    rounds(1)
    before = ProcFs().fd_count(pid), ProcFs().fd_count(os.getpid()), puppet.fds()
    rounds(20)
    assert (ProcFs().fd_count(pid), ProcFs().fd_count(os.getpid()), puppet.fds()) == before
    until(lambda: len(os.listdir(f"/proc/{pid}/task")) <= 4, what="a thread per room, and no more")


def test_a_look_that_nobody_waits_for_is_released(keeper: KeeperClient, puppet: Puppet) -> None:
    fd = puppet("os.memfd_create('x')")
    pid = pid_of(keeper)
    before = ProcFs().fd_count(pid)
    os.kill(pid, signal.SIGSTOP)
    future = keeper.steal(puppet.target(fd))
    assert future.cancel()
    os.kill(pid, signal.SIGCONT)
    until(lambda: keeper.held().result(PATIENCE) == [])
    until(lambda: ProcFs().fd_count(pid) == before)


def test_a_late_answer_is_a_refusal_in_words(keeper: KeeperClient) -> None:
    pid = pid_of(keeper)
    os.kill(pid, signal.SIGSTOP)
    try:
        future = keeper.serve("held", timeout=0.1)
        with pytest.raises(CallFailed, match=r"no answer within 0\.1 s"):
            future.result(PATIENCE)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert keeper.held().result(PATIENCE) == []


@pytest.mark.needs_root
@pytest.mark.parametrize("name", ["hang", "stuck"])
def test_a_dead_file_server_delays_nothing_else(tmp_path: Path, puppet: Puppet, name: str) -> None:
    """Its thread hangs beyond SIGKILL: other looks, quitting and other releases go on."""
    with hangfs(tmp_path / "fuse") as mount:
        fd = puppet(f"os.open({str(mount / name)!r}, os.O_RDWR)")
        reader, writer = puppet("[*os.pipe()]")
        other = puppet("os.memfd_create('other')")
        puppet(f"os.write({other}, b'well')")
        keeper = start_keeper()
        pid = pid_of(keeper)
        hung = keeper.steal(puppet.target(fd)).result(PATIENCE)
        kept = keeper.steal(puppet.target(writer)).result(PATIENCE)
        window = keeper.window(hung.id, 0, 100)
        seen = keeper.look(puppet.target(other)).result(PATIENCE)
        begin = time.monotonic()
        assert keeper.window(seen.id, 0, 10).result(1.0).data == b"well"
        assert time.monotonic() - begin < 0.5
        until(lambda: _blocked(keeper, hung.id), what="further requests are refused at once")
        assert {hold.acquired.id for hold in keeper.held().result(PATIENCE)} == {hung.id, kept.id}
        with pytest.raises(CallFailed, match="has not answered"):
            keeper.release(hung.id).result(1.0)
        assert not window.done()
        keeper.pin(kept.id, True).result(PATIENCE)
        puppet(f"os.close({writer})")
        begin = time.monotonic()
        keeper.close()
        assert time.monotonic() - begin < 0.1
        # The process cannot die yet, but the pipe is free: its reader gets its end-of-file.
        puppet.start(f"os.read({reader}, 1)")
        answered = threading.Thread(target=puppet.answer, daemon=True)
        answered.start()
        answered.join(2.0)
        assert not answered.is_alive(), "a stuck thread kept another hold alive"
    until(lambda: ended(pid), what="it ends once the server is gone")


def _blocked(keeper: KeeperClient, ident: int) -> bool:
    future = keeper.window(ident, 0, 10)
    try:
        future.result(0.05)
    except CallFailed as error:
        return "has not answered" in error.message
    except TimeoutError:
        future.cancel()
    return False


def test_nothing_is_let_go_when_there_can_be_no_more_threads(
    keeper: KeeperClient, puppet: Puppet
) -> None:
    """What is held may be the last copy of a deleted file: only a new look is refused."""
    fd = puppet("os.memfd_create('only copy')")
    held = keeper.steal(puppet.target(fd)).result(PATIENCE)
    pid = keeper.pid
    before = resource.prlimit(pid, resource.RLIMIT_AS)
    size = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
    resource.prlimit(pid, resource.RLIMIT_AS, (size + (3 << 20), before[1]))  # no room for a stack
    try:
        # Stacks of threads that ended before are used again: not every look is refused.
        looks = [keeper.look(puppet.target(fd)) for _ in range(16)]
        refused = [error for look in looks if (error := look.exception(PATIENCE))]
        assert {str(error) for error in refused} == {"the keeper can start no more threads"}
        with pytest.raises(FdtuiError, match="no more threads"):
            keeper.serve("held").result(PATIENCE)
    finally:
        resource.prlimit(pid, resource.RLIMIT_AS, before)
    assert [hold.acquired.id for hold in keeper.held().result(PATIENCE)] == [held.id]
    assert keeper.pid == pid
