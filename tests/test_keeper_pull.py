"""Pulling into a live keeper: through a helper, and by what others send to its inbox."""

from __future__ import annotations

import json
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fdtui.acquire import helper_process
from fdtui.errors import FdtuiError
from fdtui.keeper.api import Event
from fdtui.keeper.client import KeeperClient, start_keeper
from fdtui.keeper.gifts import Gifts, give
from fdtui.keeper.ops.pull import give_helper, listening_from, open_inbox
from fdtui.linux.procfs import ProcFs
from tests.other_user import argv_as, sudoers
from tests.puppets import Puppet, ended, until

PATIENCE = 10.0
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="fk-", dir="/tmp"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(path))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def keeper(folder: Path) -> Iterator[KeeperClient]:
    client = start_keeper()
    yield client
    client.close()


def test_what_is_sent_is_held_and_told(keeper: KeeperClient, tmp_path: Path) -> None:
    events: list[Event] = []
    keeper.subscribe(events.append)
    where = listening_from(open_inbox(keeper, tty="/dev/pts/7").result(PATIENCE))
    assert listening_from(open_inbox(keeper).result(PATIENCE)) == where
    (tmp_path / "sent").write_text("from the shell")
    send = f"{sys.executable} -m fdtui send 3 --session {where.id} --label 'a present'"
    line = f"exec 3<{tmp_path / 'sent'}; {send}"
    subprocess.run(["sh", "-c", line], cwd=ROOT, check=True)
    until(lambda: len(keeper.held().result(PATIENCE)) == 1)
    (hold,) = keeper.held().result(PATIENCE)
    acquired = hold.acquired
    assert (acquired.via, acquired.comm, acquired.kind) == ("inbox", "a present", "regular")
    assert acquired.target.fd == -1
    assert keeper.window(acquired.id, 0, 100).result(PATIENCE).data == b"from the shell"
    until(lambda: any(event.verb == "received" for event in events))
    keeper.release(acquired.id).result(PATIENCE)
    assert keeper.held().result(PATIENCE) == []


def test_a_released_gift_makes_room_for_another(keeper: KeeperClient, folder: Path) -> None:
    where = listening_from(open_inbox(keeper).result(PATIENCE))
    for _ in range(3):
        argv = [sys.executable, "-m", "fdtui", "send", "--session", where.id, *["0"] * 100]
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
        assert "more than 64 descriptors on one connection" in done.stderr
        until(lambda: len(keeper.held().result(PATIENCE)) == 64)
        until(lambda: keeper.release_all().result(PATIENCE) == 0 or True)
        until(lambda: keeper.held().result(PATIENCE) == [])


def test_a_channel_to_a_helper(keeper: KeeperClient, puppet: Puppet) -> None:
    helper = helper_process.start("self", descriptors=False)
    try:
        assert give_helper(keeper, helper).result(PATIENCE).facts["pid"] == helper.info.pid
        fd = puppet(f"os.open({__file__!r}, os.O_RDONLY)")
        acquired = keeper.steal(puppet.target(fd), "helper").result(PATIENCE)
        assert acquired.via == "helper"
        assert keeper.window(acquired.id, 0, 3).result(PATIENCE).data == b'"""'
        verdicts = dict(keeper.check(puppet.target(fd)).result(PATIENCE))
        assert verdicts["helper"].state == "works"
        assert not ended(helper.info.pid)
        puppet(f"os.close({fd})")
        until(lambda: keeper.held().result(PATIENCE) == [])
    finally:
        helper.close()


