"""The helper alive: as a plain child, and as root through real sudo for a user of its own."""

from __future__ import annotations

import array
import contextlib
import io
import json
import os
import pty
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fdtui.acquire import helper_process
from fdtui.acquire.helper import METHOD, same_description
from fdtui.acquire.helper_client import HelperClient, HelperGone
from fdtui.acquire.helper_process import HelperProcess
from fdtui.acquire.identity import listed_identity
from fdtui.errors import CallFailed
from fdtui.helper import helper as wire
from fdtui.linux import scm, syscalls
from fdtui.linux.owned import OwnedFd
from fdtui.linux.procfs import Failure, ProcFs
from fdtui.linux.status import CAP_SYS_PTRACE, read_status
from tests.other_user import NOBODY, PYTHON, argv_as, package, run_as, sudoers
from tests.puppets import Puppet, ended, hangfs, served, until


@pytest.fixture
def helper() -> Iterator[HelperProcess]:
    before = sorted(os.listdir("/proc/self/fd"))
    started = helper_process.start("self")
    yield started
    started.close()
    assert ended(started.info.pid)
    assert sorted(os.listdir("/proc/self/fd")) == before


def pidfd_of(pid: int) -> OwnedFd:
    return OwnedFd(syscalls.pidfd_open(pid))


def steal(helper: HelperProcess, pid: int, fd: int) -> OwnedFd:
    with pidfd_of(pid) as pidfd:
        return helper.client.steal(pidfd, fd, listed_identity(pid, fd), by_link=True)


def test_it_stays_small() -> None:
    text = Path(wire.__file__).read_bytes()
    code = {
        line
        for token in tokenize.tokenize(io.BytesIO(text).readline)
        if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENCODING)
        and not token.line.lstrip().startswith('"""')
        for line in range(token.start[0], token.end[0] + 1)
    }
    assert len(code) <= 400
    assert len(text) < 100_000  # it is one argument of a command line


def test_steal_shares_the_description(helper: HelperProcess, puppet: Puppet) -> None:
    fd = puppet(f"os.open({__file__!r}, os.O_RDONLY)")
    with steal(helper, puppet.pid, fd) as copy:
        assert same_description(copy, puppet.pid, fd)
        assert not os.get_inheritable(copy.fileno())
        puppet(f"os.lseek({fd}, 33, 0)")
        assert os.lseek(copy.fileno(), 0, os.SEEK_CUR) == 33


def test_steal_refuses_what_was_not_meant(helper: HelperProcess, puppet: Puppet) -> None:
    fd = puppet("os.open('/dev/null', 0)")
    null = listed_identity(puppet.pid, fd)
    puppet(f"os.dup2(os.open('/dev/zero', 0), {fd})")
    with pidfd_of(puppet.pid) as pidfd:
        with pytest.raises(CallFailed, match="ESTALE"):
            helper.client.steal(pidfd, fd, null)
        # Anonymous inodes share one inode number: there the link must be right as well.
        event = puppet("os.eventfd(0)")
        wrong = listed_identity(puppet.pid, event)._replace(link="anon_inode:[timerfd]")
        with pytest.raises(CallFailed, match="ESTALE"):
            helper.client.steal(pidfd, event, wrong, by_link=True)
        with pytest.raises(CallFailed, match="EBADF"):
            helper.client.steal(pidfd, 99, null)


def test_steal_refuses_itself_its_parent_and_kernel_threads(helper: HelperProcess) -> None:
    kthread = next(pid for pid in ProcFs().pids() if ProcFs().stat(pid).ppid == 2)
    for pid in (helper.info.pid, os.getpid(), kthread):
        with pidfd_of(pid) as pidfd, pytest.raises(CallFailed, match="EPERM"):
            helper.client.steal(pidfd, 0, listed_identity(os.getpid(), 0))
    with OwnedFd.duplicate_of(0) as no_pidfd, pytest.raises(CallFailed, match="EBADF"):
        helper.client.steal(no_pidfd, 0, listed_identity(os.getpid(), 0))


def test_a_dead_process_is_told(helper: HelperProcess, puppet: Puppet) -> None:
    identity = listed_identity(puppet.pid, 0)
    with pidfd_of(puppet.pid) as pidfd:
        puppet.kill()
        with pytest.raises(CallFailed, match="ESRCH"):
            helper.client.steal(pidfd, 0, identity)


