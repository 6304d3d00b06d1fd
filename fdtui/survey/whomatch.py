"""Looks through tables for what `who` was asked about; runs in workers."""

from __future__ import annotations

import marshal
import stat
from collections.abc import Iterable, Iterator

from fdtui.linux.lean import NamedTuple
from fdtui.linux.record import Owner, Record, Sock, Table
from fdtui.survey.scan import Payload

_DEVICES = (stat.S_IFCHR, stat.S_IFBLK)


class Sought(NamedTuple):
    """What a row must have; any of these is enough, empty ones match nothing.

    `folder` is a path whose contents are meant, on one of `devices`; `mounts` are mount ids.
    """

    links: list[str] = []  # noqa: RUF012  never changed: marshal carries no tuples of them
    inodes: list[int] = []  # noqa: RUF012
    rdev: int = -1
    folder: str = ""
    devices: list[int] = []  # noqa: RUF012
    mounts: list[int] = []  # noqa: RUF012
    whole: list[int] = []  # noqa: RUF012  devices of which every file is meant


def matches(record: Record, sought: Sought) -> bool:
    """Is it what was asked about?"""
    link = record.link
    if link in sought.links or record.ino in sought.inodes:
        return True
    if record.mnt_id in sought.mounts or record.dev in sought.whole:
        return True
    if sought.rdev >= 0 and record.rdev == sought.rdev:
        return stat.S_IFMT(record.mode) in _DEVICES
    folder = sought.folder
    return bool(
        folder
        and record.dev in sought.devices
        and link.startswith(folder)
        and (len(link) == len(folder) or link[len(folder)] == "/" or folder == "/")
    )


def find(tables: list[Table], sought: Payload) -> bytes:
    """In a worker: the rows that match, with their owners, for `found`."""
    wanted = Sought._make(sought)
    hits = []
    for owner, records in tables:
        rows = [
            (*record[:-2], record.sock and tuple(record.sock), record.error)
            for record in records
            if matches(record, wanted)
        ]
        if rows:
            hits.append((tuple(owner), rows))
    return marshal.dumps(hits)


def found(parts: Iterable[bytes]) -> Iterator[tuple[Owner, Record]]:
    """Undo `find`."""
    for part in parts:
        for owner, rows in marshal.loads(part):  # noqa: S302  from our own workers
            who = Owner._make(owner)
            for *row, sock, error in rows:
                yield who, Record._make((*row, Sock._make(sock) if sock else None, error))
