"""Workers that all searches of this process share: started when they first pay, and kept."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from fdtui.errors import FdtuiError
from fdtui.survey.scan import Cancelled, worker_count
from fdtui.survey.workers import Job, Pool


class SharedWorkers:
    """One search has them at a time; another one does its work itself meanwhile."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.pool: Pool | None = None

    def run(self, jobs: Iterable[Job], cancelled: Cancelled) -> list[bytes] | None:
        """Return the frames of all jobs, in their order, some of them once it is cancelled.

        None: there is one processor, another search has the workers, or one was killed.
        """
        size = worker_count()
        if not size or not self._lock.acquire(blocking=False):
            return None
        try:
            if self.pool is None:
                self.pool = Pool(size)
            return list(self.pool.run(jobs, cancelled))
        except (FdtuiError, ConnectionError):
            return None
        finally:
            self._lock.release()

    def close(self) -> None:
        """End them; the next search starts others."""
        with self._lock:
            if self.pool is not None:
                self.pool.close()
                self.pool = None


shared = SharedWorkers()
