"""What a target can be made to do by injection: send a descriptor, close one, put another there.

Runs in the throw-away process of inject_worker only.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from fdtui.acquire.identity import identity_of, listed_identity
from fdtui.errors import CallFailed
from fdtui.linux import scm, syscalls
from fdtui.linux.detour import Detour
from fdtui.linux.lean import NamedTuple
from fdtui.linux.owned import OwnedFd
from fdtui.linux.procfs import ProcFs, read_file
from fdtui.linux.registers import X86_64
from fdtui.linux.status import CAP_SYS_ADMIN, read_status

SOCK_SEQPACKET, SOCK_CLOEXEC, SOCK_NONBLOCK = 5, 0o2000000, 0o4000
AT_FDCWD = -100
O_CLOEXEC, O_NOCTTY = 0o2000000, 0o400
_LONGEST_PATH = 3500  # bytes of one page, where it is put
_ADDRESS, _HEADER, _IOV, _DATA, _CONTROL, _PATH = 0, 128, 192, 208, 256, 512
_MAX_THREADS = 64  # looked at for one that is easy to stop
_CLONE_NEWNET = 0x40000000


class Order(NamedTuple):
    """What is to be done in the target; `path` and the flags of open(2) for a redirection."""

    op: str  # pull, close, redirect
    pid: int
    start_time: int
    fd: int
    path: str = ""
    flags: int = 0
    mode: int = 0o644
    cloexec: bool = False
    seconds: float = 2.0

    @property
    def call(self) -> str:
        """`injection(pid 812, fd 7)`."""
        return f"injection {self.op}(pid {self.pid}, fd {self.fd})"


def refused(order: Order, code: int, cause: str, remedy: str = "") -> CallFailed:
    """Return the error of a detour that is not made."""
    return CallFailed(order.call, code, cause, remedy)


def run(order: Order, given: OwnedFd | None, expected: OwnedFd | None) -> OwnedFd | None:
    """Do it.  `given` goes into the target; nothing happens unless `expected` is what it has."""
    check_process(order)
    suspend = check_seccomp(order)
    with meeting_place(order) as listener:
        tid = choose_thread(order)
        with Detour(order.pid, tid, suspend_seccomp=suspend, seconds=order.seconds) as detour:
            # Traced, it cannot end and leave its pid to another: now the comparison holds.
            if ProcFs().start_time(order.pid) != order.start_time:
                raise refused(order, errno.ESRCH, "the pid belongs to another process by now")
            if expected is not None and not _has(order, expected):
                raise refused(order, errno.ESTALE, "the number holds another file by now")
            if order.op == "pull":
                return _pull(order, detour, listener)
            if order.op == "close":
                detour.call("close", order.fd)
                return None
            new = _receive(order, detour, listener, given) if given else _open(order, detour)
            try:
                detour.call("dup3", new, order.fd, O_CLOEXEC if order.cloexec else 0)
            finally:
                detour.call("close", new)
    return None


def check_process(order: Order) -> None:
    """Refuse what is known to go wrong before it is touched."""
    try:
        status, stat = read_status(order.pid), ProcFs().stat(order.pid)
    except OSError as error:
        raise refused(order, errno.ESRCH, "the target has ended") from error
    if stat.start_time != order.start_time:
        raise refused(order, errno.ESRCH, "the pid belongs to another process by now")
    if status.tracer:
        cause = f"process {status.tracer} traces it already, and there can be only one"
        raise refused(order, errno.EPERM, cause, f"end process {status.tracer} (strace, gdb)")


def check_seccomp(order: Order) -> bool:
    """Return whether the target's filter must be suspended; refuse when it could kill the target.

    A filter that this process lives under as well is known to allow what it does itself.
    """
    theirs, mine = read_status(order.pid), read_status()
    if theirs.seccomp == 0:
        return False
    if mine.seccomp == 0 and mine.capable(CAP_SYS_ADMIN):
        return True
    if mine.seccomp and _filters(order.pid) == _filters("self") == _filters(1):
        return False  # all are what the container was started with
    raise refused(
        order,
        errno.EPERM,
        "it is under a seccomp filter that might kill it for what it would have to do",
        "as root, outside a container, the filter can be suspended for the moment",
    )


def _filters(pid: int | str) -> int:
    """Return how many filters a process is under (Linux 5.9); -1 when unknown."""
    try:
        text = read_file(f"/proc/{pid}/status")
    except OSError:
        return -1
    _, _, rest = text.partition(b"Seccomp_filters:\t")
    return int(rest.split(b"\n", 1)[0]) if rest else -1


def choose_thread(order: Order) -> int:
    """Return the thread that a stop disturbs least: one that waits in a call, the leader first."""
    pid = order.pid
    tids = sorted(map(int, os.listdir(f"/proc/{pid}/task")), key=lambda tid: (tid != pid, tid))
    best: tuple[int, int] | None = None
    for tid in tids[:_MAX_THREADS]:
        rank = _rank(pid, tid)
        if rank is not None and (best is None or rank < best[0]) and _same_table(pid, tid):
            best = rank, tid
        if rank == 0:
            break
    if best is None:
        cause = "it is in an uninterruptible wait (vfork, a dead file server)"
        raise refused(order, errno.EBUSY, cause, "pidfd_getfd and the helper need no stop")
    return best[1]


def _rank(pid: int, tid: int) -> int | None:
    """0 waits in a call that restarts by itself, 1 in another, 2 runs; None cannot be stopped."""
    try:
        tail = read_file(f"/proc/{pid}/task/{tid}/stat").rpartition(b")")[2].split()
        if tail[0] in (b"D", b"Z", b"X"):
            return None
        number = read_file(f"/proc/{pid}/task/{tid}/syscall").split()[0]
    except PermissionError:
        return 2
    except OSError:
        return None
    if not number.isdigit():
        return 2
    return 1 if int(number) in X86_64.REPEATABLE else 0


def _same_table(pid: int, tid: int) -> bool:
    """May the thread stand for the process?  A thread can have a table of its own."""
    if pid == tid:
        return True
    try:
        return syscalls.kcmp(pid, tid, syscalls.KCMP_FILES, 0, 0) == 0
    except OSError:
        return False


def _has(order: Order, expected: OwnedFd) -> bool:
    try:
        mine = os.getpid()
        return not syscalls.kcmp(mine, order.pid, syscalls.KCMP_FILE, expected.fileno(), order.fd)
    except OSError as error:
        if error.errno == errno.EBADF:
            return False
    return identity_of(expected) == listed_identity(order.pid, order.fd)


@contextmanager
def meeting_place(order: Order) -> Iterator[socket.socket]:
    """Yield a listening socket that the target can connect to.

    An abstract name in its network namespace, or a path where only the mount namespace is shared.
    """
    with ExitStack() as stack:
        name = ""
        if not _shares("net", order.pid) and not _enter_network(order.pid):
            if not _shares("mnt", order.pid):
                cause = "it is in other network and mount namespaces: there is no place to meet"
                raise refused(order, errno.EPERM, cause, "as root fdtui can enter them")
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="fdtui-"))
            name = f"{folder}/socket"
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        stack.enter_context(listener)
        listener.bind(name)
        listener.listen(1)
        yield listener


def _shares(namespace: str, pid: int) -> bool:
    try:
        theirs = os.readlink(f"/proc/{pid}/ns/{namespace}")
    except OSError:
        return False
    return theirs == os.readlink(f"/proc/self/ns/{namespace}")


def _enter_network(pid: int) -> bool:
    """setns(2), CAP_SYS_ADMIN: this process ends soon and need not come back."""
    try:
        with OwnedFd(os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)) as namespace:
            syscalls.call("setns", namespace.fileno(), _CLONE_NEWNET)
    except OSError:
        return False
    return True


@contextmanager
def _connected(
    order: Order, detour: Detour, listener: socket.socket
) -> Iterator[tuple[int, socket.socket]]:
    """Yield a connection: its number in the target, and our end, checked to be the target's."""
    name = listener.getsockname()
    address = struct.pack("H", socket.AF_UNIX)
    address += name if isinstance(name, bytes) else os.fsencode(name) + b"\0"
    where = detour.write(_ADDRESS, address)
    kind = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK
    theirs = detour.call("socket", socket.AF_UNIX, kind, 0)
    try:
        detour.call("connect", theirs, where, len(address))
        listener.settimeout(1)
        while True:
            ours, _ = listener.accept()
            if scm.peer(ours).pid == order.pid:
                break
            ours.close()
        with ours:
            ours.settimeout(1)
            yield theirs, ours
    finally:
        detour.call("close", theirs)


