"""Whole-machine questions against lsof, lsfd and fuser: `python -m tests.bench.survey`.

Every command runs once a round, in random order, output to /dev/null; medians of wall time of
whole processes.  A limit is a share of the peer's median; processor time tells how much of it a
busy machine added.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from fdtui.linux.bpf.iterator import available
from fdtui.linux.record import Wants
from fdtui.survey.engine_proc import ProcEngine
from tests.bench.load import load

FLOORS = {"floor: getdents": "", "floor: + readlink": "l", "floor: + fdinfo": "li"} | {
    "floor: + statx": "lis"
}


class Question(NamedTuple):
    """One row of the table: a command of ours and its share of each peer at most."""

    name: str
    command: list[str]
    limits: Mapping[str, float] = {}


def fdtui(*arguments: str) -> list[str]:
    """As the script does it that installers write."""
    return [sys.executable, "-c", "from fdtui.cli import program; program()", *arguments]


def engine(name: str, what: str) -> list[str]:
    return [sys.executable, "-m", "tests.bench.engine", name, what]


def peers(pid: int, file: str) -> dict[str, list[str]]:
    """The commands to compare with, those that are installed."""
    commands = {
        "lsfd": ["lsfd"],
        "lsof": ["lsof", "-nPw"],
        "lsof +E": ["lsof", "-nPw", "+E"],
        "lsof FILE": ["lsof", file],
        "fuser FILE": ["fuser", file],
        "lsof -p": ["lsof", "-p", str(pid)],
    }
    return {name: line for name, line in commands.items() if shutil.which(line[0])}


def questions(pid: int, file: str) -> list[Question]:
    """The table; the bpf half only where the iterator can be had."""
    found = [
        Question("python start", [sys.executable, "-c", "pass"]),
        Question("ls -p PID", fdtui("ls", "-p", str(pid)), {"lsof -p": 0.5}),
    ]
    limits = {
        "proc": ((0.6, 0.9), 1.0, (0.35, 1.0)),
        "bpf": ((0.3, 0.45), 0.35, (0.15, 0.5)),
    }
    for name, ((lsfd, lsof), related, (by_lsof, by_fuser)) in limits.items():
        if name == "bpf" and available():
            print(f"no bpf: {available()}")
            continue
        chosen = ("--engine", name)
        found += [
            Question(f"rows, {name}", engine(name, "rows")),
            Question(
                f"holders, {name}",
                engine(name, "holders"),
                {"lsof FILE": by_lsof, "fuser FILE": by_fuser},
            ),
            Question(f"json, {name}", engine(name, "json"), {"lsfd": lsfd, "lsof": lsof}),
            Question(
                f"ls --jsonl, {name}",
                fdtui("ls", "--jsonl", *chosen),
                {"lsfd": lsfd, "lsof": lsof},
            ),
            Question(
                f"ls --jsonl --peers --sharing, {name}",
                fdtui("ls", "--jsonl", "--peers", "--sharing", *chosen),
                {"lsof +E": related},
            ),
            Question(
                f"who FILE, {name}",
                fdtui("who", file, *chosen),
                {"lsof FILE": by_lsof, "fuser FILE": by_fuser},
            ),
        ]
    return found


@contextmanager
def floors() -> Iterator[dict[str, list[str]]]:
    """The C loop at several depths, where there is a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        print("no C compiler: no floor")
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="fdtui-floor-") as folder:
        program = f"{folder}/floor"
        source = Path(__file__).with_name("floor.c")
        subprocess.run([compiler, "-O2", "-o", program, source], check=True)
        yield {name: [program, wants] for name, wants in FLOORS.items()}


class Cost(NamedTuple):
    """Seconds of one run: on the clock, and of processor time with all its children."""

    wall: float
    cpu: float


def run(command: list[str]) -> Cost | None:
    """Run once; None for a command of ours that is not there or does not work."""
    started = time.perf_counter()
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(child.pid, 0)
    cost = Cost(time.perf_counter() - started, usage.ru_utime + usage.ru_stime)
    child.returncode = os.waitstatus_to_exitcode(status)
    ours = command[0] == sys.executable
    return cost if not ours or child.returncode in (0, 3) else None


