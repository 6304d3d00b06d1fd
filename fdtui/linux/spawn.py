"""Start a command with chosen descriptors at chosen numbers, and none besides them and 0, 1, 2.

Only for who holds no descriptor of a stranger, or gives all of them to the command: others ask the
nursery.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import signal
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress

from fdtui.linux import syscalls
from fdtui.linux.lean import TYPE_CHECKING
from fdtui.linux.owned import OwnedFd
from fdtui.linux.scm import HasFileno

if TYPE_CHECKING:
    import socket

DEFAULT_AGAIN = (signal.SIGPIPE, signal.SIGXFSZ)  # what Python ignores, but no command should
UNKNOWN = 255  # the exit status that nobody can tell any more
_left: list[int] = []  # children that were left to themselves, reaped when the next one is


def close_from(first: int) -> None:
    """Close every number from `first` on: close_range(2), or where that is refused each by itself.

    Linux 5.9, and filters of containers that are older refuse what they do not know.
    """
    try:
        syscalls.call("close_range", first, 0xFFFFFFFF, 0)
    except OSError:
        for number in map(int, os.listdir("/proc/self/fd")):
            if number >= first:
                with suppress(OSError):  # the listing's own is closed by now
                    os.close(number)


def wait_for_children() -> None:
    """Have the kernel keep ended children for waitpid(2): for the main thread of a process.

    SIGCHLD that somebody ignored stays so through exec(2).  Then a child is gone at once, waiting
    fails with ECHILD, and its pid may be a stranger's by the time it is sent a signal.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def spawn(
    command: Sequence[str],
    inherited: Mapping[int, HasFileno],
    *,
    session: bool = False,
    mask: Iterable[int] = (),
    environment: Mapping[str, str] | None = None,
) -> int:
    """posix_spawnp(3); returns the pid.  OSError of exec is raised here: ENOENT, EACCES.

    Numbers may be 0, 1, 2, and those that this process uses itself.  Signals that Python ignores
    (SIGPIPE, SIGXFSZ) have their default again; `mask` is what is blocked in it.
    """
    if not command[0]:  # posix_spawnp(3) of Python raises ValueError
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    copies: dict[int, OwnedFd] = {}
    try:
        for number, owned in inherited.items():
            copies[number] = _aside(owned, inherited)
        actions: list[tuple[int, int] | tuple[int, int, int]] = [
            (os.POSIX_SPAWN_DUP2, copy.fileno(), number) for number, copy in copies.items()
        ]
        for number in _inheritable():
            if number > 2 and number not in inherited:
                actions.append((os.POSIX_SPAWN_CLOSE, number))
        return os.posix_spawnp(
            command[0],
            list(command),
            os.environ if environment is None else environment,
            file_actions=actions,
            setsigdef=DEFAULT_AGAIN,
            setsid=session,
            setsigmask=mask,
        )
    finally:
        for mine in copies.values():
            mine.close()


def _aside(owned: HasFileno, wanted: Collection[int]) -> OwnedFd:
    """Duplicate it to a number nobody wants: then no dup2 lands on one that is still needed."""
    at = 3
    while True:
        copy = OwnedFd(fcntl.fcntl(owned.fileno(), fcntl.F_DUPFD_CLOEXEC, at))
        if copy.fileno() not in wanted:
            return copy
        at = copy.fileno() + 1
        copy.close()


def _inheritable() -> list[int]:
    """Return the numbers of this process that exec(2) would not close."""
    numbers = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if os.get_inheritable(int(name)):
                numbers.append(int(name))
        except OSError:
            continue  # the listing's own, closed by now
    return numbers


class Child:
    """A process that was started, known by its pidfd: it is never taken for another.

    Named as subprocess.Popen names it, whose place it takes where the nursery starts the process.
    """

    def __init__(
        self, pid: int, pidfd: OwnedFd | None = None, report: socket.socket | None = None
    ) -> None:
        """`report` tells the wait status of what is not a child of this process."""
        self.pid = pid
        self.returncode: int | None = None
        self._report = report
        self._pidfd = pidfd
        if pidfd is None:
            with suppress(ProcessLookupError):  # somebody ignores SIGCHLD: gone already
                self._pidfd = OwnedFd(os.pidfd_open(pid))

    def poll(self) -> int | None:
        """Return its exit status, -N when a signal ended it, None while it runs."""
        if self.returncode is None and self._over(0):
            self.returncode = self._collect()
            self._forget()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; TimeoutError after so many seconds."""
        if self.returncode is None and not self._over(timeout):
            raise TimeoutError(f"pid {self.pid} runs on after {timeout} s")
        status = self.poll()
        return UNKNOWN if status is None else status

    def kill(self) -> None:
        """Send SIGKILL, unless it has ended."""
        self._signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Send SIGTERM, unless it has ended."""
        self._signal(signal.SIGTERM)

    def close(self) -> None:
        """Leave it to itself; who started it reaps it."""
        for pid in list(_left):
            with suppress(ChildProcessError):
                if os.waitpid(pid, os.WNOHANG) == (0, 0):
                    continue
            _left.remove(pid)
        if self.poll() is None and self._report is None:
            _left.append(self.pid)
        self._forget()

    def _over(self, timeout: float | None) -> bool:
        if self._pidfd is None:
            return True
        poll = select.poll()
        poll.register(self._pidfd.fileno(), select.POLLIN)
        return bool(poll.poll(None if timeout is None else timeout * 1000))

    def _collect(self) -> int:
        if self._report is None:
            try:
                return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            except ChildProcessError:  # somebody ignores SIGCHLD: the kernel reaped it
                return UNKNOWN
        told = self._report.recv(16)
        return os.waitstatus_to_exitcode(int(told)) if told else UNKNOWN

    def _signal(self, number: int) -> None:
        if self._pidfd is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd.fileno(), number)

    def _forget(self) -> None:
        if self._report is not None:
            self._report.close()
        if self._pidfd is not None:
            self._pidfd.close()
            self._pidfd = None
