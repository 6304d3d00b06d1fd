"""An engine with worker processes, which start with the first scan that is worth them."""

from __future__ import annotations

from fdtui.linux.lean import TYPE_CHECKING
from fdtui.survey.scan import Engine, worker_count

if TYPE_CHECKING:
    from fdtui.survey.workers import Pool


class PooledEngine(Engine):
    """Owns the workers; close() ends them."""

    def __init__(self, reason: str = "", size: int | None = None) -> None:
        """`size`: how many workers, 0 for none; None for as many as pay here."""
        super().__init__(reason)
        self._size = worker_count() if size is None else size
        self._workers: Pool | None = None

    @property
    def _pool(self) -> Pool:
        if self._workers is None:
            from fdtui.survey.workers import Pool

            self._workers = Pool(self._size)
        return self._workers

    def close(self) -> None:
        if self._workers is not None:
            self._workers.close()
            self._workers = None