@pytest.mark.needs_root
def test_unsafe_devices_need_leave(puppet: Puppet, tmp_path: Path) -> None:
    os.mknod(tmp_path / "mem", 0o600 | 0o020000, os.makedev(1, 4))
    try:
        fd = puppet(f"os.open({str(tmp_path / 'mem')!r}, os.O_RDONLY)")
    except RuntimeError:
        fd = -1  # this kernel has no /dev/port, or the file system takes no devices
    for unsafe in (False, True):
        helper = helper_process.start("self", unsafe=unsafe)
        try:
            if fd < 0:
                continue
            if unsafe:
                steal(helper, puppet.pid, fd).close()
            else:
                with pytest.raises(CallFailed, match="memory, raw disks and watchdogs"):
                    steal(helper, puppet.pid, fd)
        finally:
            helper.close()


@pytest.mark.needs_root
def test_watchdogs_of_any_number_need_leave(puppet: Puppet, tmp_path: Path) -> None:
    """Their major is dynamic; O_PATH has the device without opening it, which starts the clock."""
    majors = [
        int(words[0])
        for line in Path("/proc/devices").read_text().split("Block")[0].splitlines()
        if len(words := line.split()) == 2 and words[1] == "watchdog"
    ]
    devices = [(10, 130), *((major, minor) for major in majors for minor in (0, 3))]
    fds = []
    for device in devices:
        place = tmp_path / "{}-{}".format(*device)
        os.mknod(place, 0o600 | 0o020000, os.makedev(*device))
        fds.append(puppet(f"os.open({str(place)!r}, os.O_PATH)"))
    harmless = puppet("os.open('/dev/null', os.O_PATH)")
    for unsafe in (False, True):
        helper = helper_process.start("self", unsafe=unsafe)
        try:
            steal(helper, puppet.pid, harmless).close()
            for fd in fds:
                if unsafe:
                    steal(helper, puppet.pid, fd).close()
                else:
                    with pytest.raises(CallFailed, match="memory, raw disks and watchdogs"):
                        steal(helper, puppet.pid, fd)
        finally:
            helper.close()
    assert majors or not Path("/sys/class/watchdog").exists(), "tested with /dev/watchdog alone"


def test_list_tells_what_proc_tells(helper: HelperProcess, puppet: Puppet) -> None:
    puppet("keep = [os.pipe(), os.eventfd(3), socket.socketpair(), os.open('/etc/passwd', 0)]")
    (table,) = helper.client.tables([puppet.pid])
    by_number = {entry.fd: entry for entry in table.entries}
    numbers = ProcFs().fds(puppet.pid)
    assert [fd for fd in by_number if isinstance(fd, int)] == numbers
    names: list[int | str] = [*numbers, "cwd", "root", "exe"]
    for fd in names:
        assert by_number[fd] == ProcFs().entry(puppet.pid, fd)
    assert table.uid == os.getuid()
    assert table.stat is not None
    assert table.stat._replace(state="S") == ProcFs().stat(puppet.pid)._replace(state="S")
    assert table.error is None
    counts = helper.client.counts([puppet.pid, 2**31 - 1])
    assert counts[puppet.pid] == len(numbers)
    assert counts[2**31 - 1] == Failure(f"stat(/proc/{2**31 - 1}/fd)", 2)


def test_list_goes_on_where_a_frame_was_full(helper: HelperProcess, puppet: Puppet) -> None:
    puppet("keep = [os.dup(0) for _ in range(700)]")
    pids = [puppet.pid, 2**31 - 1, puppet.pid]
    tables = list(helper.client.tables(pids))
    assert [table.pid for table in tables] == pids
    assert [len(table.entries) for table in tables] == [706, 3, 706]
    assert tables[1].error is not None
    assert tables[0].entries == tables[2].entries


def test_compare(helper: HelperProcess, puppet: Puppet) -> None:
    puppet("copy = os.dup(0)")
    pid, copy = puppet.pid, puppet("copy")
    same, other, closed = helper.client.compare(
        [(pid, 0, pid, copy), (pid, 0, pid, 1), (pid, 0, pid, 99)]
    )
    assert same == 0
    assert other in (1, 2)
    assert closed == Failure("kcmp", 9)


