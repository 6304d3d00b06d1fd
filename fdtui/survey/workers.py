"""Worker processes that scan: threads would only take turns (the GIL).

A worker is a fork where this process has one thread, else a fresh interpreter.  Both speak
frames of marshal over one socket pair, and end when the other end closes.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import marshal
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator

from fdtui.errors import FdtuiError
from fdtui.linux.lean import TYPE_CHECKING, NamedTuple
from fdtui.linux.owned import OwnedFd
from fdtui.survey.scan import Payload

if TYPE_CHECKING:
    from typing import Any, NoReturn


_FRAME = struct.Struct("=IBI")  # job, kind, bytes
_DATA, _DONE = 0, 1
_RECEIVE = 1 << 20
_POLL = 0.05  # seconds between two looks at `cancelled`


Work = Callable[[Payload], Iterator[bytes]]


class Job(NamedTuple):
    """A module's function, as `module:name`, and what it is called with."""

    function: str
    payload: Payload


class _Worker:
    """One child and our end of its socket."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.socket = ours
        self.received = bytearray()
        self.child: subprocess.Popen[bytes] | None = None
        self.pid = 0
        self.pidfd: OwnedFd | None = None
        with theirs, contextlib.ExitStack() as failed:
            failed.callback(ours.close)
            if threading.active_count() == 1:
                self.pid = os.fork()
                if not self.pid:
                    _serve_fork(theirs)
                self.pidfd = OwnedFd(os.pidfd_open(self.pid))
            else:
                self.child = _spawn(theirs)
            failed.pop_all()

    def send(self, number: int, job: Job) -> None:
        """Give it a job; FdtuiError when the child ended."""
        body = marshal.dumps(tuple(job))
        try:
            self.socket.sendall(_FRAME.pack(number, _DATA, len(body)) + body)
        except ConnectionError:
            raise _ended() from None

    def frames(self) -> Iterator[tuple[int, int, bytes]]:
        """Receive once and yield the frames that are complete; FdtuiError when the child ended."""
        try:
            data = self.socket.recv(_RECEIVE)
        except ConnectionError:  # with a job unread
            data = b""
        if not data:
            raise _ended()
        self.received += data
        at = 0
        while len(self.received) - at >= _FRAME.size:
            number, kind, length = _FRAME.unpack_from(self.received, at)
            end = at + _FRAME.size + length
            if end > len(self.received):
                break
            yield number, kind, bytes(self.received[at + _FRAME.size : end])
            at = end
        del self.received[:at]

    def close(self) -> None:
        """End the child: it reads nothing that can hang, so waiting is short."""
        self.socket.close()
        if self.child is not None:
            self.child.kill()
            self.child.wait()
        elif self.pidfd is not None:
            # Where SIGCHLD was inherited ignored it may be gone, and its number somebody else's.
            with self.pidfd as child, contextlib.suppress(ProcessLookupError, ChildProcessError):
                signal.pidfd_send_signal(child.fileno(), signal.SIGKILL)
                os.waitpid(self.pid, 0)


def _ended() -> FdtuiError:
    return FdtuiError("a scan worker ended", "start the scan again")


def _spawn(theirs: socket.socket) -> subprocess.Popen[bytes]:
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
    code = (
        f"import sys; sys.path.insert(0, {root!r}); from fdtui.survey import workers as w; w.main()"
    )
    return subprocess.Popen(
        [sys.executable, "-I", "-c", code],
        stdin=theirs.fileno(),
        stdout=subprocess.DEVNULL,
        close_fds=True,
    )


def _serve_fork(theirs: socket.socket) -> NoReturn:
    """The child of a fork: keeps its socket and stderr, no descriptor of anybody else."""
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        keep = theirs.detach()
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 1, inheritable=False)
        os.dup2(keep, 0, inheritable=False)
        os.closerange(3, 1 << 20)
        serve(socket.socket(fileno=0))
        status = 0
    finally:
        os._exit(status)


def main() -> None:
    """A fresh interpreter: the socket is its standard input."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    serve(socket.socket(fileno=0))


