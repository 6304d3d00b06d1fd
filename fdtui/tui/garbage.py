"""When objects that refer to each other are collected: never while a person waits for a key.

A full collection looks at every object there is and stops all threads: 100 to 260 ms while the
Machine place knows 100,000 descriptors, and Python would do that some ten times as it reads them.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

QUIET = 2.0  # seconds without a key, before a full collection
EVERY = 120.0  # seconds between two
CHECK = 10.0  # seconds between two looks at whether it is time
_YOUNG = 10_000  # objects made since the last look at the youngest
_YOUNG_LOOKS = 5  # looks at these before those that survived are looked at as well


class Garbage:
    """Has the young collected as ever (5 ms at most), and everything when nobody is there."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._touched_at = self._collected_at = clock()

    def begin(self) -> None:
        """Take what is there for good, and the full collections into our own hands."""
        gc.freeze()
        gc.set_threshold(_YOUNG, _YOUNG_LOOKS, 1 << 30)
        gc.enable()

    @contextmanager
    def spared(self) -> Iterator[None]:
        """Make a hundred thousand rows that stay: not looked at meanwhile, nor before it is quiet.

        To look at the young 30 times is a fifth of the time that reading a machine takes.
        """
        gc.disable()
        try:
            yield
        finally:
            gc.freeze()
            gc.enable()

    def touched(self) -> None:
        """A person is there."""
        self._touched_at = self._clock()

    def tidy(self) -> bool:
        """Collect everything, if it is time and nobody would notice."""
        now = self._clock()
        if now - self._touched_at < QUIET or now - self._collected_at < EVERY:
            return False
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._collected_at = self._clock()
        return True
