"""How fast a file grows: its size over the last seconds."""

from __future__ import annotations

from collections import deque

SECONDS = 3.0


class Growth:
    """Sizes as they were seen; `rate` in bytes per second."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def note(self, size: int | None, now: float) -> None:
        """The file had this size."""
        if size is None:
            self._seen.clear()
            return
        self._seen.append((now, size))
        while len(self._seen) > 2 and now - self._seen[1][0] >= SECONDS:
            self._seen.popleft()

    @property
    def rate(self) -> float:
        """Bytes per second over the last seconds; 0.0 when it did not change."""
        if len(self._seen) < 2:
            return 0.0
        (began, before), (now, size) = self._seen[0], self._seen[-1]
        return (size - before) / max(now - began, 1.0)
