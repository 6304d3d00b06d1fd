"""Rows on their way from a worker, as far as sharing and peers are found in them."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Iterator

from fdtui.linux.record import Record, Row, Table
from fdtui.survey.peers import has_no_peer

_new: Callable[..., Record] = tuple.__new__
_REG = stat.S_IFREG
_NUMBERED = ("socket:[", "pipe:[")
SHORT = 6  # members of a row that says which description and which file it is, no more
_MIDDLE = 8  # of one that is known by its number: link and access as well
INO_OF_SHORT, LINK = 4, {_MIDDLE: 6, len(Record._fields): 2}  # their places


def packed(tables: Iterable[Table]) -> list[Row]:
    """Return a tuple for each row that marshal can carry; short for files, which are most."""
    rows: list[Row] = []
    for table in tables:
        for record in table.records:
            # fmt: off
            pid, fd, link, access, flags, _, _, ino, dev, _, _, _, _, _, _, _, _, ofd, _, _ = record
            # fmt: on
            if ofd and link.startswith(_NUMBERED):
                rows.append((pid, fd, ofd, flags, ino, dev, link, access))
            elif ofd and has_no_peer(record):
                rows.append((pid, fd, ofd, flags, ino, dev))
            else:
                rows.append((*record[:-2], None, record.error))
    return rows


def unpacked(rows: Iterable[Row]) -> Iterator[Record]:
    """Yield records; those of files say no more than which description and which file it is."""
    for row in rows:
        if len(row) > _MIDDLE:
            yield _new(Record, row)
            continue
        link, access = row[SHORT:] if len(row) == _MIDDLE else ("/", -1)
        pid, fd, ofd, flags, ino, dev = row[:SHORT]
        # fmt: off
        yield _new(Record, (
            pid, fd, link, access, flags, -1, -1, ino, dev, -1, _REG, 0, 0, 1, -1, "", "", ofd,
            None, None,
        ))
        # fmt: on
