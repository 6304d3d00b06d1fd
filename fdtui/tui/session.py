"""What happened in this session, in order: the log under Held."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

# "took fd 8 of ingestd 4182" is said in a sentence; in a column "ingestd 4182 fd 8" is found.
_SENTENCE = re.compile(r"(fd \d+) of (.+)")
LIMIT = 2_000  # lines kept


class Line(NamedTuple):
    """One event: seconds since the epoch, a verb, about what, words."""

    at: float
    verb: str
    about: str
    detail: str

    @property
    def failed(self) -> bool:
        """Is it a call that failed?  Then `about` may be a sentence."""
        return self.verb == "failed"


class SessionLog:
    """The lines, newest last."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lines: deque[Line] = deque(maxlen=LIMIT)

    def add(self, verb: str, about: str, detail: str = "") -> None:
        """Write a line with the time of now; whom it is about stands first in its column."""
        if (found := _SENTENCE.fullmatch(about)) is not None:
            about = f"{found[2]} {found[1]}"
        self._lines.append(Line(self._clock(), verb, about, detail))

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Line]:
        return iter(self._lines)