def _header(detour: Detour, control: bytes) -> int:
    """Write a struct msghdr with 8 bytes of data and the control data; returns its address."""
    detour.write(_DATA, b"fdtui-fd")
    at = detour.write(_CONTROL, control)
    iov = detour.write(_IOV, struct.pack("QQ", at - _CONTROL + _DATA, 8))
    return detour.write(_HEADER, struct.pack("QI4xQQQQi4x", 0, 0, iov, 1, at, len(control), 0))


def _pull(order: Order, detour: Detour, listener: socket.socket) -> OwnedFd:
    with _connected(order, detour, listener) as (theirs, ours):
        rights = struct.pack("Qiii4x", 20, socket.SOL_SOCKET, socket.SCM_RIGHTS, order.fd)
        header = _header(detour, rights)
        detour.call("sendmsg", theirs, header, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        message = scm.receive(ours, 16, 1)
    if len(message.fds) != 1:
        message.close()
        raise refused(order, errno.EIO, "no descriptor came")
    return message.fds[0]


def _receive(order: Order, detour: Detour, listener: socket.socket, given: OwnedFd) -> int:
    with _connected(order, detour, listener) as (theirs, ours):
        scm.send(ours, b"fdtui-fd", [given])
        header = _header(detour, bytes(24))
        detour.call("recvmsg", theirs, header, socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC)
        length, level, kind, number = struct.unpack("Qiii", detour.read(_CONTROL, 20))
    if (length, level, kind) != (20, socket.SOL_SOCKET, socket.SCM_RIGHTS):
        raise refused(order, errno.EMFILE, "its table is full")
    return int(number)


def _open(order: Order, detour: Detour) -> int:
    name = os.fsencode(order.path)
    if len(name) > _LONGEST_PATH or b"\0" in name:  # cut short it would name another file
        code = errno.EINVAL if b"\0" in name else errno.ENAMETOOLONG
        raise refused(order, code, f"{os.strerror(code)}: {len(name)} bytes")
    path = detour.write(_PATH, name + b"\0")
    flags = order.flags | O_CLOEXEC | O_NOCTTY
    return detour.call("openat", AT_FDCWD, path, flags, order.mode)
