"""Processes and Machine on a real terminal while processes come and go all the time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from tests import latency
from tests.puppets import Puppet
from tests.storm import storm
from tests.terminal import Terminal

PID_ENDS = 9  # columns of a row that tell a process
FD_ENDS = 30  # and a descriptor
NAME = "longlived"
SLOWEST = 2.0  # seconds for a key here, beside other tests; the bench says what it may be


class Place(NamedTuple):
    """How to get there, to the row of a process, and what tells that row from others."""

    key: str
    word: str
    filter: str
    ends: int
    words: int  # in what tells it


PLACES = (
    Place("1", "COMMAND", NAME, PID_ENDS, 1),
    Place("2", "TARGET", f"comm == {NAME} and fd == 2", FD_ENDS, 3),
)


@contextmanager
def long_lived() -> Iterator[int]:
    """A process with a name of its own that outlives the storm; its pid."""
    with Puppet() as puppet:
        puppet(f"ctypes.CDLL(None).prctl(15, {NAME.encode()!r})")
        yield puppet.pid


def settle_on(term: Terminal, place: Place, pid: int) -> str:
    """Select a row of that process among all others; what tells the row."""
    term.press(place.key)
    term.wait_for(place.word, 30)
    term.press("/", place.filter, "enter")

    def found(_: str) -> bool:
        words = latency.selected(term, place.ends).split()
        return len(words) == place.words and words[0] == str(pid)

    term.wait_for(found, 30)
    row = latency.selected(term, place.ends)
    term.press("escape")
    shown = f"/ {place.filter}"
    term.wait_for(lambda text: shown not in text, 30)
    return row


def stays(term: Terminal, row: str, seconds: float) -> None:
    """AssertionError when another row is selected meanwhile."""
    ends = time.monotonic() + seconds
    changed = 0
    while time.monotonic() < ends:
        changed += term.pump(0.1)
        selected = latency.selected(term, len(row) + 2)
        assert selected == row, f"{row!r} was selected\n{term.text}"
    assert changed
    assert term.process.poll() is None, term.text


def test_a_storm_of_processes_loses_no_selection_and_no_key() -> None:
    with long_lived() as pid, storm(300, 100) as weather, Terminal([]) as term:
        term.wait_for("processes,")
        for place in PLACES:
            row = settle_on(term, place, pid)
            stays(term, row, 1.5)
            costs = latency.answers(term, 2.5, until=place.ends)  # as long as two refreshes
            assert max(costs) < SLOWEST, latency.words(costs)
        term.press("q")
        assert term.wait_exit() == 0
        assert term.restored() == []
    assert weather.born > 600
