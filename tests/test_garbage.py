"""Full collections of garbage: by nobody but fdtui, and when no key was pressed for a while."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from fdtui.tui.garbage import EVERY, QUIET, Garbage


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


class Ring:
    """Refers to itself."""

    def __init__(self) -> None:
        self.self = self


def test_everything_is_collected_when_nobody_is_there() -> None:
    now = [0.0]
    garbage = Garbage(lambda: now[0])
    garbage.begin()
    full: list[int] = []
    gc.callbacks.append(lambda phase, info: full.append(info["generation"]))
    try:
        kept = [Ring() for _ in range(300_000)]
        assert 2 not in full
        ring = weakref.ref(kept[0])
        del kept[0]
        assert ring() is not None
        assert not garbage.tidy()  # it is too early
        now[0] = EVERY + 1
        garbage.touched()
        now[0] += QUIET / 2
        assert not garbage.tidy()  # somebody is there
        assert ring() is not None
        now[0] += QUIET
        assert garbage.tidy()
        assert ring() is None
        assert 2 in full
        now[0] += QUIET + 1
        assert not garbage.tidy()  # that was enough for a while
    finally:
        gc.callbacks.pop()


def test_rows_that_stay_are_looked_at_when_nobody_is_there() -> None:
    now = [0.0]
    garbage = Garbage(lambda: now[0])
    garbage.begin()
    looks: list[int] = []
    gc.callbacks.append(lambda phase, info: looks.append(info["generation"]))
    try:
        with garbage.spared():
            kept = [Ring() for _ in range(100_000)]
            assert not looks
        assert gc.isenabled()
        assert gc.get_count()[0] < len(kept) // 2  # nor will they be, by the next that are made
        ring = weakref.ref(kept.pop())
        now[0] = EVERY + QUIET
        assert garbage.tidy()
        assert ring() is None
    finally:
        gc.callbacks.pop()
