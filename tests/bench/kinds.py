"""One process's table of 100 descriptors, fully decoded: `python -m tests.bench.kinds`.

Rows, kinds, and everything that an acquired descriptor tells, the best of some rounds; lsof and
lsfd of the same process beside it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

from fdtui.kinds import classify
from fdtui.linux import syscalls
from fdtui.linux.owned import OwnedFd
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import ProcFs
from tests.zoo_process import ZooProcess

LIMIT = 0.020  # seconds for 100 descriptors
TABLE = 100


def decode(pid: int, fds: list[int]) -> None:
    """Do once what the table of a process does each second."""
    proc = ProcFs()
    with OwnedFd(syscalls.pidfd_open(pid)) as pidfd:
        for fd in fds:
            entry = proc.entry(pid, fd)
            kind = classify(entry)
            info = kind.describe(entry)
            if kind.examines:
                with OwnedFd(syscalls.pidfd_getfd(pidfd.fileno(), fd)) as owned:
                    info = {**info, **kind.examine(Peek(owned), entry)}
            kind.target(entry, info)
            kind.size(entry, info)


def times(rounds: int, work: Callable[[], object]) -> list[float]:
    """Wall time of each round in seconds."""
    found = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return found


def report(name: str, pid: int, fds: list[int], rounds: int) -> bool:
    """Print one line for fdtui and one for each peer; False when over the limit."""
    decode(pid, fds)
    spent = times(rounds, lambda: decode(pid, fds))
    best, limit = min(spent), LIMIT * len(fds) / TABLE
    word = "ok" if best <= limit else "OVER"
    print(
        f"{name:<28}{len(fds):>4} descriptors  best {best * 1e3:6.1f} ms  "
        f"median {statistics.median(spent) * 1e3:6.1f} ms  at most {limit * 1e3:.0f} ms  {word}"
    )
    for command in (["lsof", "-nPw", "-p", str(pid)], ["lsfd", "-p", str(pid)]):
        if shutil.which(command[0]):
            spent = times(3, partial(subprocess.run, command, capture_output=True, check=False))
            print(f"  {' '.join(command[:-1]):<26}{'':>22}{min(spent) * 1e3:6.1f} ms")
    return best <= limit


def main() -> None:
    """Print the figures; exit 1 when one is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with ZooProcess() as zoo:
        good = report("one of every kind", zoo.pid, list(zoo.fds.values())[:TABLE], rounds)
    with socket.create_server(("127.0.0.1", 0), backlog=TABLE) as server:
        pairs = []
        for _ in range(TABLE // 2):
            pairs += [socket.create_connection(server.getsockname()), server.accept()[0]]
        numbers = [sock.fileno() for sock in pairs]
        good &= report("connected TCP sockets", os.getpid(), numbers, rounds)
        for sock in pairs:
            sock.close()
    sys.exit(not good)


if __name__ == "__main__":
    main()
