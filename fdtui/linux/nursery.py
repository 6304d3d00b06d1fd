"""The nursery: a process that starts others for one that holds descriptors of strangers.

fork(2) and posix_spawn(3) copy every descriptor.  The copy of a file whose server hangs (FUSE,
NFS) stops the child in close(2), exec(2) or exit(2) beyond SIGKILL, and there it keeps its copies
of all the others: the reader of a pipe that was released never sees its end.  Hence the holder
forks the nursery before it holds anything.  The nursery forks for it, and each child receives what
it shall have over a socket of its own; the nursery never has a stranger's descriptor, because it
would have to close it.

clone(2) with CLONE_FILES and close_range(2) with CLOSE_RANGE_UNSHARE copy nothing either, but what
runs between them cannot be Python, and before Linux 6.12 the first 64 numbers are copied all the
same.  A thread that calls unshare(CLONE_FILES) works on any kernel, but the garbage collector may
run in it, and closes numbers of the wrong table.
"""

from __future__ import annotations

import errno
import fcntl
import gc
import json
import os
import select
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, NoReturn

from fdtui.errors import CallFailed
from fdtui.linux import scm, syscalls
from fdtui.linux.owned import OwnedFd
from fdtui.linux.spawn import DEFAULT_AGAIN, Child, close_from, spawn

STARTS_WITHIN = 5.0  # seconds
MAX_ORDER = 1 << 17  # bytes
PR_SET_PDEATHSIG = 1
_CHILD, _EXEC = b"child", b"exec"
_REPORT = 16  # bytes: a pid, the negative errno of fork(2), a wait status
_KEYS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGHUP)


class _Founded(NamedTuple):
    """Our end of the nursery's socket, or why there is none."""

    sock: socket.socket | None
    error: OSError | None = None


_nursery: _Founded | None = None


def found() -> None:
    """Fork the nursery: while this process has one thread, and no descriptor of a stranger."""
    global _nursery  # noqa: PLW0603  one of each process, like its table of descriptors
    ours, theirs = pair()
    holder = os.getpid()
    with theirs:
        try:
            pid = os.fork()
        except OSError as error:  # EAGAIN: those who ask are told
            ours.close()
            _nursery = _Founded(None, error)
            return
        if not pid:
            _be_the_nursery(ours, theirs, holder)
    _nursery = _Founded(ours)


def founded() -> bool:
    """Does this process have one?"""
    return _nursery is not None


