"""How fast something long goes, and how long it will take: smoothed over the last seconds."""

from __future__ import annotations

from collections import deque

from fdtui.render.units import age, percent, size_words

WINDOW = 3.0  # seconds that the rate is an average of


class Pace:
    """Fed with bytes done and in all; knows rate and rest."""

    def __init__(self, now: float) -> None:
        self._samples: deque[tuple[float, int]] = deque([(now, 0)])
        self.done = 0
        self.total = 0

    def at(self, now: float, done: int, total: int) -> None:
        """Note how far it is; `total` 0 when nobody knows."""
        self.done, self.total = done, total
        self._samples.append((now, done))
        while len(self._samples) > 2 and self._samples[1][0] <= now - WINDOW:
            self._samples.popleft()

    @property
    def rate(self) -> float:
        """Bytes per second over the last seconds."""
        (begin, first), (end, last) = self._samples[0], self._samples[-1]
        return (last - first) / (end - begin) if end > begin else 0.0

    @property
    def rest(self) -> float | None:
        """Seconds that it will still take; None when there is no telling."""
        if not self.total or not self.rate:
            return None
        return max(0, self.total - self.done) / self.rate

    def words(self) -> str:
        """Return `1.2 GB of 4.2 GB   28 %   310 MB/s   10s left`."""
        parts = [size_words(self.done)]
        if self.total:
            parts[0] += f" of {size_words(self.total)}"
            parts.append(f"{percent(self.done, self.total)} %")
        if self.rate:
            parts.append(f"{size_words(round(self.rate))}/s")
        if self.rest is not None:
            parts.append(f"{age(self.rest)} left")
        return "   ".join(parts)