def test_a_second_channel_for_the_keeper(helper: HelperProcess, puppet: Puppet) -> None:
    channel = helper.client.channel()
    client = HelperClient(channel, os.geteuid())
    assert client.hello() == helper.info
    with pytest.raises(HelperGone):  # only the first channel adds others, and the helper ends
        client.channel()
    client.close()
    until(lambda: not helper.client.alive)
    until(lambda: helper.process.poll() is not None)
    assert helper.process.poll() == wire.EXIT_BAD_FRAME


def test_a_channel_may_close_without_ending_it(helper: HelperProcess) -> None:
    for _ in range(20):
        client = HelperClient(helper.client.channel(), os.geteuid())
        client.hello()
        client.close()
    assert helper.status().alive


def test_a_socket_for_lists_takes_no_descriptor(puppet: Puppet) -> None:
    helper = helper_process.start("self", descriptors=False)
    try:
        assert helper.client.counts([puppet.pid])
        with pytest.raises((CallFailed, HelperGone)):
            steal(helper, puppet.pid, 0)
    finally:
        helper.close()


@pytest.mark.needs_root
def test_what_it_has_given_up(helper: HelperProcess) -> None:
    status = read_status(helper.info.pid)
    assert status.no_new_privs
    assert status.permitted == helper.info.capabilities
    assert status.permitted & ~wire.KEPT_CAPABILITIES == 0
    limits = Path(f"/proc/{helper.info.pid}/limits").read_text()
    assert "Max core file size        0                    0" in limits
    assert "Max file size             0                    0" in limits
    assert os.readlink(f"/proc/{helper.info.pid}/cwd") == "/"
    assert Path(f"/proc/{helper.info.pid}/comm").read_text() == "fdtui-helper\n"
    table = ProcFs().fds(helper.info.pid)
    links = {os.readlink(f"/proc/{helper.info.pid}/fd/{fd}").split(":")[0] for fd in table}
    assert links == {"/dev/null", "socket"}
    assert len(table) <= 6
    assert os.stat(f"/proc/{helper.info.pid}/fd").st_uid == 0  # not dumpable


def test_it_ends_with_its_peer(puppet: Puppet) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path(wire.__file__).parents[2])!r})\n"
        "from fdtui.acquire import helper_process\n"
        "helper = helper_process.start('self'); print(helper.info.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as ui:
            assert ui.stdout is not None
            pid = int(ui.stdout.readline())
            assert not ended(pid)
            ui.kill()
            assert until(lambda pid=pid: ended(pid)) < 0.2  # type: ignore[misc]


def test_a_killed_child_is_replaced(helper: HelperProcess, puppet: Puppet) -> None:
    pid = helper.info.pid
    children = Path(f"/proc/{pid}/task/{pid}/children")

    def waiting() -> list[int]:
        found = []
        for child in map(int, children.read_text().split()):
            with contextlib.suppress(OSError):
                found += [child] if ProcFs().stat(child).state == "S" else []
        return found

    for _ in range(3):
        assert helper.client.counts([puppet.pid])
        until(lambda: len(waiting()) == 1, what="one waits for the next request")
        for child in waiting():
            os.kill(child, signal.SIGKILL)
            until(lambda child=child: ended(child))  # type: ignore[misc]
    assert helper.client.counts([puppet.pid])


@pytest.mark.needs_root
def test_it_goes_on_when_there_can_be_no_more_processes() -> None:
    code = """
import os, resource
from fdtui.acquire import helper_process
from fdtui.errors import CallFailed
helper = helper_process.start()
before = resource.prlimit(helper.info.pid, resource.RLIMIT_NPROC)
resource.prlimit(helper.info.pid, resource.RLIMIT_NPROC, (0, before[1]))
for _ in range(3):  # the first one finds a child that was there
    try:
        helper.client.counts([os.getpid()])
    except CallFailed as error:
        refusal = str(error)
resource.prlimit(helper.info.pid, resource.RLIMIT_NPROC, before)
print(refusal, len(helper.client.counts([os.getpid()])))
helper.close()
"""
    assert run_as(NOBODY, code) == "helper: the helper can start no process for it (EAGAIN) 1\n"


def test_a_channel_that_is_no_socket_ends_it() -> None:
    process, sock = raw_helper()
    with sock, OwnedFd(os.open(os.devnull, os.O_RDONLY)) as null:
        sock.send(HELLO)
        assert sock.recv(4096)
        scm.send(sock, HELLO, [null])
        assert process.wait(5) == wire.EXIT_BAD_FRAME


