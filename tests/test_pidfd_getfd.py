"""Stealing from live processes, and every reason why the kernel says no."""

from __future__ import annotations

import json
import os
import resource
import socket
from pathlib import Path

import pytest

from fdtui.acquire import permission
from fdtui.acquire.base import Target
from fdtui.acquire.identity import identity_of, listed_identity, same_description
from fdtui.acquire.pidfd_getfd import METHOD, Gone, open_process
from fdtui.errors import CallFailed
from fdtui.linux.owned import OwnedFd
from fdtui.linux.procfs import ProcFs
from fdtui.linux.status import read_status
from tests.other_user import NOBODY, run_as
from tests.puppets import Puppet, until

TELL = """
import json
from fdtui.acquire.base import Target
from fdtui.acquire.pidfd_getfd import METHOD
from fdtui.errors import CallFailed, FdtuiError
target = Target(*json.loads(sys.argv[1]))
verdict = METHOD.check(target)
try:
    METHOD.acquire(target).close()
    said = ["", ""]
except FdtuiError as error:
    said = [error.message, error.remedy]
print(json.dumps([verdict, said]))
"""


def told(uid: int, target: Target, before: str = "") -> tuple[list[str], list[str]]:
    verdict, said = json.loads(run_as(uid, before + TELL, json.dumps(target)))
    return verdict, said


BECOME_NOBODY = f"os.setgroups([]), os.setresgid(*[{NOBODY}] * 3), os.setresuid(*[{NOBODY}] * 3)"


def open_fds() -> list[str]:
    return sorted(os.listdir("/proc/self/fd"))


def test_what_is_stolen_is_the_targets() -> None:
    with Puppet() as puppet:
        fd = puppet(f"os.open({__file__!r}, os.O_RDONLY)")
        target = puppet.target(fd)
        before = open_fds()
        assert METHOD.check(target).state == "works"
        with METHOD.acquire(target) as stolen:
            assert same_description(stolen, puppet.pid, fd) is True
            assert same_description(stolen, puppet.pid, 0) is False
            assert identity_of(stolen) == listed_identity(puppet.pid, fd)
            assert not os.get_inheritable(stolen.fileno())
        assert open_fds() == before


def test_a_socket_is_stolen_too() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, Puppet() as puppet:
        target = Target(os.getpid(), METHOD._proc.start_time(os.getpid()), ours.fileno())
        with METHOD.acquire(target) as stolen:
            assert identity_of(stolen).link.startswith("socket:[")
        assert puppet.pid


def test_a_number_that_is_not_open() -> None:
    with Puppet() as puppet, pytest.raises(CallFailed) as caught:
        METHOD.acquire(puppet.target(77))
    assert str(caught.value) == (
        f"pidfd_getfd(pid {puppet.pid}, fd 77): the target has closed 77 (EBADF)"
    )


def test_a_process_that_has_ended_and_one_that_took_its_pid() -> None:
    with Puppet() as puppet:
        target = puppet.target(0)
        before = open_fds()
        with pytest.raises(Gone, match="another process by now"):
            METHOD.acquire(target._replace(start_time=target.start_time - 1))
        assert open_fds() == before
        puppet.kill()
        assert METHOD.check(target).state == "refused"
        with pytest.raises(Gone, match="has ended"):
            METHOD.acquire(target)


def test_a_start_time_that_cannot_be_read_is_no_process(tmp_path: Path) -> None:
    """It ended between pidfd_open(2) and the second look at /proc; or /proc refuses."""
    with Puppet() as puppet:
        target = puppet.target(0)
        before = open_fds()
        with pytest.raises(Gone, match="has ended"):
            open_process(target, ProcFs(str(tmp_path)))
        (tmp_path / f"{puppet.pid}" / "stat").mkdir(parents=True)
        with pytest.raises(CallFailed, match="EISDIR"):
            open_process(target, ProcFs(str(tmp_path)))
        assert open_fds() == before


def test_a_closed_number_and_an_ended_process_have_no_description() -> None:
    with Puppet() as puppet:
        fd = puppet("os.memfd_create('x')")
        with METHOD.acquire(puppet.target(fd)) as stolen:
            puppet(f"os.close({fd})")
            assert same_description(stolen, puppet.pid, fd) is False
            puppet.kill()
            assert same_description(stolen, puppet.pid, fd) is False


def test_the_own_table_is_full() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Puppet() as puppet:
        filler = [OwnedFd.duplicate_of(0) for _ in range(3)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, open_fds()[:-1])), hard))
        try:
            with pytest.raises(CallFailed, match=r"own table is full .*EMFILE"):
                filler.extend(METHOD.acquire(puppet.target(0)) for _ in range(1000))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for fd in filler:
                fd.close()


