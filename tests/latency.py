"""How long the screen takes to answer a key, on a real terminal and whatever else goes on."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

from tests.terminal import Terminal

MARK = "▎"
PATIENCE = 20.0  # seconds
_FIRST_ROWS = 5  # lines under the title
_LAST_ROWS = 6  # lines from the end


def line_of_selected(term: Terminal) -> int | None:
    """Line of the screen that the selected row is on."""
    lines = term.screen.buffer
    return next((y for y in range(term.screen.lines) if lines[y][1].data == MARK), None)


def selected(term: Terminal, until: int = 30) -> str:
    """What stands in the selected row from its first column to column `until`; "" without one."""
    y = line_of_selected(term)
    return "" if y is None else "".join(term.screen.buffer[y][x].data for x in range(2, until))


def answer(term: Terminal, key: str, until: int = 30) -> float:
    """Press a key that selects another row; seconds until the screen says so."""
    before = selected(term, until)
    began = time.perf_counter()
    term.press(key)
    while selected(term, until) == before:
        term.pump(0.2)
        if time.perf_counter() - began > PATIENCE:
            raise AssertionError(f"{key} selects no other row than {before!r}\n{term.text}")
    return term.read_at - began


def answers(term: Terminal, seconds: float, pause: float = 0.02, until: int = 30) -> list[float]:
    """Go down and up in turn for so long; seconds of each answer."""
    costs: list[float] = []
    ends = time.monotonic() + seconds
    while time.monotonic() < ends or len(costs) % 2:
        key = "jk"[len(costs) % 2]
        y = line_of_selected(term)
        if y is not None and y < _FIRST_ROWS:
            key = "j"  # what was below has ended: there may be nothing above
        elif y is not None and y > term.screen.lines - _LAST_ROWS:
            key = "k"
        costs.append(answer(term, key, until))
        rests = time.monotonic() + pause
        while (left := rests - time.monotonic()) > 0:
            term.pump(left)
    return costs


def share(costs: Sequence[float], part: float) -> float:
    """Milliseconds that this part of the answers took at most: 0.5 is the median."""
    ordered = sorted(costs)
    return 1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def words(costs: Sequence[float]) -> str:
    """`p50 3 ms  p99 20 ms  worst 31 ms of 200 keys`."""
    middle = 1000 * statistics.median(costs)
    return (
        f"p50 {middle:.0f} ms  p99 {share(costs, 0.99):.0f} ms  "
        f"worst {1000 * max(costs):.0f} ms of {len(costs)} keys"
    )
