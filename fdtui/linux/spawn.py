"""Start a command with chosen descriptors at chosen numbers, and none besides them and 0, 1, 2."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from fdtui.linux import syscalls
from fdtui.linux.owned import OwnedFd
from fdtui.linux.scm import HasFileno

_detached: list[int] = []  # of this process's children, reaped when the next one is started


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


def spawn_detached(command: Sequence[str], inherited: Mapping[int, HasFileno]) -> None:
    """Start one in a session of its own that may outlive this process; nobody waits for it."""
    for pid in list(_detached):
        if os.waitpid(pid, os.WNOHANG) != (0, 0):
            _detached.remove(pid)
    _detached.append(spawn(command, inherited, session=True))


def spawn(
    command: Sequence[str],
    inherited: Mapping[int, HasFileno],
    *,
    session: bool = False,
    mask: Iterable[int] = (),
) -> int:
    """posix_spawnp(3); returns the pid.  OSError of exec is raised here: ENOENT, EACCES.

    Numbers may be 0, 1, 2, and those that this process uses itself.  Signals that Python ignores
    (SIGPIPE, SIGXFSZ) have their default again; `mask` is what is blocked in it.
    """
    # Duplicates above every wanted number: then no dup2 lands on one that is still needed.
    above = max(inherited, default=2) + 1
    copies: dict[int, OwnedFd] = {}
    try:
        for number, owned in inherited.items():
            copy = fcntl.fcntl(owned.fileno(), fcntl.F_DUPFD_CLOEXEC, max(above, 3))
            copies[number] = OwnedFd(copy)
        actions: list[tuple[int, int] | tuple[int, int, int]] = [
            (os.POSIX_SPAWN_DUP2, copy.fileno(), number) for number, copy in copies.items()
        ]
        for number in _inheritable():
            if number > 2 and number not in inherited:
                actions.append((os.POSIX_SPAWN_CLOSE, number))
        return os.posix_spawnp(
            command[0],
            list(command),
            os.environ,
            file_actions=actions,
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
            setsid=session,
            setsigmask=mask,
        )
    finally:
        for mine in copies.values():
            mine.close()


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
