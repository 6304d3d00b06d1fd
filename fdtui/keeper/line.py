"""The UI's end of the line to one keeper: starts the process, one thread sends and receives."""

from __future__ import annotations

import os
import select
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fdtui.errors import CallFailed, FdtuiError
from fdtui.keeper.api import Event, Progress
from fdtui.keeper.codec import error_from, items, table, text, whole
from fdtui.keeper.gifts import give
from fdtui.keeper.operations import Reply
from fdtui.keeper.wire import Frame, FrameReader, WireError, encode
from fdtui.linux.json_types import Info
from fdtui.linux.owned import OwnedFd
from fdtui.linux.scm import HasFileno, refuse_descriptors

CHUNK = 1 << 18
IDS_PER_KEEPER = 1 << 32  # the ids of a keeper that died are never those of the next
KEEPER = Path(__file__).with_name("__main__.py")


@dataclass(slots=True)
class Pending:
    """A request without an answer yet; the callbacks run in the line's thread."""

    succeed: Callable[[Reply], None]
    fail: Callable[[FdtuiError], None]
    progress: Progress | None
    timeout: float  # seconds without an answer or progress
    late: FdtuiError
    deadline: float = field(default=0.0)


class Line:
    """One keeper's life."""

    def __init__(self, generation: int, tell: Callable[[Event], None]) -> None:
        self.generation = generation
        self.dead = False
        self.pid = 0  # the keeper's, once it said hello
        self._tell = tell
        self._sock, self._far = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._gifts, self._far_gifts = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        refuse_descriptors(self._sock)
        refuse_descriptors(self._gifts)
        self._sock.setblocking(False)
        self._wake = OwnedFd(os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK))
        self._lock = threading.Lock()
        self._out = bytearray()
        self._pending: dict[int, Pending] = {}
        self._hung_up = False

    def start(self) -> None:
        """Start the keeper and the thread."""
        threading.Thread(target=self._run, name="keeper-line", daemon=True).start()

    def ask(self, seq: int, header: Info, payload: bytes, pending: Pending) -> None:
        """Send a request; its callbacks are called exactly once, or never after `cancel`."""
        data = encode(Frame(header, payload))
        with self._lock:
            dead = self.dead
            if not dead:
                pending.deadline = time.monotonic() + pending.timeout
                self._pending[seq] = pending
                self._out += data
                self._nudge()
        if dead:
            pending.fail(gone())

    def give(self, token: int, descriptor: HasFileno) -> None:
        """Hand a descriptor over, for the request that will name the token."""
        with self._lock:
            if self.dead:
                raise gone()
            give(self._gifts, token, descriptor)

    def cancel(self, seq: int) -> None:
        """Forget a request and have the keeper stop it."""
        with self._lock:
            if self._pending.pop(seq, None) is not None and not self.dead:
                self._out += encode(Frame({"cancel": seq}))
                self._nudge()

    def hang_up(self) -> None:
        """End the keeper by closing the socket, without waiting for it."""
        with self._lock:
            if not self.dead:
                self._hung_up = True
                # The kernel tells the keeper now, even if our thread never runs again.
                self._sock.shutdown(socket.SHUT_RDWR)
                self._nudge()

    def _nudge(self) -> None:
        os.eventfd_write(self._wake.fileno(), 1)

    def _run(self) -> None:
        reason = gone()
        try:
            spawn(self._far, self._far_gifts, 1 + self.generation * IDS_PER_KEEPER)
            self._far.close()
            self._far_gifts.close()
            self._talk()
        except (WireError, KeyError) as error:
            reason = FdtuiError(f"the keeper talks nonsense: {error}", reason.remedy)
        except ConnectionError:
            pass  # it died with something unread
        except OSError as error:
            reason = CallFailed("keeper", error, "", reason.remedy)
        finally:
            self._die(reason)

    def _die(self, reason: FdtuiError) -> None:
        with self._lock:
            self.dead = True
            pending, self._pending = list(self._pending.values()), {}
            for sock in (self._sock, self._far, self._gifts, self._far_gifts):
                sock.close()
            self._wake.close()
        for request in pending:
            request.fail(FdtuiError("the session has ended") if self._hung_up else reason)
        if not self._hung_up:
            self._tell(Event("failed", "keeper", reason.message, 0))

    def _talk(self) -> None:
        poller = select.poll()
        poller.register(self._wake.fileno(), select.POLLIN)
        reader = FrameReader()
        while not self._hung_up:
            with self._lock:
                wanted = select.POLLIN | (select.POLLOUT if self._out else 0)
                wait = self._until_deadline()
            poller.register(self._sock.fileno(), wanted)
            ready = dict(poller.poll(wait))
            if self._wake.fileno() in ready:
                os.eventfd_read(self._wake.fileno())
            state = ready.get(self._sock.fileno(), 0)
            if state & ~select.POLLOUT:
                data = self._sock.recv(CHUNK)
                if not data:
                    return
                for frame in reader.feed(data):
                    self._receive(frame)
            self._send()
            self._expire()

    def _send(self) -> None:
        with self._lock:
            try:
                while self._out:
                    sent = self._sock.send(self._out)
                    del self._out[:sent]
            except BlockingIOError:
                pass

    def _until_deadline(self) -> float | None:
        """Return milliseconds to the nearest deadline, None when there is none."""
        nearest = min((p.deadline for p in self._pending.values()), default=float("inf"))
        return None if nearest == float("inf") else max(0.0, (nearest - time.monotonic()) * 1000)

    def _expire(self) -> None:
        now = time.monotonic()
        with self._lock:
            late = [(seq, p) for seq, p in self._pending.items() if p.deadline <= now]
        for seq, pending in late:
            self.cancel(seq)
            pending.fail(pending.late)

    def _receive(self, frame: Frame) -> None:
        header = frame.header
        if "event" in header:
            verb, about, detail, hold_id = items(header["event"], 4)
            self._tell(Event(text(verb), text(about), text(detail), whole(hold_id)))
        elif "hello" in header:
            self.pid = whole(header["pid"])
        elif "progress" in header:
            done, total = map(whole, items(header["progress"], 2))
            request = self._pending.get(whole(header["seq"]))
            if request is not None:
                request.deadline = time.monotonic() + request.timeout
            if request is not None and request.progress is not None:
                try:
                    request.progress(done, total)
                except RuntimeError:
                    pass  # a screen whose event loop has ended meanwhile
        else:
            with self._lock:
                request = self._pending.pop(whole(header["seq"]), None)
            if "error" in header:
                if request is not None:
                    request.fail(error_from(header["error"]))
                return
            reply = Reply(table(header["ok"]), frame.payload)
            if request is not None:
                request.succeed(reply)
            else:
                self.abandon(reply)

    def abandon(self, reply: Reply) -> None:
        """Release what was acquired for a request that nobody waits for any more."""
        if "acquired" in reply.facts:
            ident = table(reply.facts["acquired"])["id"]
            with self._lock:
                if not self.dead:
                    self._out += encode(Frame({"seq": 0, "op": "release", "id": ident}))
                    self._nudge()


def gone() -> FdtuiError:
    """What is said when the keeper died."""
    return FdtuiError(
        "the keeper has ended, and everything it held is released",
        "look or steal again: another keeper starts by itself",
    )


def _folders() -> dict[str, str]:
    """Where a session listens is the person's to say."""
    return {name: os.environ[name] for name in ("XDG_RUNTIME_DIR", "TMPDIR") if name in os.environ}


def spawn(sock: socket.socket, gifts: socket.socket, first_id: int) -> None:
    """Start a detached keeper with the sockets as descriptors 0 and 1 and nothing else of ours."""
    python = [sys.executable, "-I", "-S", str(KEEPER), str(first_id)]
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    with OwnedFd(null):
        pid = os.posix_spawn(
            sys.executable,
            python,
            {"PATH": os.defpath, "LC_ALL": "C.UTF-8", **_folders()},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, sock.fileno(), 0),
                (os.POSIX_SPAWN_DUP2, gifts.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, null, 2),
            ],
            setsid=True,
            setsigmask=[],
        )
    try:
        os.waitpid(pid, 0)  # it forks and exits at once
    except ChildProcessError:
        pass  # somebody ignores SIGCHLD: it was reaped by the kernel
