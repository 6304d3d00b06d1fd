"""Pull from the target itself: a throw-away process has it run socket, connect, sendmsg, close.

Opt-in per use.  The target stands still for about a millisecond, and dies if that process is
killed with SIGKILL in just this moment.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

from fdtui.acquire import inject_worker
from fdtui.acquire.base import Method, Target, Verdict
from fdtui.acquire.detours import Order, check_process, check_seccomp
from fdtui.acquire.permission import attach_refusal
from fdtui.acquire.pidfd_getfd import open_process
from fdtui.errors import CallFailed, FdtuiError, errno_name
from fdtui.linux import nursery, scm
from fdtui.linux.owned import OwnedFd
from fdtui.linux.procfs import read_file
from fdtui.linux.registers import machine
from fdtui.linux.spawn import Child

RISK = "the target stands still for a moment, and dies should fdtui's process be killed just then"
_ANSWER_SECONDS, _START_SECONDS = 8.0, 5.0
_NO_START = ("its process does not start", "try it again; pidfd_getfd needs no process")


class Workers:
    """The process that forks one throw-away process per order; started by the first order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sock: socket.socket | None = None
        self._child: Child | None = None

    def order(
        self, order: Order, given: OwnedFd | None = None, expected: OwnedFd | None = None
    ) -> OwnedFd | None:
        """Have it carried out; CallFailed names cause and remedy."""
        ours, theirs = nursery.pair()
        with ours:
            with theirs:
                self._fork(order, theirs)
            body = order._asdict() | {"given": bool(given), "expected": bool(expected)}
            fds = [fd for fd in (given, expected) if fd is not None]
            # To the throw-away process alone: it takes a hung file along, and nobody else.
            scm.send(ours, json.dumps(body).encode(), fds)
            ours.settimeout(_ANSWER_SECONDS)
            try:
                message = scm.receive(ours, 8192, 1)
            except TimeoutError as error:
                cause = "the call hangs in the target, as of a dead file server"
                remedy = "the target goes on as before when that answers, or has ended"
                raise CallFailed(order.call, errno.ETIMEDOUT, cause, remedy) from error
        if not message.data:
            raise CallFailed(order.call, errno.EPIPE, "the worker died")
        said = json.loads(message.data)
        if said:
            message.close()
            cause, remedy = said["cause"], said["remedy"]
            if said["errno"] == errno.EPERM and cause == os.strerror(errno.EPERM):
                cause, remedy = attach_refusal(order.pid)
            raise CallFailed(order.call, said["errno"], cause, remedy)
        return message.fds[0] if message.fds else None

    def close(self) -> None:
        """End the forking process; a throw-away one that is at work finishes first."""
        with self._lock:
            if self._sock is not None:
                self._sock.close()
            self._sock = None
            self._collect()

    def _fork(self, order: Order, door: socket.socket) -> None:
        with self._lock:
            for _ in range(2):
                sock = self._sock or self._start()
                try:
                    return nursery.fork_by(sock, door).close()
                except (BrokenPipeError, ConnectionResetError):  # somebody killed it: once more
                    sock.close()
                    self._sock = None
                except BlockingIOError as error:
                    remedy = "ulimit -u, or pids.max of its control group, may be reached"
                    cause = "no process can be started"
                    raise CallFailed(order.call, error, cause, remedy) from error
            raise FdtuiError("the process for injection does not start")

    def _start(self) -> socket.socket:
        self._collect()
        command = [sys.executable, "-I", "-S", str(Path(inject_worker.__file__))]
        ours, theirs = nursery.pair()
        with ExitStack() as undo:
            undo.enter_context(ours)
            with theirs, OwnedFd(os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)) as null:
                self._child = nursery.start(command, {0: theirs, 1: null, 2: null}, session=True)
            ours.settimeout(_START_SECONDS)
            try:
                ours.recv(len(inject_worker.READY))
            except TimeoutError as error:
                raise CallFailed("injection", errno.ETIMEDOUT, *_NO_START) from error
            ours.settimeout(None)
            undo.pop_all()
        self._sock = ours
        return ours

    def _collect(self) -> None:
        """Reap the one whose socket was closed, unless it hangs."""
        child, self._child = self._child, None
        if child is not None:
            try:
                child.wait(2)
            except TimeoutError:
                pass
            child.close()


WORKERS = Workers()


class Injection(Method):
    """x86_64, and by the same structure aarch64, which was never run."""

    name = "injection"
    opt_in = True

    def check(self, target: Target) -> Verdict:
        """Judge from /proc; the right to attach is that of /proc/PID/syscall."""
        order = Order("pull", *target)
        try:
            open_process(target).close()
            machine()
            check_process(order)
            check_seccomp(order)
            read_file(f"/proc/{target.pid}/syscall")
        except CallFailed as error:
            return Verdict("refused", f"{errno_name(error.errno)}: {error.cause}", error.remedy)
        except FdtuiError as error:
            return Verdict("refused", error.message, error.remedy)
        except OSError as error:
            if error.errno == errno.ENOSYS:
                return Verdict("never", str(error.strerror))
            cause, remedy = attach_refusal(target.pid)
            return Verdict("refused", f"EPERM: {cause}", remedy)
        return Verdict("ready", RISK, "--via injection")

    def acquire(self, target: Target) -> OwnedFd:
        """Have the target send it."""
        order = Order("pull", *target)
        try:
            read_file(f"/proc/{target.pid}/syscall")  # asks for the right to attach
        except PermissionError as error:
            raise CallFailed(order.call, error, *attach_refusal(target.pid)) from error
        except OSError:
            pass  # gone, or not in this kernel: the worker tells
        fd = WORKERS.order(order)
        if fd is None:
            raise CallFailed(order.call, errno.EIO, "no descriptor came")
        return fd


def close_in_target(target: Target, expected: OwnedFd) -> None:
    """Have the target close its descriptor, if it is the description we hold."""
    WORKERS.order(Order("close", *target), expected=expected)


def redirect_in_target(
    target: Target,
    to: str | OwnedFd,
    expected: OwnedFd,
    *,
    flags: int = os.O_WRONLY | os.O_CREAT | os.O_APPEND,
    mode: int = 0o644,
    cloexec: bool = False,
) -> None:
    """Put another file at the target's number: a path it opens itself, or a descriptor of ours.

    Nothing happens unless the number holds `expected`, the description we hold; with that in our
    hands the way back is this call the other way round.  `cloexec`: of the number, afterwards.
    """
    path = to if isinstance(to, str) else ""
    order = Order("redirect", *target, path=path, flags=flags, mode=mode, cloexec=cloexec)
    WORKERS.order(order, given=to if isinstance(to, OwnedFd) else None, expected=expected)


METHOD = Injection()