def test_a_full_table_is_no_end_of_gifts() -> None:
    """One that found no free number is lost, and the next arrives."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ours, theirs:
        gifts = Gifts(theirs)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            give(ours, 1, ours)
            gifts.start()
            poll = select.poll()
            poll.register(theirs.fileno(), select.POLLIN)
            until(lambda: not poll.poll(0), what="it was received")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        give(ours, 2, ours)
        gifts.take(2).close()
        with pytest.raises(FdtuiError, match="did not arrive") as refused:
            gifts.take(1)
        assert "table" in refused.value.remedy
        ours.shutdown(socket.SHUT_RDWR)


SCREEN = """
import json, os, sys
from fdtui.acquire import helper_process
from fdtui.acquire.base import Target
from fdtui.keeper.client import start_keeper
from fdtui.keeper.gifts import Gifts, give
from fdtui.keeper.ops.pull import give_helper, open_inbox
keeper = start_keeper()
helper = helper_process.start("sudo", descriptors=False)
give_helper(keeper, helper).result(10)
open_inbox(keeper).result(10)
target = Target(*json.loads(sys.argv[1]))
got = keeper.steal(target).result(10)
print(json.dumps([helper.info.pid, keeper.pid, got.via, got.kind]), flush=True)
for line in sys.stdin:
    print(json.dumps([hold.in_target for hold in keeper.held().result(10)]), flush=True)
"""


@pytest.mark.needs_root
def test_a_screen_of_a_plain_user_with_a_root_helper(puppet: Puppet, folder: Path) -> None:
    """The whole way, and what is left of it after SIGKILL: nothing."""
    fd = puppet("os.memfd_create('secret')")
    kept = puppet("os.dup(0)")
    with sudoers() as uid:
        os.chown(folder, uid, uid)
        argv = argv_as(uid, SCREEN, json.dumps(puppet.target(fd)))
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "XDG_RUNTIME_DIR": str(folder)}
        with subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd="/"
        ) as screen:
            assert screen.stdin is not None
            assert screen.stdout is not None
            helper, keeper, via, kind = json.loads(screen.stdout.readline())
            assert (via, kind) == ("helper", "memfd")

            def held() -> list[str]:
                assert screen.stdin is not None
                assert screen.stdout is not None
                screen.stdin.write("\n")
                screen.stdin.flush()
                said: list[str] = json.loads(screen.stdout.readline())
                return said

            # kcmp is refused to this user: the helper tells that the target closed its own.
            assert held() == ["open"]
            puppet(f"os.close({fd})")
            assert until(lambda: held() == []) < 0.5
            assert kept in puppet.fds()
            os.kill(screen.pid, signal.SIGKILL)
            assert until(lambda: ended(helper)) < 0.5
            until(lambda: ended(keeper))
    assert not list(folder.glob("fdtui-helper-*"))


def test_a_gift_that_cannot_be_held_is_refused_and_the_next_is_not(
    keeper: KeeperClient, folder: Path
) -> None:
    """Without a thread for it: it is closed, its sender told, and the inbox goes on."""
    where = listening_from(open_inbox(keeper).result(PATIENCE))
    argv = [sys.executable, "-m", "fdtui", "send", "--session", where.id, *["0"] * 16]
    before = resource.prlimit(keeper.pid, resource.RLIMIT_AS)
    count = ProcFs().fd_count(keeper.pid)
    pages = int(Path(f"/proc/{keeper.pid}/statm").read_text().split()[0])
    tight = pages * resource.getpagesize() + (3 << 20)  # no room for a stack
    resource.prlimit(keeper.pid, resource.RLIMIT_AS, (tight, before[1]))
    try:
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    finally:
        resource.prlimit(keeper.pid, resource.RLIMIT_AS, before)
    assert "no more threads" in done.stderr

    def held() -> int:
        return len(keeper.held().result(PATIENCE))

    # Stacks of threads that ended before are used again, so that some may be held in a moment.
    until(lambda: ProcFs().fd_count(keeper.pid) == count + held())
    assert held() < 16
    keeper.release_all().result(PATIENCE)
    subprocess.run(argv, cwd=ROOT, check=True, timeout=PATIENCE)
    until(lambda: len(keeper.held().result(PATIENCE)) == 16)
