"""The inbox: a socket where processes of the same user give descriptors to this session.

One message is one gift: up to 16 descriptors with at least one byte; more bytes are a label.
Each gets one answer, `ok N` or `refused: why`.  A message without descriptors ends the connection.
"""

from __future__ import annotations

import os
import resource
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from fdtui.acquire.base import Method, Target, Verdict
from fdtui.acquire.sessions import Session, clean, make_folder, new_id
from fdtui.errors import FdtuiError
from fdtui.linux import scm
from fdtui.linux.lean import NamedTuple
from fdtui.linux.lockfile import LockFile
from fdtui.linux.owned import OwnedFd
from fdtui.linux.scm import Peer

MAX_CONNECTIONS = 16
MAX_PER_MESSAGE = 16
MAX_PER_CONNECTION = 64
MAX_HELD = 256
FRAME_SECONDS = 2.0
DEAF_SECONDS = 0.5  # without a free number, not even the one kept for this
MAX_LABEL = 256  # bytes


class Gift(NamedTuple):
    """What arrived: the receiver owns `fds` and calls Inbox.released() as it closes them."""

    fds: tuple[OwnedFd, ...]
    sender: Peer
    label: str  # as sent, surrogate-escaped; "" when it was one byte


@dataclass(slots=True)
class _Connection:
    sock: socket.socket
    peer: Peer
    deadline: float
    received: int = 0


