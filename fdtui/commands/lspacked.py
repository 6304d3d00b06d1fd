"""Rows on their way from a worker, as far as sharing and peers are found in them."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Iterator

from fdtui.linux.record import Record, Row, Table
from fdtui.survey.peers import has_no_peer

_new: Callable[..., Record] = tuple.__new__
_REG = stat.S_IFREG


def packed(tables: Iterable[Table]) -> list[Row]:
    """Return a tuple for each row that marshal can carry; short for files, which are most."""
    return [
        (record.pid, record.fd, record.ofd, record.flags, record.ino, record.dev)
        if record.ofd and has_no_peer(record)
        else (*record[:-2], None, record.error)
        for table in tables
        for record in table.records
    ]


def unpacked(rows: Iterable[Row]) -> Iterator[Record]:
    """Yield records; those of files say no more than which description and which file it is."""
    for row in rows:
        if len(row) == 6:
            pid, fd, ofd, flags, ino, dev = row
            # fmt: off
            yield _new(Record, (
                pid, fd, "/", -1, flags, -1, -1, ino, dev, -1, _REG, 0, 0, 1, -1, "", "", ofd, None,
                None,
            ))
            # fmt: on
        else:
            yield _new(Record, row)
