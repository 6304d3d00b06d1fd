"""An engine with worker processes, which start with the first scan that is worth them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence

from fdtui.linux.lean import TYPE_CHECKING
from fdtui.survey.scan import Cancelled, Engine, Payload, Transform, never, worker_count

if TYPE_CHECKING:
    from fdtui.survey.gathered import Gathered
    from fdtui.survey.outline import Outline
    from fdtui.survey.workers import Job, Pool


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

    @abstractmethod
    def gathered(self, beside: Sequence[Job]) -> tuple[Gathered, list[bytes]]:
        """Return one pass over everything, and the one frame that each of other jobs yields."""

    def finished(
        self, gathered: Gathered, function: Transform, argument: Callable[[Outline], Payload]
    ) -> Iterator[bytes]:
        """Yield what `function` makes of tables and what `argument` says of their outline."""
        from fdtui.survey.gathered import finish

        jobs = gathered.jobs(function, argument)
        if self._size < 2 or (self._workers is None and len(gathered.raw) < 2):
            for payload in jobs:
                yield from finish(payload)
            return
        from fdtui.survey.workers import Job, qualified

        name = qualified(finish)
        yield from self._pool.run((Job(name, payload) for payload in jobs), never)

    def _here(self, jobs: Sequence[Job]) -> list[bytes]:
        """Do what workers would."""
        from fdtui.survey.workers import named

        return [frame for job in jobs for frame in named(job.function)(job.payload)]

    def shared(self, jobs: Iterator[Job], cancelled: Cancelled) -> list[bytes] | None:
        """Return the frames of all jobs; None where one process does all."""
        return list(self._pool.run(jobs, cancelled)) if self._size > 1 else None

    def close(self) -> None:
        if self._workers is not None:
            self._workers.close()
            self._workers = None