def test_a_stopped_helper_blocks_nobody(helper: HelperProcess) -> None:
    """Not even when no more requests fit into the socket."""
    os.kill(helper.info.pid, signal.SIGSTOP)
    said: set[str] = set()

    def ask() -> None:
        for _ in range(1000):
            try:
                helper.client.hello(timeout=0.0)
            except HelperGone as gone:
                said.add(gone.message)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(10)
    blocked = asking.is_alive()
    os.kill(helper.info.pid, signal.SIGKILL)
    assert not blocked
    assert said == {"the helper does not answer"}


def test_a_killed_helper_is_noticed(helper: HelperProcess, puppet: Puppet) -> None:
    os.kill(helper.info.pid, signal.SIGKILL)
    until(lambda: not helper.client.alive, 1)
    assert helper.status().words == "helper: ended"
    with pytest.raises(HelperGone, match="has ended"):
        helper.client.counts([puppet.pid])


@pytest.mark.needs_root
def test_a_dead_file_server_takes_one_child_and_not_the_helper(
    helper: HelperProcess, puppet: Puppet, tmp_path: Path
) -> None:
    with hangfs(tmp_path / "hung") as folder:
        fd = puppet(f"os.open({str(folder / 'stuck')!r}, os.O_RDONLY)")
        began = time.monotonic()
        (table,) = helper.client.tables([puppet.pid], fd, fd)
        assert table.entries[0].link.startswith(str(folder))
        assert time.monotonic() - began < 2
        copy = steal(helper, puppet.pid, fd)  # the child that sent it cannot close its own
        assert helper.client.counts([puppet.pid])
    with pytest.raises(OSError, match="not connected"):  # its server is dead
        copy.close()


@pytest.mark.needs_root
def test_a_file_server_that_answers_nothing_is_not_asked(
    helper: HelperProcess, puppet: Puppet, tmp_path: Path
) -> None:
    """Not even for an extended attribute: one file would cost the tables of every process."""
    with served(tmp_path / "dead") as die:
        fd = puppet(f"os.open({str(tmp_path / 'dead' / 'fine')!r}, os.O_RDONLY)")
        die()
        (table,) = helper.client.tables([puppet.pid], fd, fd)
        assert table.entries[0].link == str(tmp_path / "dead" / "fine")
        assert table.entries[0].error is None


def test_every_steal_is_logged(puppet: Puppet) -> None:
    """syslog(3) writes to /dev/log: here it is a socket of ours, where there is none."""
    log = Path("/dev/log")
    if log.exists() or os.geteuid() != 0:
        pytest.skip("/dev/log belongs to a running syslog, or is not ours to make")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(log))
        try:
            sock.settimeout(5)
            helper = helper_process.start("self")
            try:
                steal(helper, puppet.pid, 0).close()
            finally:
                helper.close()
            said = sock.recv(4096).decode()
        finally:
            log.unlink()
    assert said.startswith("<85>")  # LOG_AUTHPRIV | LOG_NOTICE
    assert "fdtui-helper[" in said
    assert f"uid {os.getuid()} takes fd 0 of pid {puppet.pid}: b'pipe:[" in said


# What is no request


