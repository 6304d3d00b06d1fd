"""The keeper: leaks and speed of taking, search beside grep, and how soon an appended byte shows.

`python -m tests.bench.keeper [--rounds 10000] [--size 1024]` (rounds of steal, view, release;
MiB to search).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from fdtui.keeper.client import KeeperClient, start_keeper
from fdtui.linux.procfs import ProcFs
from tests.puppets import Puppet

PATIENCE = 120.0
FOLLOW_PERIOD = 0.05  # seconds between two looks of a viewer that follows
_PROC = ProcFs()


def seconds(work: Callable[[], object]) -> float:
    """Time it."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def state_of(puppet: Puppet, fds: list[int]) -> list[object]:
    """Return what the target could notice: offsets, flags, locks."""
    return [puppet.fdinfo(fd) for fd in fds]


def leaks(keeper: KeeperClient, puppet: Puppet, folder: Path, rounds: int) -> None:
    """Steal, view, release, over and over, on files, queues and events."""
    path = str(folder / "file")
    puppet(f"f = os.open({path!r}, os.O_RDWR | os.O_CREAT); os.write(f, b'x' * 5000)")
    puppet("fcntl.flock(f, fcntl.LOCK_EX); m = os.memfd_create('m'); r, w = os.pipe()")
    puppet("os.write(w, b'queued'); e = os.eventfd(3); a, b = socket.socketpair(); b.send(b'sent')")
    fds = [puppet(name) for name in ("f", "m", "r", "w", "e", "a.fileno()")]
    targets = [puppet.target(fd) for fd in fds]
    pid = keeper.connect().pid

    def once(number: int) -> None:
        target = targets[number % len(targets)]
        held = keeper.steal(target).result(PATIENCE)
        keeper.window(held.id, 0, 4096).result(PATIENCE)
        keeper.release(held.id).result(PATIENCE)

    for number in range(len(targets)):
        once(number)
    before = state_of(puppet, fds)
    ui, there = _PROC.fd_count(os.getpid()), _PROC.fd_count(pid)

    def everything() -> None:
        for number in range(rounds):
            once(number)

    took = seconds(everything)
    leaked = _PROC.fd_count(os.getpid()) - ui, _PROC.fd_count(pid) - there
    same = state_of(puppet, fds) == before
    queue = puppet("os.read(r, 100)"), puppet("a.recv(100)")
    print(f"{rounds:,} steal, view, release   {took / rounds * 1e6:.0f} µs each")
    print(f"  leaked descriptors: {leaked[0]} in the UI, {leaked[1]} in the keeper")
    print(f"  target's offsets, flags, locks unchanged: {same}; queues: {queue}")


def search(keeper: KeeperClient, puppet: Puppet, folder: Path, mib: int) -> None:
    """Search a cached file for what is not in it, beside grep -c -a on the same file."""
    path = folder / "big"
    line = b"%08d GET /index.html?session=%08x HTTP/1.1 200 quick brown fox\n"
    block = b"".join(line % (n, n * 2654435761 % 2**32) for n in range(17000))[: 1 << 20]
    with path.open("wb") as file:
        for _ in range(mib):
            file.write(block)
    fd = puppet(f"os.open({str(path)!r}, os.O_RDONLY)")
    ident = keeper.look(puppet.target(fd)).result(PATIENCE).id
    size = path.stat().st_size

    def grep(*options: str) -> float:
        command = ["grep", "-c", "-a", *options, str(path)]
        return seconds(lambda: subprocess.run(command, check=False, capture_output=True))

    def ours(
        pattern: bytes, *, regex: bool = False, fold: bool = False, backwards: bool = False
    ) -> float:
        start = size if backwards else 0
        return seconds(
            lambda: keeper.search(
                ident, pattern, regex=regex, ignore_case=fold, start=start, backwards=backwards
            ).result(PATIENCE)
        )

    grep("-F", "warm the cache")
    rows: list[tuple[str, Callable[[], float]]] = [
        ("literal", lambda: ours(b"needle in a haystack")),
        ("literal, short", lambda: ours(b"HTTP/2")),
        ("literal, backwards", lambda: ours(b"needle in a haystack", backwards=True)),
        ("ignoring case", lambda: ours(b"Needle In A Haystack", fold=True)),
        ("grep -c -a -F", lambda: grep("-F", "needle in a haystack")),
        ("grep -c -a -F, short", lambda: grep("-F", "HTTP/2")),
        ("grep -c -a -F -i", lambda: grep("-F", "-i", "Needle In A Haystack")),
    ]
    print(f"search of {mib} MiB, cached")
    for name, work in rows:
        print(f"  {name:<22} {size / min(work() for _ in range(3)) / 1e9:5.2f} GB/s")
    os.truncate(path, 64 << 20)
    size = 64 << 20
    regex, beside = ours(rb"ne+dle \d+", regex=True), grep("-E", "ne+dle [0-9]+")
    print(f"  {'regex (64 MiB)':<22} {size / regex / 1e9:5.2f} GB/s")
    print(f"  {'grep -c -a -E (64 MiB)':<22} {size / beside / 1e9:5.2f} GB/s")
    keeper.release(ident).result(PATIENCE)


def follow(keeper: KeeperClient, puppet: Puppet, folder: Path) -> None:
    """Append a byte, look every 50 ms, and see how long it takes to arrive."""
    path = str(folder / "log")
    fd = puppet(f"os.open({path!r}, os.O_RDWR | os.O_CREAT | os.O_APPEND)")
    ident = keeper.look(puppet.target(fd)).result(PATIENCE).id
    waits = []
    for number in range(100):
        time.sleep(FOLLOW_PERIOD * (number % 7) / 7)  # so that the phases differ
        puppet(f"os.write({fd}, b'.')")
        begin = time.perf_counter()
        while not keeper.window(ident, number, 10).result(PATIENCE).data:
            time.sleep(FOLLOW_PERIOD)
        waits.append(time.perf_counter() - begin)
    round_trips = [
        seconds(lambda: keeper.window(ident, 0, 4096).result(PATIENCE)) for _ in range(500)
    ]
    p95 = statistics.quantiles(waits, n=20)[-1]
    print(f"follow: an appended byte is there at once by the next look, p95 {p95 * 1e3:.1f} ms")
    print(f"window of 4 KiB: median {statistics.median(round_trips) * 1e6:.0f} µs")


def glance(keeper: KeeperClient, puppet: Puppet) -> None:
    """Decode 60 rows, as a table of descriptors does for its visible window."""
    puppet("many = [os.pipe() for _ in range(20)] + [(os.eventfd(n), 0) for n in range(20)]")
    targets = [puppet.target(fd) for fd in puppet.fds()][:60]
    times = [seconds(lambda: keeper.glance(targets).result(PATIENCE)) for _ in range(50)]
    print(f"glance at {len(targets)} rows: median {statistics.median(times) * 1e3:.1f} ms")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=1024, help="MiB")
    args = parser.parse_args()
    began = time.perf_counter()
    keeper = start_keeper()
    keeper.held().result(PATIENCE)
    print(f"first answer of a new keeper: {(time.perf_counter() - began) * 1e3:.0f} ms")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name, Puppet() as puppet:
        folder = Path(name)
        glance(keeper, puppet)
        follow(keeper, puppet, folder)
        leaks(keeper, puppet, folder, args.rounds)
        search(keeper, puppet, folder, args.size)
    keeper.close()


if __name__ == "__main__":
    main()
