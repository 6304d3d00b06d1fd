"""Sharing, peers and neighbours beside one listing of all links: `python -m tests.bench.sharing`.

The garbage collector is off, as it is in a command that runs once.  Times are medians of
interleaved rounds, in milliseconds; ratios are to one listing of all links in this interpreter,
which is "readlink of all" without and "links of all" with the table it makes.
"""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from contextlib import nullcontext

from fdtui.errors import CallFailed
from fdtui.linux.bpf.iterator import available
from fdtui.linux.procfs import ProcFs
from fdtui.linux.record import Record, Wants
from fdtui.survey.descriptors import row_of
from fdtui.survey.links import LinkTable, read_links
from fdtui.survey.neighbours import Neighbours
from fdtui.survey.peers import PeerIndex
from fdtui.survey.scan import Engine, all_pids, choose
from fdtui.survey.sharing import sharing_of_links, sharing_of_records
from fdtui.survey.socket_peers import namespaces, socket_peers
from tests.bench.load import load

PROC = ProcFs()
TOOLS = (("lsof", "-nPw", "-p"), ("lsof", "-nPw", "+E", "-p"), ("lsfd", "-p"))


class Clock:
    """Collects times by name."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {}

    def run(self, name: str, function: Callable[[], object]) -> object:
        begin = time.perf_counter()
        result = function()
        self.times.setdefault(name, []).append(time.perf_counter() - begin)
        return result

    def median(self, name: str) -> float:
        return statistics.median(self.times[name])


def descriptors_of(pid: int) -> object:
    return [row_of(entry) for entry in PROC.entries(pid, PROC.fds(pid))]


def listed() -> int:
    """One listing of all links as anybody would write it."""
    links = 0
    for pid in all_pids():
        try:
            folder = os.open(f"/proc/{pid}/fd", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            links += len([os.readlink(name, dir_fd=folder) for name in os.listdir(folder)])
        except OSError:
            continue  # refused, or closed meanwhile
        finally:
            os.close(folder)
    return links


def askers() -> dict[str, Neighbours]:
    """By what finds them: /proc alone, workers that read it, the kernel's iterator."""
    found = {"/proc": Neighbours(PROC, "proc", workers=False), "workers": Neighbours(PROC, "proc")}
    if available() is None:
        found["iterator"] = Neighbours(PROC, workers=False)
    return found


def one_round(clock: Clock, ways: dict[str, Neighbours], pid: int) -> str:
    clock.run("readlink of all", listed)
    table = clock.run("links of all", read_links)
    assert isinstance(table, LinkTable)
    sets = sharing_of_links(table)
    clock.run("sharing of all", lambda: sharing_of_links(table))
    records = list(table.records())
    dumped = clock.run("sock_diag", lambda: socket_peers(namespaces(all_pids())))
    sockets = [record for record in records if record.link.startswith("socket:[")]

    def peers() -> int:
        index = PeerIndex.build(sockets, dumped)  # type: ignore[arg-type]
        return sum(len(index.of_record(record)) for record in sockets)

    ends = clock.run("peers of all sockets", peers)
    clock.run("decode one table", lambda: descriptors_of(pid))
    entries = list(PROC.entries(pid, PROC.fds(pid)))
    for way, asker in ways.items():
        clock.run(
            f"neighbours by {way}",
            lambda asker=asker: asker.of_process(pid, entries),  # type: ignore[misc]
        )
    return (
        f"{len(table.links)} descriptors, {len(sets.all_sets())} shared descriptions, "
        f"{len(sockets)} sockets with {ends} peers"
    )


def tools(clock: Clock, pid: int) -> None:
    for command in TOOLS:
        if shutil.which(command[0]):
            clock.run(
                " ".join(command),
                lambda command=command: subprocess.run(  # type: ignore[misc]
                    [*command, str(pid)],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    check=False,
                ),
            )


def engines(clock: Clock) -> None:
    for name in ("proc", "bpf"):
        try:
            engine = choose("proc" if name == "proc" else "bpf")
        except CallFailed as failed:
            print(f"{name}: {failed}")
            continue
        with engine:
            rows = clock.run(f"rows by {name}", lambda engine=engine: scan(engine))  # type: ignore[misc]
            assert isinstance(rows, list)
            clock.run(f"sharing of rows by {name}", lambda rows=rows: sharing_of_records(rows))  # type: ignore[misc]


def scan(engine: Engine) -> list[Record]:
    wants = Wants.LINK | Wants.FDINFO | Wants.STAT
    return [record for batch in engine.sweep(wants=wants) for record in batch]


def middle_process(processes: int, root: int | None = None) -> int:
    """A process of the load that descends from `root`; our parent without a load."""
    for pid in PROC.pids() if processes else ():
        try:
            stat = PROC.stat(pid)
            named = stat.comm == f"load-{processes // 2}"
            if named and root in (None, PROC.stat(stat.ppid).ppid):
                return pid
        except OSError:
            continue
    return os.getppid()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--processes", type=int, default=1000, help="0: the machine as it is")
    parser.add_argument("--fds", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    running = load(options.processes, options.fds) if options.processes else nullcontext()
    gc.disable()
    with running as root:
        clock, ways, pid = Clock(), askers(), middle_process(options.processes, root)
        for asker in ways.values():  # what stays is started: workers, the kernel's program
            asker.of_process(pid, PROC.entries(pid, PROC.fds(pid)[:1]))
        for _ in range(options.rounds):
            said = one_round(clock, ways, pid)
            tools(clock, pid)
            gc.collect()
        for _ in range(min(3, options.rounds)):
            engines(clock)
            gc.collect()
    print(f"{said}; the table has {options.fds} descriptors")
    base = clock.median("links of all")
    for name in clock.times:
        print(f"{name:28} {1e3 * clock.median(name):9.1f} ms {clock.median(name) / base:7.2f}")


if __name__ == "__main__":
    main()
