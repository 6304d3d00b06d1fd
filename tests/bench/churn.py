"""A storm of 5,000 processes that come and go: selection and keys: `python -m tests.bench.churn`.

A minute on a real terminal: half of it in Processes, half in Machine; in each, half the time a
row must stay selected, and half the time keys are pressed.
"""

from __future__ import annotations

import argparse
import resource
from pathlib import Path

from tests import latency
from tests.storm import storm
from tests.terminal import Terminal
from tests.test_churn import PLACES, long_lived, settle_on, stays


def room() -> int:
    """Return how many processes more there may be, as far as limits say."""
    limits = [int(Path("/proc/sys/kernel/pid_max").read_text())]
    soft, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    if soft != resource.RLIM_INFINITY:
        limits.append(soft)
    try:
        text = Path("/sys/fs/cgroup/pids.max").read_text().strip()
        limits += [int(text)] if text.isdigit() else []
    except OSError:
        pass  # the root of the hierarchy has none
    running = sum(name.name.isdigit() for name in Path("/proc").iterdir())
    return min(limits) - running - 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--live", type=int, default=5000)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    live = min(options.live, room())
    part = options.seconds / (2 * len(PLACES))
    with long_lived() as pid, storm(live, options.rate) as weather, Terminal([]) as term:
        term.wait_for("processes,", 60)
        for place in PLACES:
            name = {"1": "Processes", "2": "Machine"}[place.key]
            row = settle_on(term, place, pid)
            stays(term, row, part)
            costs = latency.answers(term, part, until=place.ends)
            print(
                f"{name:<10} selection kept for {part:.0f} s; keys {latency.words(costs)}  "
                "(p99 at most 100)",
                flush=True,
            )
        term.press("q")
        assert term.wait_exit(20) == 0, term.text
    print(f"{live} processes at a time, {weather.born} altogether, no exception")


if __name__ == "__main__":
    main()
