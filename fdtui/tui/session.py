"""What happened in this session, in order: the log under Held."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

LIMIT = 10_000  # lines kept


class Line(NamedTuple):
    """One event: seconds since the epoch, a verb, about what, words."""

    at: float
    verb: str
    about: str
    detail: str


class SessionLog:
    """The lines, newest last."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lines: deque[Line] = deque(maxlen=LIMIT)

    def add(self, verb: str, about: str, detail: str = "") -> None:
        """Write a line with the time of now."""
        self._lines.append(Line(self._clock(), verb, about, detail))

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Line]:
        return iter(self._lines)
