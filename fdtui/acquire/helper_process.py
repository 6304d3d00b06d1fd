"""Starting a helper: as a plain child, or through sudo, pkexec or doas."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from fdtui.acquire.helper_client import HelperClient, HelperGone, HelperInfo
from fdtui.errors import FdtuiError
from fdtui.helper import helper as wire
from fdtui.linux import nursery, scm
from fdtui.linux.lean import TYPE_CHECKING, Literal, NamedTuple
from fdtui.linux.owned import OwnedFd

if TYPE_CHECKING:
    from typing import IO


Via = Literal["self", "sudo", "pkexec", "doas"]
RAISING: tuple[Via, ...] = ("sudo", "pkexec", "doas")
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
}
_PROMPT = "fdtui: password of %p for a helper that runs as root: "
_PYTHONS = ("/usr/bin/python3", "/usr/local/bin/python3", sys.executable)
_EXITS = {
    wire.EXIT_NOT_ISOLATED: "python was not started with -I -S",
    wire.EXIT_NO_SOCKET: "its stdin is no socket (log_input of sudoers makes it a pipe)",
    wire.EXIT_WRONG_PEER: "it serves only who called it",
    wire.EXIT_UNSAFE_PYTHON: "others than root could change its python",
    wire.EXIT_BAD_FRAME: "it was asked for something that is no request",
}


class HelperFailed(FdtuiError):
    """No helper came of it.  `needs_password`: ask again with the terminal at hand."""

    def __init__(self, message: str, remedy: str = "", needs_password: bool = False) -> None:
        super().__init__(message, remedy)
        self.needs_password = needs_password


class HelperStatus(NamedTuple):
    """For the status line: `words` is `helper: root`, or why there is none."""

    alive: bool
    via: Via
    pid: int
    euid: int
    words: str


def source() -> str:
    """Return the helper's text, which is passed as -c so that nobody can swap it in between."""
    return Path(wire.__file__).read_text(encoding="utf-8")


def interpreter(via: Via) -> str:
    """Return a Python for the helper: for root one that only root can change."""
    if via == "self":
        return sys.executable
    tried = []
    for path in _PYTHONS:
        if os.access(path, os.X_OK):
            if not (bad := wire.unsafe_path(path)):
                return os.path.realpath(path)
            tried.append(f"{bad} can be changed by others than root")
    raise HelperFailed(
        "no Python that may run as root: " + "; ".join(tried or _PYTHONS), "apt-get install python3"
    )


def tools() -> list[Via]:
    """Return what is installed of sudo, pkexec and doas."""
    return [via for via in RAISING if shutil.which(via, path=_ENVIRONMENT["PATH"])]


def command(
    via: Via, *, ask: bool, path: str = "-", peer: int | None = None, unsafe: bool = False
) -> list[str]:
    """Return the command line; `path` is a socket to connect to instead of stdin."""
    front = {
        "self": [],
        "sudo": ["sudo", "-p", _PROMPT, "--"] if ask else ["sudo", "-n", "--"],
        "pkexec": ["pkexec"],
        "doas": ["doas"] if ask else ["doas", "-n"],
    }[via]
    arguments = [via, str(peer or os.getpid()), path, "unsafe" if unsafe else "safe"]
    return [*front, interpreter(via), "-I", "-S", "-c", source(), *arguments]


class Started(Protocol):
    """A subprocess.Popen, or a child of the nursery."""

    pid: int

    def poll(self) -> int | None:
        """Return the exit status, None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit status; TimeoutExpired or TimeoutError."""

    def terminate(self) -> None:
        """Send SIGTERM."""


_LATE = (subprocess.TimeoutExpired, TimeoutError)


class HelperProcess:
    """A running helper, the child that it or its sudo is, and the socket to it."""

    def __init__(self, process: Started, client: HelperClient, info: HelperInfo, via: Via) -> None:
        self.process, self.client, self.info, self.via = process, client, info, via

    def status(self) -> HelperStatus:
        """Say whether it runs and as whom."""
        alive = self.process.poll() is None and self.client.alive
        who = "root" if self.info.euid == 0 else "own rights"
        words = f"helper: {who}" if alive else "helper: ended"
        return HelperStatus(alive, self.via, self.info.pid, self.info.euid, words)

    def close(self, timeout: float = 2.0) -> None:
        """Close the socket, which ends it, and collect the child."""
        self.client.close()
        try:
            self.process.wait(timeout)
        except _LATE:
            _terminate(self.process)


def start(
    via: Via = "self",
    *,
    ask: bool = False,
    descriptors: bool = True,
    unsafe: bool = False,
    timeout: float = 5.0,
) -> HelperProcess:
    """Start a helper and greet it; HelperFailed says why not.

    Without `ask` nothing is prompted for: needs_password tells to come again with `ask`, the
    terminal free and in the foreground.  That call blocks until the password is right or given up.
    """
    if via != "self" and via not in tools():
        raise HelperFailed(f"{via} is not installed", f"apt-get install {via}")
    # In memory: the disk may be full.
    with open(os.memfd_create("errors"), "w+b") as errors, _sigint_to_the_child(ask):
        attempt = _Attempt(via, ask, descriptors, unsafe, timeout, errors)
        started = attempt.by_stdin()
        if started is None and attempt.code == wire.EXIT_NO_SOCKET:
            started = attempt.by_path()
        if started is None:
            raise attempt.failure()
        return started