def start(
    command: Sequence[str],
    inherited: Mapping[int, scm.HasFileno],
    *,
    session: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Child:
    """Start a command by the nursery, where this process has one, else by itself.

    It has `inherited` by these numbers, without a gap above 2; for what lacks of 0, 1 and 2 those
    of this process; and no others.
    CallFailed names fork(2) or exec(2), errno, cause and remedy.
    """
    try:
        if _nursery is not None:
            return _ask(_nursery, command, inherited, session, environment)
        return Child(spawn(command, inherited, session=session, environment=environment))
    except OSError as error:
        raise _refusal(command[0], error) from error


def pair() -> tuple[socket.socket, socket.socket]:
    """Make two ends that keep messages apart."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def fork_by(sock: socket.socket, door: socket.socket) -> Child:
    """Have the process that serves the other end of `sock` fork; the child has `door`, if anything.

    OSError of fork(2) there; EPIPE or ECONNRESET when it has ended.
    """
    ours, theirs = pair()
    ours.settimeout(STARTS_WITHIN)
    try:
        with theirs:
            scm.send(sock, _CHILD, [door, theirs])
        message = scm.receive(ours, _REPORT, 1)
        if not message.fds:
            code = -int(message.data) if message.data else errno.EPIPE
            raise OSError(code, os.strerror(code))
    except OSError:
        ours.close()
        raise
    ours.settimeout(None)
    return Child(int(message.data), message.fds[0], ours)


def serve(sock: socket.socket, child: Callable[[socket.socket], None]) -> None:
    """Fork whenever fork_by() asks, until `sock` closes; `child` runs with the door alone."""
    gc.freeze()
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    running: dict[int, tuple[int, socket.socket]] = {}  # pidfd: pid, where to report its end
    while True:
        for number, _ in poll.poll():
            if number in running:
                poll.unregister(number)
                pid, report = running.pop(number)
                os.close(number)
                with report:
                    _tell(report, os.waitpid(pid, 0)[1])
                continue
            message = scm.receive(sock, len(_CHILD), 2)
            if not message.data:
                return
            door, end = message.fds
            report = socket.socket(fileno=end.release())
            try:
                pid = os.fork()
            except OSError as error:
                _tell(report, -(error.errno or errno.EAGAIN))
                report.close()
            else:
                if not pid:
                    _live(door, child)
                pidfd = os.pidfd_open(pid)  # nobody has reaped it yet: the pid is its own
                running[pidfd] = pid, report
                poll.register(pidfd, select.POLLIN)
                _tell(report, pid, pidfd)
            door.close()


def _tell(report: socket.socket, number: int, *pidfd: int) -> None:
    try:
        scm.send(report, b"%d" % number, [_Mine(fd) for fd in pidfd], socket.MSG_DONTWAIT)
    except OSError:
        pass  # nobody waits for it any more


class _Mine(NamedTuple):
    """A number that stays with its owner."""

    number: int

    def fileno(self) -> int:
        return self.number


def _live(door: OwnedFd, child: Callable[[socket.socket], None]) -> NoReturn:
    status = 1
    try:
        child(_alone(door.release()))
        status = 0
    finally:
        os._exit(status)


def _alone(number: int) -> socket.socket:
    """Close all but 0, 1, 2 and this one, 3 from now on: sockets and pidfds, which never hang."""
    if number != 3:
        os.dup2(number, 3, inheritable=False)
    close_from(4)
    return socket.socket(fileno=3)


def _be_the_nursery(ours: socket.socket, theirs: socket.socket, holder: int) -> NoReturn:
    try:
        ours.detach()
        syscalls.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        syscalls.set_name("fdtui-nursery")
        # Keys and a hangup are meant for the holder; a child has them unblocked again.
        signal.pthread_sigmask(signal.SIG_BLOCK, _KEYS)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        sock = _alone(theirs.detach())
        if os.getppid() == holder:
            serve(sock, _become_command)
    finally:
        os._exit(0)


def _become_command(door: socket.socket) -> None:
    """exec(2) what the asker at the other end of the door sends."""
    raw = door.recv(MAX_ORDER)
    if not raw:
        return
    order = json.loads(raw)
    count = order["count"]
    # What comes gets the lowest numbers in order, just those it shall have: a copy somewhere else
    # would have to be closed, which hangs when the server of its file does.
    at = fcntl.fcntl(door.detach(), fcntl.F_DUPFD_CLOEXEC, max(count, 4))
    os.closerange(0, at)
    with socket.socket(fileno=at) as high:
        try:
            _take(high, count)
            if order["session"]:
                os.setsid()
            for number in DEFAULT_AGAIN:
                signal.signal(number, signal.SIG_DFL)
            environment = os.environ if order["environment"] is None else order["environment"]
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            high.send(_EXEC)
            os.execvpe(order["command"][0], order["command"], environment)  # noqa: S606
        except OSError as error:
            high.send(b"%d" % (error.errno or errno.EIO))


def _take(door: socket.socket, count: int) -> None:
    """Receive `count` descriptors as numbers from 0 on, for the command to inherit."""
    message = scm.receive(door, 1, count)
    numbers = [fd.release() for fd in message.fds]
    if numbers != list(range(count)):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    for number in numbers:
        os.set_inheritable(number, True)


def _ask(
    nursery: _Founded,
    command: Sequence[str],
    inherited: Mapping[int, scm.HasFileno],
    session: bool,
    environment: Mapping[str, str] | None,
) -> Child:
    """Have a child forked, send it its order, and wait until exec(2) is done."""
    if nursery.sock is None:
        raise nursery.error or BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
    count = max(2, *inherited) + 1
    given = [inherited[n] if n in inherited or n > 2 else _Mine(n) for n in range(count)]
    order = {
        "command": list(command),
        "session": session,
        "environment": None if environment is None else dict(environment),
        "count": count,
    }
    near, door = pair()
    with near:
        near.settimeout(STARTS_WITHIN)
        with door:
            child = fork_by(nursery.sock, door)
        try:
            near.send(json.dumps(order).encode())
            scm.send(near, b"f", given)
            said = near.recv(_REPORT)
            if said == _EXEC:
                said = near.recv(_REPORT)
            elif not said:
                said = b"%d" % errno.EPIPE  # it ended before
            if said:
                raise OSError(int(said), os.strerror(int(said)))
        except OSError:
            child.kill()
            child.close()
            raise
    return child


def _refusal(program: str, error: OSError) -> CallFailed:
    """Say what refused: fork(2), exec(2), or the nursery that has ended."""
    code = errno.ETIMEDOUT if isinstance(error, TimeoutError) else error.errno
    match code:
        case errno.EAGAIN | errno.ENOMEM:
            remedy = "ulimit -u, or pids.max of its control group, may be reached"
            return CallFailed("fork", code, "no process can be started", remedy)
        case errno.EPIPE | errno.ECONNRESET:
            cause = "the process that starts others has ended"
            return CallFailed("fork", code, cause, "end fdtui and start it again")
        case errno.ETIMEDOUT:
            return CallFailed(f"exec({program})", code, f"not within {STARTS_WITHIN:.0f} s")
        case _:
            return CallFailed(f"exec({program})", error)
