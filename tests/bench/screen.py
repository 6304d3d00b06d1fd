"""What the screen costs: first paint, key latency, watching 1,000 processes.

`python -m tests.bench.screen`.  Whole processes on a real pseudo-terminal.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.load import load
from tests.terminal import COMMAND, Terminal

BARE = """
import os
os.environ["TEXTUAL_SPEEDUPS"] = "0"
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("fdtui")
Bare().run()
"""
ROUNDS = 7


def first_paint(command: Sequence[str]) -> float:
    """Seconds from exec to the first screen that says something."""
    began = time.perf_counter()
    with Terminal([], command=command) as term:
        term.wait_for("fdtui")
        return time.perf_counter() - began


def cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def cpu_share(term: Terminal, seconds: float) -> float:
    """Per cent of a core that the screen's process takes while nobody touches it."""
    pid = term.process.pid
    before, began = cpu_ticks(pid), time.monotonic()
    while time.monotonic() - began < seconds:
        term.pump(0.2)
    spent = (cpu_ticks(pid) - before) / os.sysconf("SC_CLK_TCK")
    return 100 * spent / (time.monotonic() - began)


def key_latency(term: Terminal, key: str, rounds: int = 60) -> list[float]:
    """Seconds from a key to the first byte of the answer."""
    costs = []
    for _ in range(rounds):
        while term.pump(0.05):
            pass
        began = time.perf_counter()
        term.press(key)
        if term.pump(1.0):
            costs.append(time.perf_counter() - began)
    return costs


def watching(processes: int, seconds: float) -> None:
    with load(processes, 20), Terminal([]) as term:
        term.wait_for(lambda text: "processes," in text and "live" in text)
        cpu_share(term, 3)
        live = cpu_share(term, seconds)
        term.press("space")
        term.wait_for("frozen")
        frozen = cpu_share(term, seconds)
        print(f"{processes:>6} processes at 1 Hz   {live:5.2f} % of a core   frozen {frozen:.2f} %")
        if processes >= 1000:
            costs = key_latency(term, "down")
            print(
                f"       arrow key to output     median {1000 * statistics.median(costs):.1f} ms"
                f"   p95 {1000 * statistics.quantiles(costs, n=20)[-1]:.1f} ms"
            )


def main() -> None:
    ours, bare = [], []
    for _ in range(ROUNDS):
        ours.append(first_paint(COMMAND))
        bare.append(first_paint([sys.executable, "-c", BARE]))
    a, b = statistics.median(ours), statistics.median(bare)
    print(
        f"first paint   fdtui {1000 * a:.0f} ms   bare Textual app {1000 * b:.0f} ms   x{a / b:.2f}"
    )
    for processes in (300, 1000):
        watching(processes, 20)
    command = [sys.executable, "-m", "fdtui", "--help"]
    for name, line in (
        ("python -c pass", [sys.executable, "-c", "pass"]),
        ("fdtui --help", command),
    ):
        before = os.times()
        for _ in range(ROUNDS):
            subprocess.run(line, capture_output=True, check=True)
        after = os.times()
        spent = after.children_user + after.children_system
        spent -= before.children_user + before.children_system
        print(f"{name:<14} {1000 * spent / ROUNDS:.1f} ms of CPU")


if __name__ == "__main__":
    main()
