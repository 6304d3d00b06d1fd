"""What the scan engines alone cost, as a program: `python -m tests.bench.engine NAME WHAT`.

json: every record as a line of JSON; rows: every record as a tuple; sweeps: the first scan and
repeated ones at 1 Hz; holders: who has one file.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import cast

from fdtui.linux.record import Table
from fdtui.survey.scan import Engine, EngineName, choose
from fdtui.survey.sweeper import Sweeper


def as_json(tables: list[Table], _: None) -> bytes:
    lines = []
    for owner, records in tables:
        head = {"comm": owner.comm, "start_time": owner.start_time, "process_uid": owner.uid}
        lines += [json.dumps(head | record._asdict()) for record in records]
    return "".join(line + "\n" for line in lines).encode()


def run_json(engine: Engine) -> str:
    size = 0
    for text in engine.transform(as_json):
        size += sys.stdout.buffer.write(text)
    return f"{size} bytes"


def run_rows(engine: Engine) -> str:
    return f"{sum(map(len, engine.sweep()))} records"


def run_sweeps(engine: Engine) -> str:
    """The first sweep, then ten of 1 Hz with the churn that the machine has."""
    sweeper = Sweeper(engine)
    times, busy = [], []
    for number in range(6):
        started, cpu = time.perf_counter(), time.process_time()
        for _ in sweeper.sweep():
            pass
        times.append(time.perf_counter() - started)
        busy.append(time.process_time() - cpu)
        if number:
            time.sleep(max(0.0, 1 - times[-1]))
    again = statistics.median(times[1:])
    return (
        f"first {times[0]:.3f} s, again {again:.3f} s ({again / times[0]:.2f} of it), "
        f"{100 * statistics.median(busy[1:]):.0f} % of a core at 1 Hz"
    )


def run_holders(engine: Engine) -> str:
    status = os.stat(sys.executable)
    return f"{len(list(engine.holders(status.st_dev, status.st_ino)))} holders"


RUNS: dict[str, Callable[[Engine], str]] = {
    "json": run_json,
    "rows": run_rows,
    "sweeps": run_sweeps,
    "holders": run_holders,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=("proc", "bpf", "auto"))
    parser.add_argument("what", choices=tuple(RUNS))
    options = parser.parse_args()
    with choose(cast("EngineName", options.engine)) as engine:
        print(RUNS[options.what](engine), file=sys.stderr)


if __name__ == "__main__":
    main()