class Inbox:
    """Listens; `fileno()` is ready when handle() has something to do, or serve() does both."""

    def __init__(
        self, receive: Callable[[Gift], None], *, tty: str = "", pid: int = 0, root: bool = False
    ) -> None:
        """`pid` and `tty`: of the session, for those who choose; `root`: take from root too.

        `receive` may refuse a gift (FdtuiError), and has closed it then.
        """
        self._receive, self._uids = receive, {os.geteuid(), *([0] if root else [])}
        self._connections: dict[int, _Connection] = {}
        self._held = 0
        self._lock = threading.Lock()  # of _held: released() is called from other threads
        self._reserve = OwnedFd.duplicate_of(0)  # a number to turn somebody away with
        folder = make_folder()
        clean(folder)
        id = new_id(folder)
        path = folder / f"inbox-{id}.sock"
        self.session = Session(id, pid or os.getpid(), tty, time.time(), path)
        with ExitStack() as undo:
            self._lockfile = LockFile(path.with_suffix(".lock"), self.session.text)
            undo.callback(self._lockfile.close)
            kind = socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK
            self._listener = undo.enter_context(socket.socket(socket.AF_UNIX, kind))
            self._listener.bind(str(path))
            undo.pop_all()
        path.chmod(0o600)
        scm.want_credentials(self._listener)
        self._listener.listen(MAX_CONNECTIONS)
        self._epoll = select.epoll()
        self._epoll.register(self._listener.fileno(), select.EPOLLIN)
        self._stop = threading.Event()
        self._deaf_until = 0.0  # time.monotonic() when to look at the listener again, 0.0 always

    def fileno(self) -> int:
        """Return a descriptor that is readable when handle() should be called."""
        return self._epoll.fileno()

    @property
    def held(self) -> int:
        """Descriptors given and not released yet."""
        return self._held

    def released(self, count: int = 1) -> None:
        """Give back quota: the receiver closed so many."""
        with self._lock:
            self._held -= count

    def handle(self, timeout: float = 0.0) -> None:
        """Take what has arrived and drop whoever keeps us waiting for a frame."""
        if self._deaf_until and time.monotonic() >= self._deaf_until:
            self._deaf_until = 0.0
            self._epoll.modify(self._listener.fileno(), select.EPOLLIN)
        for number, _ in self._epoll.poll(self._until_deadline(timeout)):
            if number == self._listener.fileno():
                self._accept()
            elif connection := self._connections.get(number):
                self._read(connection)
        now = time.monotonic()
        for connection in [c for c in self._connections.values() if c.deadline <= now]:
            self._refuse(connection, f"no message for {FRAME_SECONDS:.0f} s")

    def serve(self) -> None:
        """Handle until close() is called; for a thread of its own."""
        while not self._stop.is_set():
            self.handle(timeout=0.5)

    def close(self) -> None:
        """Stop listening and remove socket and lock file; call it when serve() has been left."""
        self._stop.set()
        for connection in list(self._connections.values()):
            self._drop(connection)
        self._epoll.close()
        self._listener.close()
        self.session.socket.unlink(missing_ok=True)
        self._lockfile.close()
        self._reserve.close()

    def stop(self) -> None:
        """Have serve() return within half a second."""
        self._stop.set()

    def _until_deadline(self, timeout: float) -> float:
        deadlines = [connection.deadline for connection in self._connections.values()]
        if self._deaf_until:
            deadlines.append(self._deaf_until)
        return max(0.0, min([timeout, *(d - time.monotonic() for d in deadlines)]))

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError:  # EMFILE, ENFILE: turn one away with the number kept for this
            self._reserve.close()
            try:
                self._listener.accept()[0].close()
            except OSError:  # another thread has the number: they wait, and are not asked again
                self._epoll.modify(self._listener.fileno(), 0)
                self._deaf_until = time.monotonic() + DEAF_SECONDS
            self._reserve = _spare(self._reserve)
            return
        if self._reserve.closed:
            self._reserve = _spare(self._reserve)
        peer = scm.peer(sock)
        if peer.uid not in self._uids:
            sock.close()  # unread
            return
        sock.setblocking(False)
        scm.want_credentials(sock)
        connection = _Connection(sock, peer, time.monotonic() + FRAME_SECONDS)
        self._connections[sock.fileno()] = connection
        self._epoll.register(sock.fileno(), select.EPOLLIN)
        if len(self._connections) > MAX_CONNECTIONS:
            self._refuse(connection, f"{MAX_CONNECTIONS} connections are open")

    def _read(self, connection: _Connection) -> None:
        try:
            message = scm.receive(connection.sock, MAX_LABEL, MAX_PER_MESSAGE)
        except scm.Truncated as cut:
            if cut.descriptors:
                why = f"more than {MAX_PER_MESSAGE} descriptors, or fdtui's table is full"
            else:
                why = f"a label of more than {MAX_LABEL} bytes"
            self._refuse(connection, why)
            return
        except BlockingIOError:
            return
        except OSError:
            self._drop(connection)
            return
        if not message.data and not message.fds:
            self._drop(connection)
            return
        if why := self._objection(connection, message):
            message.close()
            self._refuse(connection, why)
            return
        count = len(message.fds)
        connection.received += count
        connection.deadline = time.monotonic() + FRAME_SECONDS
        with self._lock:
            self._held += count
        label = os.fsdecode(message.data) if len(message.data) > 1 else ""
        try:
            self._receive(Gift(message.fds, message.sender or connection.peer, label))
        except FdtuiError as error:
            self._refuse(connection, error.message)
        else:
            self._answer(connection, f"ok {count}")

    def _objection(self, connection: _Connection, message: scm.Message) -> str:
        """Return why a message is not taken, or ''."""
        count = len(message.fds)
        sender = message.sender or connection.peer
        if not count:
            return "no descriptor came with it"
        if sender.uid not in self._uids:
            return f"uid {sender.uid} may not send"
        if connection.received + count > MAX_PER_CONNECTION:
            return f"more than {MAX_PER_CONNECTION} descriptors on one connection"
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = MAX_HELD if soft < 0 else min(MAX_HELD, soft // 2)
        if self._held + count > most:
            return f"{self._held} of at most {most} descriptors are held: release some"
        # The link text of a socket is its inode, and reading it asks no file server.
        own = {_link(number) for number in (self._listener.fileno(), *self._connections)}
        return "that is the inbox itself" if own & {_link(f.fileno()) for f in message.fds} else ""

    def _refuse(self, connection: _Connection, why: str) -> None:
        self._answer(connection, f"refused: {why}")
        self._drop(connection)

    def _answer(self, connection: _Connection, words: str) -> None:
        try:
            connection.sock.send(words.encode(), socket.MSG_NOSIGNAL)
        except OSError:
            pass  # it did not wait for an answer, which is its right

    def _drop(self, connection: _Connection) -> None:
        self._epoll.unregister(connection.sock.fileno())
        del self._connections[connection.sock.fileno()]
        connection.sock.close()


def _spare(before: OwnedFd) -> OwnedFd:
    """Return a number to keep free, or the closed one from before where the table is full."""
    try:
        return OwnedFd.duplicate_of(0)
    except OSError:
        return before


def _link(number: int) -> str:
    return os.readlink(f"/proc/self/fd/{number}")


class InboxMethod(Method):
    """Nothing can be fetched here; the dialog says how somebody sends it."""

    name = "inbox"
    opt_in = True

    def __init__(self) -> None:
        self.session = ""  # set by whoever runs the Inbox

    def check(self, target: Target) -> Verdict:
        """Say how the target's owner can send it."""
        if not self.session:
            return Verdict("refused", "this session has no inbox", "")
        where = f"fdtui send {target.fd} --session {self.session}"
        return Verdict(
            "waiting", "nobody has sent it", f"{where}  in a process that has it as {target.fd}"
        )

    def acquire(self, target: Target) -> OwnedFd:
        """Refuse: the sender acts, not fdtui."""
        verdict = self.check(target)
        raise FdtuiError(f"inbox: {verdict.why}", verdict.remedy)


METHOD = InboxMethod()
