"""A pass that workers read from /proc, as rows of marshal."""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Iterator

from fdtui.linux.fdtable import as_records, read_rows
from fdtui.linux.record import Owner, Table, Wants
from fdtui.survey.gathered import Gathered, Raw
from fdtui.survey.outline import Outline
from fdtui.survey.sharers import Sharers, by_keys
from fdtui.survey.sorters import Shared


class GatheredTables(Gathered):
    """From what `outlined` said of some processes each, in order."""

    def __init__(self, frames: Iterable[bytes]) -> None:
        super().__init__()
        for frame in frames:
            view = memoryview(frame)
            end = 4 + int.from_bytes(view[:4], "little")
            self.outlines.append(Outline.unpacked(view[4:end]))
            self.raw.append(Raw(_TABLES, bytes(view[end:])))

    def sharers(self, workers: Shared | None) -> Sharers:
        return by_keys(self.outlines, workers)


def outlined(pids: list[int]) -> Iterator[bytes]:
    """In a worker: the outline of the tables of these processes, and all of their rows."""
    outline = Outline()
    tables = []
    for pid in pids:
        read = read_rows(pid, Wants.ALL)
        if read is not None:
            outline.add(*read)
            tables.append((tuple(read[0]), read[1]))
    head = outline.packed()
    yield b"".join((len(head).to_bytes(4, "little"), head, marshal.dumps(tables)))


def tables(data: bytes) -> Iterator[Table]:
    """In a worker: take the rows apart again."""
    for owner, rows in marshal.loads(data):  # noqa: S302  from another worker
        yield Table(Owner._make(owner), as_records(rows))


_TABLES = f"{__name__}:tables"
OUTLINED = f"{__name__}:outlined"