def serve(link: socket.socket) -> None:
    """Do jobs until the other end closes."""
    received = b""
    try:
        while True:
            while len(received) < _FRAME.size or len(received) < (
                _FRAME.size + _FRAME.unpack_from(received)[2]
            ):
                data = link.recv(_RECEIVE)
                if not data:
                    return
                received += data
            number, _, length = _FRAME.unpack_from(received)
            body = received[_FRAME.size : _FRAME.size + length]
            received = received[_FRAME.size + length :]
            function, payload = marshal.loads(body)  # noqa: S302  from our own parent
            for frame in named(function)(payload):
                link.sendall(_FRAME.pack(number, _DATA, len(frame)) + frame)
            link.sendall(_FRAME.pack(number, _DONE, 0))
    except (BrokenPipeError, ConnectionResetError):
        return  # nobody wants the answer any more


def qualified(function: Callable[..., object]) -> str:
    """`module:name` of a function that a worker can find again."""
    name = f"{function.__module__}:{function.__qualname__}"
    if named(name) is not function:
        raise ValueError(f"{name} is not a module's function")
    return name


def named(name: str) -> Callable[..., Any]:
    """The function of that qualified name."""
    module, _, attribute = name.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return function


class Pool:
    """Workers and the jobs they share; results come in the order of the jobs."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._workers: list[_Worker] = []
        self._busy = False

    def start(self) -> None:
        """Start all workers now, while there is little that they inherit and keep."""
        while len(self._workers) < self._size and self._grow():
            pass

    def _grow(self) -> bool:
        """Start one more; False where the machine has no room for it: those there are do."""
        try:
            self._workers.append(_Worker())
        except OSError:  # ulimit -u, ulimit -n, no memory, an interpreter just being upgraded
            return False
        return True

    def run(
        self,
        jobs: Iterable[Job],
        cancelled: Callable[[], bool],
        meanwhile: Callable[[], object] | None = None,
    ) -> Iterator[bytes]:
        """Yield the frames of every job, of the first one first; jobs are taken as needed.

        `meanwhile` is called here once all workers are busy.
        """
        self._busy = True
        with selectors.DefaultSelector() as ready:
            try:
                yield from self._share(jobs, cancelled, ready, meanwhile)
            finally:
                if self._busy:  # left in the middle: what is under way has no reader any more
                    self.close()

    def _share(
        self,
        jobs: Iterable[Job],
        cancelled: Callable[[], bool],
        ready: selectors.DefaultSelector,
        meanwhile: Callable[[], object] | None,
    ) -> Iterator[bytes]:
        waiting: Iterator[tuple[int, Job]] = enumerate(jobs)
        under_way = 0
        for index in range(self._size):
            following = next(waiting, None)
            if following is None:
                break
            if index == len(self._workers) and not self._grow():
                waiting = itertools.chain((following,), waiting)
                break
            worker = self._workers[index]
            ready.register(worker.socket, selectors.EVENT_READ, worker)
            worker.send(*following)
            under_way += 1
        if meanwhile is not None:
            meanwhile()
        if not self._workers:
            for _, job in waiting:
                if cancelled():
                    return
                yield from named(job.function)(job.payload)
        results: dict[int, list[bytes]] = {}
        done: set[int] = set()
        next_one = 0
        while under_way:
            if cancelled():
                return
            for key, _ in ready.select(_POLL):
                worker = key.data
                for number, kind, body in worker.frames():
                    if kind == _DATA:
                        results.setdefault(number, []).append(body)
                        continue
                    done.add(number)
                    following = next(waiting, None)
                    if following is None:
                        under_way -= 1
                    else:
                        worker.send(*following)
            while next_one in results or next_one in done:
                yield from results.pop(next_one, ())
                if next_one not in done:
                    break
                next_one += 1
        self._busy = False

    def close(self) -> None:
        for worker in self._workers:
            worker.close()
        self._workers.clear()
        self._busy = False
