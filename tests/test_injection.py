"""Injection into live targets that sleep, spin, run threads, take signals: none may notice.

FDTUI_INJECTIONS sets how many injections each of the busy targets gets (20; the bench: 250).
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fdtui.acquire.base import Target
from fdtui.acquire.identity import same_description
from fdtui.acquire.injection import METHOD, WORKERS, close_in_target, redirect_in_target
from fdtui.acquire.pidfd_getfd import METHOD as GETFD
from fdtui.errors import CallFailed
from fdtui.linux.abi import OpenFlags
from fdtui.linux.owned import OwnedFd
from fdtui.linux.procfs import ProcFs
from tests.puppets import Puppet, until

pytestmark = [pytest.mark.needs_ptrace, pytest.mark.needs_root]
COUNT = int(os.environ.get("FDTUI_INJECTIONS", "20"))


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    WORKERS.close()
    before = sorted(os.listdir("/proc/self/fd"))
    yield
    WORKERS.close()
    assert sorted(os.listdir("/proc/self/fd")) == before


@pytest.fixture
def puppet() -> Iterator[Puppet]:
    with Puppet() as made:
        made("libc = ctypes.CDLL(None, use_errno=True)")
        yield made


def state_of(pid: int) -> tuple[object, ...]:
    """What a detour must not change: descriptors, mappings, signal masks, tracer."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    keys = ("SigBlk", "SigIgn", "SigCgt", "TracerPid", "Threads", "VmSize")
    maps = [line.split()[0] for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    return ProcFs().fds(pid), [line for line in lines if line.startswith(keys)], maps


def pull(target: Target, count: int = 1) -> None:
    for _ in range(count):
        with METHOD.acquire(target) as fd:
            assert same_description(fd, target.pid, target.fd)


@pytest.mark.parametrize("kind", ["file", "socket", "pipe"])
def test_what_comes_is_the_targets(puppet: Puppet, kind: str) -> None:
    opened = {
        "file": f"os.open({__file__!r}, os.O_RDONLY)",
        "socket": "(globals().setdefault('s', socket.socketpair())[0]).fileno()",
        "pipe": "os.pipe()[0]",
    }[kind]
    fd = puppet(opened)
    target = puppet.target(fd)
    before = state_of(puppet.pid)
    assert METHOD.check(target).state == "ready"
    with METHOD.acquire(target) as copy:
        assert same_description(copy, puppet.pid, fd)
        assert not os.get_inheritable(copy.fileno())
        if kind == "file":
            puppet(f"os.lseek({fd}, 77, 0)")
            assert os.lseek(copy.fileno(), 0, os.SEEK_CUR) == 77
    assert state_of(puppet.pid) == before


WAITS = {
    # Each returns (what the call said, errno); the call has 600 ms to run.
    "nanosleep": "libc.usleep(600000)",
    "poll": "libc.poll(None, 0, 600)",
    "select": "libc.select(0, None, None, None, struct.pack('qq', 0, 600000))",
    "epoll_wait": "libc.epoll_wait(ep, ctypes.create_string_buffer(12), 1, 600)",
    "recv": "libc.recv(rcv.fileno(), ctypes.create_string_buffer(9), 9, 0)",
    "sigtimedwait": "libc.sigtimedwait(struct.pack('16Q', 1 << 9, *[0] * 15), None, ts)",
}


@pytest.mark.parametrize("call", WAITS)
def test_a_waiting_call_runs_to_its_end(puppet: Puppet, call: str) -> None:
    puppet("import struct; poll = select.epoll(); ep = poll.fileno()")
    puppet("rcv = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)")
    puppet("rcv.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack('qq', 0, 600000))")
    puppet("ts = struct.pack('qq', 0, 600000000); signal.pthread_sigmask(signal.SIG_BLOCK, [10])")
    before = state_of(puppet.pid)
    began = time.monotonic()
    puppet.start(f"[{WAITS[call]}, ctypes.get_errno()]")
    until(lambda: ProcFs().stat(puppet.pid).state == "S")
    pull(puppet.target(0), 3)
    result, code = puppet.answer()
    took = time.monotonic() - began
    # EAGAIN is what recv and sigtimedwait say when their time is over; EINTR (4) is the failure.
    assert (result, code) in ((0, 0), (-1, 11))
    assert took >= 0.59
    assert state_of(puppet.pid) == before


def test_a_blocked_read_gets_its_bytes(puppet: Puppet) -> None:
    r, w = puppet("r, w = os.pipe()") or (puppet("r"), puppet("w"))
    puppet.start("os.read(r, 10)")
    until(lambda: ProcFs().stat(puppet.pid).state == "S")
    pull(puppet.target(r), 5)
    with GETFD.acquire(puppet.target(w)) as end:
        os.write(end.fileno(), b"arrived")
    assert puppet.answer() == "arrived"


BUSY = {
    "spinning": """
def work(until):
    errors = rounds = 0
    while time.monotonic() < until:
        x = 1.5
        for i in range(2000):
            x = (x * 1.0000001 + i) % 1000.0
        y = 1.5
        for i in range(2000):
            y = (y * 1.0000001 + i) % 1000.0
        errors += x != y
        rounds += 1
    return [errors, rounds]
""",
    "threaded": """
def one(until, out):
    errors = rounds = 0
    while time.monotonic() < until:
        r, w = os.pipe()
        os.write(w, b"abc")
        errors += os.read(r, 3) != b"abc"
        os.close(r); os.close(w)
        fd = os.open("/proc/self/stat", 0); errors += not os.read(fd, 100); os.close(fd)
        time.sleep(0.0005)
        errors += sum(range(500)) != 124750
        rounds += 1
    out.append((errors, rounds))
def work(until):
    out = []
    threads = [threading.Thread(target=one, args=(until, out)) for _ in range(8)]
    [t.start() for t in threads]; [t.join() for t in threads]
    return [sum(e for e, _ in out), sum(r for _, r in out)]
""",
    "signal storm": """
hits = 0
def handler(*_):
    global hits
    hits += 1
def work(until):
    errors = rounds = 0
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    while time.monotonic() < until:
        before = hits
        # pause() comes back by a handler only: a lost wake-up hangs here.
        signal.pause()
        errors += hits == before
        errors += sum(range(500)) != 124750
        rounds += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    return [errors, rounds]
""",
}


@pytest.mark.parametrize("kind", BUSY)
def test_a_busy_target_makes_no_error(puppet: Puppet, kind: str) -> None:
    puppet(f"exec({BUSY[kind]!r}, globals())")
    seconds = max(1.0, COUNT / 50)
    puppet.start(f"work(time.monotonic() + {seconds})")
    target = puppet.target(0)
    began = time.monotonic()
    done = 0
    while done < COUNT and time.monotonic() < began + seconds:
        pull(target)
        done += 1
    errors, rounds = puppet.answer()
    assert errors == 0
    assert rounds > 10
    assert done >= min(COUNT, 10)
    print(f"{kind}: {done} injections, {rounds} rounds")


def test_a_stopped_target_stays_stopped(puppet: Puppet) -> None:
    os.kill(puppet.pid, 19)
    until(lambda: ProcFs().stat(puppet.pid).state == "T")
    pull(puppet.target(0), 3)
    until(lambda: ProcFs().stat(puppet.pid).state == "T")
    os.kill(puppet.pid, 18)
    assert puppet("1 + 1") == 2


@pytest.mark.parametrize("flag", ["--net", "--net --mount --pid --fork"])
def test_a_target_in_other_namespaces(flag: str) -> None:
    code = "import os, sys; print(os.getpid(), flush=True); sys.stdin.read()"
    with subprocess.Popen(
        ["unshare", *flag.split(), "--kill-child", sys.executable, "-c", code],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        child.stdout.readline()
        kids = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
        pid = int(kids[0]) if kids else child.pid
        pull(Target(pid, ProcFs().start_time(pid), 0), 2)
        child.communicate("")
        assert child.returncode == 0


def refusal(target: Target) -> CallFailed:
    with pytest.raises(CallFailed) as caught:
        METHOD.acquire(target).close()
    return caught.value


def test_a_traced_target_is_refused(puppet: Puppet) -> None:
    with Puppet() as tracer:
        tracer("libc = ctypes.CDLL(None)")
        assert tracer(f"libc.ptrace(0x4206, {puppet.pid}, 0, 0)") == 0
        error = refusal(puppet.target(0))
        assert f"process {tracer.pid} traces it" in str(error)
        assert METHOD.check(puppet.target(0)).state == "refused"
    assert puppet("1 + 1") == 2


def test_a_target_in_vfork_is_refused_and_unharmed(puppet: Puppet) -> None:
    # CLONE_VFORK without CLONE_VM: the parent waits, the child has memory of its own.
    puppet("r, w = os.pipe()")
    puppet.start(
        "(lambda pid: (os.read(r, 1), os._exit(0)) if pid == 0 else os.waitpid(pid, 0)[1])"
        "(libc.syscall(56, 0x4000 | 17, 0, 0, 0, 0))"
    )
    until(lambda: ProcFs().stat(puppet.pid).state == "D")
    error = refusal(puppet.target(0))
    assert "uninterruptible" in str(error)
    with GETFD.acquire(puppet.target(puppet.fds()[-1])) as end:
        os.write(end.fileno(), b"x")
    assert puppet.answer() == 0
    assert puppet("1 + 1") == 2


def elf32() -> bytes:
    """A static 32-bit program that waits for signals: pause() by int 0x80, again and again."""
    code = b"\xb8\x1d\x00\x00\x00\xcd\x80\xeb\xf7"  # mov eax, 29; int 0x80; jmp
    base, size = 0x08048000, 84
    head = struct.pack(
        "<16sHHIIIIIHHHHHH", b"\x7fELF\x01\x01\x01" + bytes(9), 2, 3, 1, base + size, 52, 0, 0,
        52, 32, 1, 0, 0, 0,
    )  # fmt: skip
    program = struct.pack("<8I", 1, 0, base, base, size + len(code), size + len(code), 5, 4096)
    return head + program + code


def test_a_32_bit_target_is_refused_and_unharmed(tmp_path: Path) -> None:
    program = tmp_path / "pause32"
    program.write_bytes(elf32())
    program.chmod(0o755)
    try:
        child = subprocess.Popen([program])
    except OSError:
        pytest.skip("this kernel runs no 32-bit programs")
    try:
        until(lambda: ProcFs().stat(child.pid).state == "S")
        target = Target(child.pid, ProcFs().start_time(child.pid), 0)
        assert "32-bit" in str(refusal(target))
        GETFD.acquire(target).close()
        assert child.poll() is None
        assert "TracerPid:\t0" in Path(f"/proc/{child.pid}/status").read_text()
    finally:
        child.kill()
        child.wait()


def test_a_full_table_in_the_target(puppet: Puppet) -> None:
    puppet("import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))")
    puppet("keep = [os.dup(0) for _ in range(20 - len(os.listdir('/proc/self/fd')) + 1)]")
    before = state_of(puppet.pid)
    assert "table is full" in str(refusal(puppet.target(0)))
    assert state_of(puppet.pid) == before


def test_a_number_that_is_not_open(puppet: Puppet) -> None:
    before = state_of(puppet.pid)
    assert "closed 77" in str(refusal(puppet.target(77)))
    assert state_of(puppet.pid) == before


SECCOMP = """
import struct
def install(number, action):
    ops = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (6, 0, 0, action), (6, 0, 0, 0x7fff0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *op) for op in ops), 32)
    prog = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", 4, ctypes.addressof(code)), 16)
    libc.prctl(38, 1, 0, 0, 0)
    return libc.prctl(22, 2, prog, 0, 0)
"""


def test_a_filter_that_would_kill_is_suspended_by_root(puppet: Puppet) -> None:
    puppet(f"exec({SECCOMP!r}, globals())")
    assert puppet("install(41, 0x80000000)") == 0  # socket: SECCOMP_RET_KILL_PROCESS
    pull(puppet.target(0), 3)
    assert puppet("1 + 1") == 2
    assert "Seccomp:\t2" in Path(f"/proc/{puppet.pid}/status").read_text()


def test_a_filter_that_cannot_be_suspended_is_a_refusal(puppet: Puppet) -> None:
    puppet(f"exec({SECCOMP!r}, globals())")
    assert puppet("install(41, 0x80000000)") == 0
    code = (
        "import json, os, sys; sys.path.append(sys.argv[1]); os.setgroups([])\n"
        "import ctypes, struct; libc = ctypes.CDLL(None)\n"
        "exec(sys.argv[3]); install(999, 0x50001)\n"  # a tracer under a filter may not suspend
        "from fdtui.acquire.injection import METHOD; from fdtui.acquire.base import Target\n"
        "from fdtui.errors import FdtuiError\n"
        "target = Target(*json.loads(sys.argv[2])); print(METHOD.check(target).why)\n"
        "try: METHOD.acquire(target)\n"
        "except FdtuiError as error: print(error)\n"
    )
    root = str(Path(__file__).resolve().parent.parent)
    argv = [sys.executable, "-c", code, root, json.dumps(puppet.target(0)), SECCOMP]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    assert all("seccomp filter that might kill it" in line for line in said)
    assert len(said) == 2
    assert puppet("1 + 1") == 2


@pytest.fixture
def writer(puppet: Puppet, tmp_path: Path) -> Callable[[str], int]:
    puppet(f"fd = os.open({str(tmp_path / 'a')!r}, os.O_RDWR | os.O_CREAT)")
    puppet("os.set_inheritable(fd, True)")
    return lambda text: int(puppet(f"os.write(fd, {text.encode()!r})"))


def test_redirect_and_restore(puppet: Puppet, writer: Callable[[str], int], tmp_path: Path) -> None:
    target = puppet.target(puppet("fd"))
    writer("one ")
    with GETFD.acquire(target) as held:
        redirect_in_target(target, str(tmp_path / "b"), held)
        writer("two ")
        with GETFD.acquire(target) as other:
            redirect_in_target(target, held, other)
        assert same_description(held, *target[::2])
        assert not puppet.fdinfo(target.fd).flags & OpenFlags.O_CLOEXEC
        redirect_in_target(target, str(tmp_path / "b"), held, cloexec=True)
        assert puppet.fdinfo(target.fd).flags & OpenFlags.O_CLOEXEC
        with GETFD.acquire(target) as other:
            redirect_in_target(target, held, other)
    writer("three")
    assert (tmp_path / "a").read_text() == "one three"
    assert (tmp_path / "b").read_text() == "two "
    assert len(puppet.fds()) == 4


def test_close_in_target(puppet: Puppet, writer: Callable[[str], int]) -> None:
    target = puppet.target(puppet("fd"))
    with GETFD.acquire(target) as held:
        close_in_target(target, held)
    assert target.fd not in puppet.fds()


def test_nothing_happens_to_another_file(
    puppet: Puppet, writer: Callable[[str], int], tmp_path: Path
) -> None:
    target = puppet.target(puppet("fd"))
    with OwnedFd(os.open(tmp_path / "a", os.O_RDONLY)) as same_file_other_description:
        for act in (close_in_target, lambda t, e: redirect_in_target(t, str(tmp_path / "b"), e)):
            with pytest.raises(CallFailed, match="ESTALE"):
                act(target, same_file_other_description)
    assert target.fd in puppet.fds()
    assert not (tmp_path / "b").exists()


def test_another_processes_pid(puppet: Puppet) -> None:
    error = refusal(Target(puppet.pid, puppet.start_time + 1, 0))
    assert "another process" in str(error)
