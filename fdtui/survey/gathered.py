"""One pass over the machine, kept as it came until it is known who is related to whom.

Rows stay raw bytes: only workers take them apart, once they are told what to add to each.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator

from fdtui.linux.lean import NamedTuple
from fdtui.survey.outline import Outline
from fdtui.survey.scan import Payload, Transform, batched
from fdtui.survey.sharers import Sharers
from fdtui.survey.sorters import Shared


class Raw(NamedTuple):
    """Some tables as bytes, and the module's function that takes them apart."""

    tables: str  # `module:name`
    data: Payload


class Gathered(ABC):
    """The outlines of a pass, and its raw rows until `jobs` was read."""

    def __init__(self) -> None:
        self.outlines: list[Outline] = []
        self.raw: deque[Raw] = deque()

    @abstractmethod
    def sharers(self, workers: Shared | None) -> Sharers:
        """Find out which descriptors are one description, once; `workers` as `sort_buckets`."""

    def jobs(
        self, function: Transform, argument: Callable[[Outline], Payload]
    ) -> Iterator[Payload]:
        """Yield what `finish` takes; what was yielded is freed.

        `function` is called with tables and what `argument` makes of their outline.
        """
        from fdtui.survey.workers import qualified

        name = qualified(function)
        for outline in self.outlines:
            raw = self.raw.popleft()
            yield (raw.tables, raw.data, name, argument(outline))


def finish(payload: Payload) -> Iterator[bytes]:
    """In a worker: apply a transform to raw tables."""
    from fdtui.survey.workers import named

    tables, data, name, argument = payload
    return batched(named(tables)(data), named(name), argument)
