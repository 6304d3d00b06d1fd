"""How fast counters grow between two looks, and an offset in the pane."""

from __future__ import annotations

import os
from pathlib import Path

from fdtui.kinds import classify
from fdtui.kinds.base import Counter, Section, fact
from fdtui.linux.procfs import ProcFs
from fdtui.render.panefacts import pane_facts
from fdtui.render.rates import Rates
from fdtui.render.spans import text_of


def sections(sent: int, received: int = 0) -> tuple[Section, ...]:
    """The same key under two heads."""
    return tuple(
        Section(head, (fact("bytes", str(count), "note")._replace(counter=Counter(count, True)),))
        for head, count in (("SENT", sent), ("RECEIVED", received))
    )


def notes(rates: Rates, now: float, *counts: int) -> list[str]:
    return [section.facts[0].note for section in rates.of(sections(*counts), now)]


def test_the_first_look_has_no_rate() -> None:
    assert notes(Rates(), 10.0, 100, 100) == ["note", "note"]


def test_each_look_is_compared_with_the_one_before() -> None:
    rates = Rates()
    notes(rates, 10.0, 0)
    assert notes(rates, 12.0, 2048, 4096) == ["+1.0K/s", "+2.0K/s"]
    assert notes(rates, 13.0, 2048, 7168) == ["+0/s", "+3.0K/s"]


def test_a_look_that_found_nothing_new_counts_as_one() -> None:
    rates = Rates()
    notes(rates, 10.0, 0)
    rates.still(14.0)
    assert notes(rates, 15.0, 1024) == ["+1.0K/s", "+0/s"]


def test_a_clock_is_told_in_time_and_may_start_anew() -> None:
    def clock(value: int) -> tuple[Section, ...]:
        counted = fact("count", "")._replace(counter=Counter(value, of_time=True))
        return (Section("PERF EVENT", (counted,)),)

    rates = Rates()
    rates.of(clock(0), 10.0)
    assert rates.of(clock(420_000_000), 11.0)[0].facts[0].note == "+0.42 s/s"
    assert rates.of(clock(400_000_000), 12.0)[0].facts[0].note == "-20 ms/s"


def test_two_looks_at_the_same_moment_have_no_rate() -> None:
    rates = Rates()
    notes(rates, 10.0, 0)
    assert notes(rates, 10.0, 1024) == ["note", "note"]


def test_the_pane_says_how_fast_an_offset_moves(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb", buffering=0) as log:
        log.write(b"line")
        entry = ProcFs().entry(os.getpid(), log.fileno())
    kind = classify(entry)
    info = kind.describe(entry)
    position = {
        rate: text_of(dict(pane_facts(entry, kind, info, rate))["position"])
        for rate in (0.0, 42_189.0)
    }
    assert position[42_189.0] == position[0.0] + ", +41.2K/s"