def raw_helper() -> tuple[subprocess.Popen[bytes], socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        argv = helper_process.command("self", ask=False)
        process = subprocess.Popen(argv, stdin=theirs.fileno(), stderr=subprocess.DEVNULL)
    ours.settimeout(5)
    scm.want_credentials(ours)  # what is sent before the helper listens carries them only so
    return process, ours


HELLO = wire.REQUEST.pack(b"H", 1) + wire.HELLO.pack(wire.VERSION)
JUNK = {
    "list before hello": [wire.REQUEST.pack(b"L", 1) + b"C" + struct.pack("=i", 1)],
    "hello twice": [HELLO, HELLO],
    "another version": [wire.REQUEST.pack(b"H", 1) + wire.HELLO.pack(99)],
    "an unknown verb": [HELLO, wire.REQUEST.pack(b"X", 1)],
    "half a number": [HELLO, wire.REQUEST.pack(b"L", 1) + b"C\1\2\3"],
    "too long": [HELLO, wire.REQUEST.pack(b"L", 1) + b"C" + bytes(4096)],
    "steal without a pidfd": [HELLO, wire.REQUEST.pack(b"S", 1) + wire.STEAL.pack(0, 1, 0, 0, 0)],
    "steal without an identity": [HELLO, wire.REQUEST.pack(b"S", 1) + wire.STEAL.pack(*[0] * 5)],
}


@pytest.mark.parametrize("frames", JUNK.values(), ids=JUNK.keys())
def test_what_is_no_request_ends_it(frames: list[bytes]) -> None:
    process, sock = raw_helper()
    with sock:
        for frame in frames[:-1]:
            sock.send(frame)
            assert sock.recv(4096)
        sock.send(frames[-1])
        with contextlib.suppress(ConnectionResetError):
            assert sock.recv(4096) == b""
        assert process.wait(5) == wire.EXIT_BAD_FRAME


@pytest.mark.parametrize("count", [1, 2, 253])
def test_descriptors_that_are_not_asked_for_end_it(count: int) -> None:
    process, sock = raw_helper()
    with sock:
        sock.send(HELLO)
        assert sock.recv(4096)
        frame = wire.REQUEST.pack(b"L", 2) + b"C" + struct.pack("=i", 1)
        rights = array.array("i", [0] * count)
        sock.sendmsg([frame], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        with contextlib.suppress(ConnectionResetError):
            assert sock.recv(4096) == b""
        assert process.wait(5) == wire.EXIT_BAD_FRAME


@pytest.mark.needs_root
def test_another_users_frame_ends_it() -> None:
    process, sock = raw_helper()
    code = "import socket; s = socket.socket(fileno=0); s.send(bytes.fromhex(sys.argv[1]))"
    with sock:
        subprocess.run(argv_as(NOBODY, code, HELLO.hex()), stdin=sock.fileno(), check=True, cwd="/")
        assert sock.recv(4096) == b""
        assert process.wait(5) == wire.EXIT_BAD_FRAME


def test_it_serves_only_the_pid_that_made_the_socket() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        argv = helper_process.command("self", ask=False, peer=1)
        done = subprocess.run(argv, stdin=theirs.fileno(), capture_output=True, check=False)
    assert done.returncode == wire.EXIT_WRONG_PEER


def test_it_wants_to_be_isolated() -> None:
    argv = [sys.executable, "-c", helper_process.source(), "self", "1", "-", "safe"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == wire.EXIT_NOT_ISOLATED
    assert done.stderr == "fdtui-helper: run me as python3 -I -S\n"


FRAMES = st.tuples(st.binary(max_size=64), st.integers(0, 2)) | st.tuples(
    st.builds(
        lambda verb, rest: wire.REQUEST.pack(verb, 7) + rest,
        st.sampled_from([b"H", b"L", b"S"]),
        st.binary(max_size=64),
    ),
    st.integers(0, 2),
)


@settings(max_examples=1500, deadline=None)
@given(FRAMES)
def test_parsing_anything_is_a_request_or_a_refusal(frame: tuple[bytes, int]) -> None:
    try:
        request = wire.parse(*frame)
    except wire.Refused:
        return
    assert request.verb in (b"H", b"L", b"S")
    assert (request.verb == b"S") <= (frame[1] == 1)


def test_mutated_frames_to_a_live_helper(puppet: Puppet) -> None:
    """Each run: a few right frames, then a mutated one; no descriptor but a granted one comes."""
    random.seed(4)
    good = [
        wire.REQUEST.pack(b"L", 2) + b"C" + struct.pack("=2i", puppet.pid, 1),
        wire.REQUEST.pack(b"L", 3) + b"T" + struct.pack("=3i", -4, 9, puppet.pid),
        wire.REQUEST.pack(b"L", 4) + b"K" + struct.pack("=4i", puppet.pid, 0, puppet.pid, 1),
    ]
    for _ in range(8):
        process, sock = raw_helper()
        with sock:
            sock.send(HELLO)
            assert scm.receive(sock, 1 << 18, 1).fds == ()
            for _ in range(25):
                frame = bytearray(random.choice(good))
                if random.random() < 0.3:
                    frame[random.randrange(len(frame))] = random.randrange(256)
                try:
                    sock.send(bytes(frame))
                    message = scm.receive(sock, 1 << 18, 1)
                except (BrokenPipeError, ConnectionResetError):
                    break
                assert message.fds == ()
                if not message.data:
                    break
        assert process.wait(5) in (0, wire.EXIT_BAD_FRAME)


# Through sudo

ASK = """
import json, os
from fdtui.acquire import helper_process
from fdtui.acquire.base import Target
from fdtui.acquire.helper import METHOD
from fdtui.acquire.helper_process import HelperFailed
target = Target(*json.loads(sys.argv[1]))
before = METHOD.check(target)
try:
    helper = helper_process.start("sudo")
except HelperFailed as error:
    print(json.dumps({"error": str(error), "password": error.needs_password}))
    sys.exit()
METHOD.attach(helper.client, helper.info)
(table,) = helper.client.tables([target.pid])
from fdtui.acquire import chain
got = chain.acquire(target)
position = os.lseek(got.fd.fileno(), 0, os.SEEK_CUR)
print(json.dumps({
    "uid": os.getuid(), "before": before, "after": METHOD.check(target), "pid": helper.info.pid,
    "info": helper.info, "words": helper.status().words, "position": position,
    "method": got.method.name, "verified": got.verified, "rows": len(table.entries),
    "refusals": [str(e) for _, e in got.refusals],
}), flush=True)
if len(sys.argv) > 2:
    sys.stdin.read()
else:
    helper.close()
"""


@pytest.mark.needs_root
@pytest.mark.parametrize(
    "defaults",
    [["!use_pty"], ["use_pty"], ["use_pty", "log_output"], ["!use_pty", "log_input"],
     ["use_pty", "log_input", "log_output"], ["!env_reset"]],
    ids="-".join,
)  # fmt: skip
def test_through_sudo_for_another_users_process(puppet: Puppet, defaults: list[str]) -> None:
    fd = puppet(f"os.open({__file__!r}, os.O_RDONLY)")
    puppet(f"os.lseek({fd}, 1234, 0)")
    with sudoers(*defaults) as uid:
        said = json.loads(run_as(uid, ASK, json.dumps(puppet.target(fd))))
    assert said["uid"] == uid
    assert said["before"] == ["ready", "as root, through sudo",
                              "the screen makes way for the password and comes back"]  # fmt: skip
    assert said["after"][0] == "works"
    assert said["words"] == "helper: root"
    version, _, euid, served, capabilities = said["info"]
    assert (version, euid, served) == (wire.VERSION, 0, uid)
    assert capabilities == wire.KEPT_CAPABILITIES
    assert capabilities >> CAP_SYS_PTRACE & 1
    assert said["method"] == "helper"
    assert said["verified"] is True
    assert said["position"] == 1234
    assert said["rows"] == len(puppet.fds()) + 3
    assert "it runs as root" in said["refusals"][0]
    assert until(lambda: ended(said["pid"])) < 1


@pytest.mark.needs_root
@pytest.mark.parametrize("defaults", [["!use_pty"], ["use_pty"]], ids="-".join)
def test_a_root_helper_ends_with_the_screen(puppet: Puppet, defaults: list[str]) -> None:
    fd = puppet(f"os.open({__file__!r}, os.O_RDONLY)")
    with sudoers(*defaults) as uid:
        argv = argv_as(uid, ASK, json.dumps(puppet.target(fd)), "stay")
        with subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as screen:
            assert screen.stdout is not None
            try:
                pid = json.loads(screen.stdout.readline())["pid"]
            finally:
                screen.kill()
            assert until(lambda: ended(pid)) < 0.2


@pytest.mark.needs_root
def test_a_command_may_start_one_by_itself(puppet: Puppet) -> None:
    code = (
        "import json\n"
        "from fdtui.acquire import chain\n"
        "from fdtui.acquire.base import Target\n"
        "from fdtui.acquire.helper import METHOD\n"
        "METHOD.ask = False\n"
        "got = chain.acquire(Target(*json.loads(sys.argv[1])), 'helper')\n"
        "print(got.method.name, got.verified, METHOD.words); METHOD.detach()\n"
    )
    with sudoers() as uid:
        assert run_as(uid, code, json.dumps(puppet.target(0))) == "helper True root\n"


@pytest.mark.needs_root
def test_sudo_wants_a_password(puppet: Puppet) -> None:
    with sudoers(password="right") as uid:
        said = json.loads(run_as(uid, ASK, json.dumps(puppet.target(0))))
    assert said["password"] is True
    assert "password is required" in said["error"]


AT_A_TERMINAL = """
from fdtui.acquire import helper_process
from fdtui.acquire.helper_process import HelperFailed
import termios
before = termios.tcgetattr(0)
try:
    helper = helper_process.start("sudo", ask=True)
    print("<" + helper.status().words + ">", flush=True)
    assert termios.tcgetattr(0) == before
    helper.close()
except HelperFailed as error:
    print("<" + str(error) + ">", flush=True)
"""


@pytest.mark.needs_root
@pytest.mark.parametrize("defaults", [["!use_pty"], ["use_pty"]], ids="-".join)
@pytest.mark.parametrize(
    ("typed", "said"), [(b"right\n", "helper: root"), (b"\x03", "no helper through sudo")]
)
def test_the_password_is_asked_for_on_the_terminal(
    defaults: list[str], typed: bytes, said: str
) -> None:
    """Ctrl-C at the prompt ends sudo, and not the program."""
    with sudoers(*defaults, password="right") as uid:
        argv = argv_as(uid, AT_A_TERMINAL)
        pid, terminal = pty.fork()
        if pid == 0:
            os.execvpe(argv[0], argv, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        with OwnedFd(terminal) as owned:
            shown = b""
            answered = False
            while True:
                if not select.select([owned.fileno()], [], [], 0.5)[0]:
                    # sudo misses a Ctrl-C that comes between its prompt and its read.
                    os.write(owned.fileno(), typed if answered and typed == b"\x03" else b"")
                    continue
                try:
                    more = os.read(owned.fileno(), 1024)
                except OSError:  # EIO: the program has ended
                    break
                shown += more
                if b"fdtui: password of" in shown and not answered:
                    until(lambda: not termios.tcgetattr(owned.fileno())[3] & termios.ECHO)
                    os.write(owned.fileno(), typed)
                    answered = True
        assert os.waitpid(pid, 0)[1] == 0
    assert f"<{said}" in shown.decode(), shown
    assert answered


@pytest.mark.needs_root
def test_a_python_that_others_can_change_is_not_run_as_root(
    puppet: Puppet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    open_to_all = tmp_path / "python3"
    open_to_all.symlink_to(PYTHON)
    assert wire.unsafe_path(PYTHON) == ""
    assert wire.unsafe_path("/tmp/python3") == "/tmp"
    victim = tmp_path / "real"
    victim.write_text("")
    victim.chmod(0o777)
    monkeypatch.setattr(helper_process, "_PYTHONS", (str(victim),))
    with pytest.raises(helper_process.HelperFailed, match="can be changed by others"):
        helper_process.interpreter("sudo")


@pytest.mark.needs_root
def test_nothing_planted_is_imported_by_root() -> None:
    """PYTHONPATH, the current folder, a home with site packages: none may run as root."""
    with tempfile.TemporaryDirectory(prefix="fdtui-plant-", dir="/tmp") as folder:
        _plant(Path(folder))


def _plant(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    canary = tmp_path / "canary"
    for name in (
        "json",
        "os",
        "socket",
        "syslog",
        "sitecustomize",
        "usercustomize",
        "pwd",
        "array",
    ):
        (tmp_path / f"{name}.py").write_text(f"open({str(canary)!r}, 'w').write('{name}')\n")
    code = (
        "import os, subprocess, socket\n"
        "from fdtui.acquire import helper_process\n"
        "here = sys.argv[1]; os.chdir(here)\n"
        "os.environ.update(PYTHONPATH=here, HOME=here, PYTHONSTARTUP=here + '/json.py')\n"
        "argv = helper_process.command('sudo', ask=False)\n"
        "a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
        "p = subprocess.Popen(argv, stdin=b); b.close()\n"
        "from fdtui.acquire.helper_client import HelperClient\n"
        "print(HelperClient(a, 0).hello().euid); a.close(); p.wait()\n"
    )
    with sudoers("!env_reset", "setenv") as uid:
        assert run_as(uid, code, str(tmp_path)) == "0\n"
    assert not canary.exists()


@pytest.mark.needs_root
def test_the_copy_for_other_users_is_readable() -> None:
    assert run_as(NOBODY, "import fdtui; print(fdtui.__file__)").startswith(package())


def test_by_itself_for_ones_own(puppet: Puppet) -> None:
    try:
        assert METHOD.check(puppet.target(0)).state in ("ready", "works")
        with METHOD.acquire(puppet.target(0)) as fd:
            assert same_description(fd, puppet.pid, 0)
        assert METHOD.check(puppet.target(0)).state == "works"
    finally:
        METHOD.detach()
    assert METHOD.client is None
