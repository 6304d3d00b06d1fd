"""Processes that come and go all the time: `python -m tests.storm LIVE RATE`.

Keeps LIVE processes, of which RATE a second end and are followed by new ones, until its standard
input ends or its parent dies.  Each has some descriptors of its own.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.load import die_with_parent

_AT_ONCE = 0.01  # seconds between two batches


def be_born() -> int:
    """Fork a process that opens something and waits for its end."""
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        die_with_parent(parent)
        os.pipe2(os.O_CLOEXEC)
        os.memfd_create(f"storm-{os.getpid()}")
        signal.pause()
    finally:
        os._exit(0)


def rage(live: int, rate: float) -> None:
    """Go on until standard input ends; then say how many lived."""
    null = os.open("/dev/null", os.O_RDWR)
    alive = deque(be_born() for _ in range(live))
    born = live
    print("ready", flush=True)
    began = time.monotonic()
    while not select.select([0], [], [], _AT_ONCE)[0]:
        while born - live < (time.monotonic() - began) * rate:
            pid = alive.popleft()
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            alive.append(be_born())
            born += 1
            if select.select([0], [], [], 0)[0]:
                break
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
    for pid in alive:
        os.waitpid(pid, 0)
    os.close(null)
    print(born, flush=True)


class Storm:
    """How many lived, once it is over."""

    born = 0


@contextmanager
def storm(live: int, rate: float) -> Iterator[Storm]:
    """Have it rage while the block runs."""
    weather = Storm()
    command = [sys.executable, "-m", "tests.storm", str(live), str(rate)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield weather
        finally:
            process.stdin.close()
            weather.born = int(process.stdout.readline() or 0)


if __name__ == "__main__":
    die_with_parent(os.getppid())
    rage(int(sys.argv[1]), float(sys.argv[2]))
