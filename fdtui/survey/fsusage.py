"""What file systems hold, as df(1) counts it, without being hung by one whose server is dead."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

from fdtui.errors import errno_name
from fdtui.linux.fstype import IN_KERNEL
from fdtui.linux.lean import NamedTuple

DEADLINE = 0.5  # seconds for a file system with a server
_KEEP = 5.0  # seconds that its answer is used for
_ASK = """import os, sys
try: print(*os.statvfs(sys.argv[1])[1:5])
except OSError as failed: print(failed.errno)"""


class Usage(NamedTuple):
    """Bytes; `available` to users without privileges, as df's last column."""

    size: int
    used: int
    available: int

    @property
    def percent(self) -> int:
        """df's Use%: rounded up, of what users can have."""
        usable = self.used + self.available
        return -(-100 * self.used // usable) if usable else 0


class FileSystems:
    """Asked again and again; a server that does not answer is left to wait on its own."""

    def __init__(
        self, deadline: float = DEADLINE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._deadline = deadline
        self._clock = clock
        self._stuck: dict[object, subprocess.Popen[bytes]] = {}
        self._answers: dict[object, tuple[float, Usage | str]] = {}

    def usage(self, key: object, path: str, fstype: str) -> Usage | str:
        """Return the usage, or in words why there is none.

        `key` names the file system, `path` is anything on it.  With a server the question is a
        child process's: one that hangs in the kernel could not be killed, nor its process end.
        """
        if fstype in IN_KERNEL:
            try:
                return _usage(*os.statvfs(path)[1:5])
            except OSError as error:
                return _refused(error.errno or 0)
        now = self._clock()
        known = self._answers.get(key)
        if known is None or now - known[0] >= _KEEP:
            known = self._answers[key] = (now, self._ask(key, path))
        return known[1]

    def _ask(self, key: object, path: str) -> Usage | str:
        child = self._stuck.get(key)
        if child is not None and child.poll() is None:
            return "its server still does not answer"
        self._stuck.pop(key, None)
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _ASK, path],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            said, _ = child.communicate(timeout=self._deadline)
        except subprocess.TimeoutExpired:
            child.kill()
            if child.stdout is not None:
                child.stdout.close()
            self._stuck[key] = child
            return f"its server did not answer in {self._deadline:g} s"
        numbers = list(map(int, said.split()))
        if len(numbers) != 4:
            return _refused(numbers[0]) if numbers else "the question failed"
        return _usage(*numbers)

    def close(self) -> None:
        """Reap what has ended; what hangs is init's once we are gone."""
        for child in self._stuck.values():
            child.poll()


def _usage(frsize: int, blocks: int, free: int, available: int) -> Usage:
    return Usage(blocks * frsize, (blocks - free) * frsize, available * frsize)


def _refused(code: int) -> str:
    return f"statvfs: {os.strerror(code)} ({errno_name(code)})"
