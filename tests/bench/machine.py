"""The Machine place under a load: first rows, complete, sweeps, keys: `-m tests.bench.machine`.

Whole processes on a real pseudo-terminal, one engine after the other, beside `fdtui ls`; and how
each figure grows with the number of descriptors.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, cast

from fdtui.linux.bpf.iterator import available
from fdtui.survey.machine import MachineTable, Question
from fdtui.survey.scan import EngineName, choose
from tests import latency
from tests.bench.load import load
from tests.bench.screen import cpu_ticks
from tests.bench.survey import family, fdtui, run
from tests.terminal import Terminal

SCREEN = """
import sys
from fdtui.survey.scan import choose
from fdtui.tui.app import FdtuiApp
from fdtui.tui.machine import Machine
sys.exit(FdtuiApp(Machine(engine=lambda: choose(sys.argv[1]))).run())
"""
# Of a hundred processes one opens or closes something before each sweep.
CHANGING = """
import os, sys
for _ in range(int(sys.argv[1])):
    os.open("/dev/null", os.O_RDONLY)
extra = -1
print("ready", flush=True)
for _ in sys.stdin:
    if extra < 0:
        extra = os.open("/dev/null", os.O_RDONLY)
    else:
        os.close(extra)
        extra = -1
    print("done", flush=True)
"""
_ROW = re.compile(r"^..\s*\d+ +\S.* \d+ ", re.MULTILINE)
_COUNT = re.compile(r"([\d,]+) descriptors")


class Figures(NamedTuple):
    """Seconds, and per cent of a core."""

    first_rows: float
    complete: float
    ls: float
    keys: list[float]  # while the first sweep and its relations go on
    live_keys: list[float]
    cpu: float


def shown(term: Terminal) -> tuple[bool, int, bool]:
    """(rows are there, descriptors counted so far, the sweep is complete) of the Machine place."""
    title, *lines = term.text.rstrip().split("\n")
    # Painted last: until then the rows below the title may be those of home.
    if "› Machine" not in title or "group" not in lines[-1]:
        return False, 0, False
    found = _COUNT.search(title)
    count = int(found[1].replace(",", "")) if found else 0
    return bool(_ROW.search("\n".join(lines))), count, "so far" not in title


def open_place(term: Terminal, most: float = 60.0) -> tuple[float, float]:
    """Press `2`; seconds until the first rows, and until all of them are there."""
    began, first = time.perf_counter(), 0.0
    term.press("2")
    while time.perf_counter() - began < most:
        if term.pump(0.2):
            rows, count, complete = shown(term)
            if rows and not first:
                first = term.read_at - began
            if rows and count and complete:
                return first, term.read_at - began
    raise AssertionError(f"the machine was never read\n{term.text}")


def screen(engine: str) -> Terminal:
    """The screen with this engine, at rest at home."""
    term = Terminal([engine], command=[sys.executable, "-c", SCREEN])
    term.wait_for(lambda text: "processes," in text and "live" in text, 30)
    rests = time.monotonic() + 2
    while time.monotonic() < rests:
        term.pump(0.2)
    return term


def cpu(term: Terminal, seconds: float) -> float:
    """Per cent of a core that the screen and its workers take while nobody touches it."""
    pids = list(family(term.process.pid))
    before, began = sum(map(cpu_ticks, pids)), time.monotonic()
    while time.monotonic() - began < seconds:
        term.pump(0.2)
    return (sum(map(cpu_ticks, pids)) - before) / (time.monotonic() - began)


def figures(engine: str, rounds: int, seconds: float) -> Figures:
    """Everything of one engine under the load that there is."""
    opened, listed = [], []
    for _ in range(rounds):
        with screen(engine) as term:
            opened.append(open_place(term))
        cost = run(fdtui("ls", "--jsonl", "--engine", engine))
        if cost is not None:
            listed.append(cost.wall)
    with screen(engine) as term:
        term.press("2")
        while not shown(term)[0]:
            term.pump(0.2)
        keys = latency.answers(term, seconds)
        live_keys = latency.answers(term, seconds)
        used = cpu(term, 2 * seconds)
    return Figures(
        statistics.median(first for first, _ in opened),
        statistics.median(complete for _, complete in opened),
        statistics.median(listed),
        keys,
        live_keys,
        used,
    )


@contextmanager
def changing(count: int, fds: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many processes that change when they are told to."""
    children = [
        subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", CHANGING, str(fds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(count)
    ]
    try:
        for child in children:
            assert child.stdout is not None
            child.stdout.readline()
        yield children
    finally:
        for child in children:
            child.kill()
            child.communicate()


def sweeps(engine: str, processes: int, fds: int, times: int = 10) -> str:
    """The first look at the machine, and those at 1 Hz of which each finds 1 % changed."""
    count = max(1, processes // 100)
    with changing(count, fds) as children, choose(cast("EngineName", engine)) as chosen:
        table = MachineTable(chosen, time.time)
        costs, busy = [], []
        for _ in range(times + 1):
            for child in children:
                assert child.stdin is not None
                assert child.stdout is not None
                child.stdin.write(b"\n")
                child.stdin.flush()
                child.stdout.readline()
            began, spent = time.perf_counter(), time.process_time()
            for _ in table.sweep():
                pass
            table.complete()
            table.answer(Question())
            costs.append(time.perf_counter() - began)
            busy.append(time.process_time() - spent)
            time.sleep(max(0.0, 1 - costs[-1]))
    again = statistics.median(costs[1:])
    return (
        f"first {1000 * costs[0]:.0f} ms, with {count} processes changed {1000 * again:.0f} ms: "
        f"{again / costs[0]:.2f} of it (at most 0.15), {100 * statistics.median(busy[1:]):.0f} % "
        "of a core at 1 Hz"
    )


def report(engine: str, found: Figures, descriptors: int) -> None:
    """Print the figures of one engine beside what they may be."""
    rows, all_of_it = (400, 2000 * found.ls) if engine == "proc" else (300, 500)
    print(f"\n{engine}, {descriptors} descriptors")
    print(f"  first rows {1000 * found.first_rows:>6.0f} ms  (at most {rows})")
    print(f"  complete   {1000 * found.complete:>6.0f} ms  (at most {all_of_it:.0f})")
    print(f"  ls --jsonl {1000 * found.ls:>6.0f} ms")
    print(f"  keys during the first sweep  {latency.words(found.keys)}  (p99 at most 100)")
    print(f"  keys afterwards              {latency.words(found.live_keys)}")
    print(f"  nobody touches it            {found.cpu:.1f} % of a core", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--processes", type=int, default=1000)
    parser.add_argument("--fds", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--engine", choices=("proc", "bpf"), action="append")
    options = parser.parse_args()
    engines = options.engine or ["proc", "bpf"]
    if "bpf" in engines and available():
        print(f"no bpf: {available()}")
        engines.remove("bpf")
    found: dict[tuple[str, bool], Figures] = {}
    for whole in (False, True):
        processes = options.processes if whole else max(1, options.processes // 10)
        with load(processes, options.fds):
            for engine in engines:
                one = found[engine, whole] = figures(engine, options.rounds, options.seconds)
                report(engine, one, processes * options.fds)
                print(f"  sweeps: {sweeps(engine, processes, options.fds)}", flush=True)
    print("\nten times the descriptors: a descriptor costs")
    for engine in engines:
        small, large = found[engine, False], found[engine, True]
        for name in ("complete", "ls"):
            ratio = getattr(large, name) / getattr(small, name) / 10
            print(f"  {engine:<5}{name:<9}{ratio:>6.2f} of what it did")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main()