def peak_memory(command: list[str]) -> float:
    """MB of the command and its children together (Pss, sampled every 10 ms)."""
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        while child.poll() is None:
            peak = max(peak, sum(map(pss, family(child.pid))))
            time.sleep(0.01)
    return peak / 1024


def family(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for one in children:
        yield from family(int(one))


def pss(pid: int) -> int:
    """kB of memory, shared pages by parts."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def a_member() -> tuple[int, str]:
    """A process of the load and a file it has."""
    for table in ProcEngine(size=0).tables(wants=Wants.LINK):
        if table.owner.comm.startswith("load-"):
            file = next(r.link for r in table.records if r.link.endswith(".log"))
            return table.owner.pid, file
    raise RuntimeError("no load is running")


def measure(processes: int, fds: int, rounds: int) -> dict[str, Cost]:
    """Run everything under one load; print the table; medians by name."""
    times: dict[str, list[Cost]] = {}
    missing: set[str] = set()
    with load(processes, fds), floors() as floor:
        pid, file = a_member()
        asked = questions(pid, file)
        commands = floor | peers(pid, file) | {q.name: q.command for q in asked}
        for number in range(rounds + 1):
            for name in random.sample(list(commands), len(commands)):
                if name in missing:
                    continue
                cost = run(commands[name])
                if cost is None:
                    missing.add(name)
                elif number:  # the first round warms the caches
                    times.setdefault(name, []).append(cost)
        memory = {
            q.name: peak_memory(q.command) for q in asked if "json" in q.name and q.name in times
        }
    medians = {
        name: Cost(*map(statistics.median, zip(*costs, strict=True)))
        for name, costs in times.items()
    }
    report(processes * fds, commands, {q.name: q for q in asked}, medians, memory)
    return medians


def report(
    descriptors: int,
    commands: Mapping[str, list[str]],
    asked: Mapping[str, Question],
    medians: Mapping[str, Cost],
    memory: Mapping[str, float],
) -> None:
    print(f"\n{descriptors} descriptors")
    print(f"{'':<36}{'ms':>8}{'cpu ms':>8}{'MB':>7}  of the peer (at most)")
    for name in commands:
        if name not in medians:
            print(f"{name:<36}{'-':>8}{'-':>8}         does not run")
            continue
        words = []
        for peer, most in asked[name].limits.items() if name in asked else ():
            if peer in medians:
                share = medians[name].wall / medians[peer].wall
                words.append(f"{peer} {share:.2f} ({most}){'' if share <= most else ' !'}")
        cost = medians[name]
        used = f"{memory[name]:.0f}" if name in memory else ""
        spent = f"{1000 * cost.wall:>8.0f}{1000 * cost.cpu:>8.0f}"
        print(f"{name:<36}{spent}{used:>7}  {', '.join(words)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--processes", type=int, default=1000)
    parser.add_argument("--fds", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--growth", action="store_true", help="also a tenth of the load")
    options = parser.parse_args()
    os.chdir(Path(__file__).parents[2])
    print(f"{os.uname().release}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    print(f"RLIMIT_NOFILE {resource.getrlimit(resource.RLIMIT_NOFILE)}")
    whole = measure(options.processes, options.fds, options.rounds)
    if options.growth:
        tenth = measure(max(options.processes // 10, 1), options.fds, options.rounds)
        print("\nten times the load takes")
        for name in whole:
            if name in tenth:
                print(f"{name:<36}{whole[name].wall / tenth[name].wall:>8.1f} times as long")
    with load(options.processes, options.fds):
        for name in ("proc", "bpf"):
            if name == "proc" or not available():
                done = subprocess.run(engine(name, "sweeps"), stderr=subprocess.PIPE, check=True)
                print(f"sweeps, {name}: {done.stderr.decode().strip()}")


if __name__ == "__main__":
    main()