class _Attempt:
    """One call of start(): the child's way to a socket, its exit code and its last words."""

    def __init__(
        self,
        via: Via,
        ask: bool,
        descriptors: bool,
        unsafe: bool,
        timeout: float,
        errors: IO[bytes],
    ) -> None:
        self.via, self.ask, self.descriptors, self.unsafe = via, ask, descriptors, unsafe
        self.timeout = 24 * 3600.0 if ask else timeout  # a person types
        self.errors = errors
        self.uid = os.geteuid() if via == "self" else 0
        self.code: int | None = None
        self.words = "it does not answer"

    def by_stdin(self) -> HelperProcess | None:
        """Give it one end of a socket pair as stdin."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = self._spawn(theirs, "-")
        return self._greet(process, ours)

    def by_path(self) -> HelperProcess | None:
        """Have it connect to a socket in a folder of our own: sudoers may replace stdin."""
        try:
            folder = _own_folder()
        except OSError as error:
            raise HelperFailed(
                f"no folder for a socket to meet at: {error}", "free space in /tmp"
            ) from error
        path = f"{folder}/socket"
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
                listener.bind(path)
                # The folder is 0700: only root gets here, and the helper cannot overrule modes.
                os.chmod(path, 0o666)  # noqa: S103
                listener.listen(4)
                process = self._spawn(None, path)
                ours = self._accept(process, listener)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if ours is None:
            self._ended(process)
            return None
        return self._greet(process, ours)

    def _spawn(self, stdin: socket.socket | None, path: str) -> Started:
        argv = command(self.via, ask=self.ask, path=path, unsafe=self.unsafe)
        environment = _ENVIRONMENT | {"TERM": os.environ.get("TERM", "dumb")}
        if self.via == "self" and nursery.founded():
            with OwnedFd(os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)) as null:
                inherited = {0: stdin or null, 1: null, 2: self.errors}
                return nursery.start(argv, inherited, environment=environment)
        return subprocess.Popen(
            argv,
            stdin=stdin.fileno() if stdin else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=None if self.ask else self.errors,
            env=environment,
            cwd="/",
        )

    def _accept(self, process: Started, listener: socket.socket) -> socket.socket | None:
        """Accept the first connection of the expected user; others are closed unread."""
        deadline = time.monotonic() + self.timeout
        poll = select.poll()
        poll.register(listener.fileno(), select.POLLIN)
        with OwnedFd(os.pidfd_open(process.pid)) as pidfd:
            poll.register(pidfd.fileno(), select.POLLIN)
            while (left := deadline - time.monotonic()) > 0:
                if listener.fileno() not in dict(poll.poll(left * 1000)):
                    return None
                connection, _ = listener.accept()
                if scm.peer(connection).uid == self.uid:
                    return connection
                connection.close()
        return None

    def _greet(self, process: Started, ours: socket.socket) -> HelperProcess | None:
        client = HelperClient(ours, self.uid, self.descriptors)
        try:
            info = client.hello(self.timeout)
        except HelperGone as gone:
            self.words = gone.message
            client.close()
            self._ended(process)
            return None
        return HelperProcess(process, client, info, self.via)

    def _ended(self, process: Started) -> None:
        try:
            self.code = process.wait(2)
        except _LATE:
            _terminate(process)

    def failure(self) -> HelperFailed:
        """Say what the exit code and the last line on stderr mean."""
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").strip().splitlines()
        if self.code in _EXITS:
            return HelperFailed(
                f"the helper ended: {_EXITS[self.code]}", lines[-1] if lines else ""
            )
        last = lines[-1] if lines else self.words
        asked = ("password is required", "Authentication required", "authentication is required")
        needs = not self.ask and any(words in last for words in asked)
        return HelperFailed(f"no helper through {self.via}: {last}", needs_password=needs)


def _own_folder() -> str:
    """Make one of mode 0700; after su(1) the runtime folder may be somebody else's, or gone."""
    prefix = "fdtui-helper-"
    try:
        return tempfile.mkdtemp(prefix=prefix, dir=os.environ.get("XDG_RUNTIME_DIR") or None)
    except OSError:
        return tempfile.mkdtemp(prefix=prefix)


def _terminate(process: Started) -> None:
    """End a child that outlives its socket; one that runs as root may not be signalled."""
    try:
        process.terminate()
    except PermissionError:
        return
    process.wait(2)


@contextmanager
def _sigint_to_the_child(ask: bool) -> Iterator[None]:
    """Let Ctrl-C at the password prompt end sudo and not fdtui."""
    if not ask or threading.current_thread() is not threading.main_thread():
        yield
        return
    # A handler, not SIG_IGN: the child must not inherit it.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