@pytest.mark.needs_root
def test_another_users_process() -> None:
    with Puppet() as puppet:
        verdict, (message, remedy) = told(NOBODY, puppet.target(0))
    assert verdict[:2] == ["refused", "EPERM: it runs as root, fdtui as nobody"]
    assert message.endswith("it runs as root, fdtui as nobody (EPERM)")
    assert "helper" in remedy


@pytest.mark.needs_root
@pytest.mark.parametrize("what", ["group", "dumpable", "capabilities"])
def test_the_same_user_is_not_enough(what: str) -> None:
    change = {
        "group": f"os.setgroups([]), os.setresgid(9, 9, 9), os.setresuid(*[{NOBODY}] * 3)",
        "dumpable": BECOME_NOBODY,
        "capabilities": f"libc.prctl(8, 1, 0, 0, 0), {BECOME_NOBODY}",
    }[what]
    with Puppet() as puppet:
        puppet("libc = ctypes.CDLL(None)")
        puppet(change)  # a change of uid makes it not dumpable, and only exec or prctl back
        if what != "dumpable":
            puppet("libc.prctl(4, 1, 0, 0, 0)")
        _, (message, remedy) = told(NOBODY, puppet.target(0))
    word = {"group": "group 9", "dumpable": "not dumpable", "capabilities": "capabilities"}[what]
    assert word in message
    assert "helper" in remedy


@pytest.mark.needs_root
def test_a_user_namespace_hides_what_is_outside() -> None:
    with Puppet() as puppet:
        puppet(BECOME_NOBODY)
        puppet("ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)")
        enter = (
            "import ctypes, os\n"
            "assert ctypes.CDLL(None).unshare(0x10000000) == 0\n"
            f"open('/proc/self/uid_map', 'w').write('{NOBODY} {NOBODY} 1')\n"
        )
        _, (message, remedy) = told(NOBODY, puppet.target(0), before=enter)
    assert "user namespace" in message
    assert remedy == "run fdtui outside"


SECCOMP = """
import ctypes, struct
def refuse(numbers, code):
    ops = [(0x20, 0, 0, 0)]
    for number in numbers:
        ops += [(0x15, 0, 1, number), (6, 0, 0, 0x50000 | code)]
    ops.append((6, 0, 0, 0x7fff0000))
    libc = ctypes.CDLL(None)
    body = b"".join(struct.pack("HBBI", *op) for op in ops)
    ops = ctypes.create_string_buffer(body, len(body))
    prog = struct.pack("HxxxxxxQ", len(body) // 8, ctypes.addressof(ops))
    prog = ctypes.create_string_buffer(prog, 16)
    assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, prog, 0, 0) == 0
"""


@pytest.mark.needs_root
@pytest.mark.parametrize(("code", "name"), [(1, "EPERM"), (38, "ENOSYS")])
def test_a_seccomp_filter_is_told_from_a_missing_right(code: int, name: str) -> None:
    with Puppet() as puppet:
        before = SECCOMP + f"refuse([438], {code})\n"
        verdict, (message, remedy) = told(0, puppet.target(0), before)
    assert f"a seccomp filter around fdtui refuses pidfd_getfd ({name})" in message
    assert "--cap-add SYS_PTRACE" in remedy
    assert verdict[0] == "refused"


def test_an_old_kernel_is_told_from_a_filter() -> None:
    old = permission.filter_refusal(38, release="5.4.0-216-generic")
    assert old.cause == "Linux 5.4.0-216-generic has no pidfd_getfd, which came with 5.6"
    assert "seccomp" in permission.filter_refusal(38, release="6.8.12").cause


@pytest.mark.needs_root
@pytest.mark.parametrize(
    ("scope", "cause"),
    [(1, "ptrace_scope is 1"), (2, "ptrace_scope is 2: only root"), (3, "until the next boot")],
)
def test_yamas_scopes(scope: int, cause: str) -> None:
    """The sentences only: this kernel may be built without Yama."""
    with Puppet() as puppet:
        puppet(BECOME_NOBODY)
        puppet("ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)")
        said = run_as(
            NOBODY,
            "from fdtui.acquire.permission import attach_refusal\n"
            f"print(*attach_refusal({puppet.pid}, scope={scope}))",
        )
    assert cause in said


def test_status_of_a_stopped_and_filtered_process() -> None:
    with Puppet() as puppet:
        status = read_status(puppet.pid)
        assert status.uids == (os.getuid(),) * 4
        assert (status.tracer, status.seccomp) == (0, read_status().seccomp)
        os.kill(puppet.pid, 19)
        until(lambda: "State:\tT" in Path(f"/proc/{puppet.pid}/status").read_text())
        os.kill(puppet.pid, 10)
        assert read_status(puppet.pid).pending >> 9 & 1
