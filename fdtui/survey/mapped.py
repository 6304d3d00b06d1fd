"""Who has one file mapped or runs it: the maps of every process are searched, not parsed."""

from __future__ import annotations

import marshal
import os
from collections.abc import Callable, Iterator

from fdtui.linux.lean import NamedTuple
from fdtui.linux.procfs import read_file
from fdtui.linux.record import Owner
from fdtui.survey.facts import Facts
from fdtui.survey.scan import Cancelled, worker_count
from fdtui.survey.specials import MAPS_LIMIT, mapped, mappings, special, status_of

_WORKERS_PAY_FROM = 300  # processes, at 80 us each
_JOBS = 4  # for each worker


class MappedFile(NamedTuple):
    """A file by its path, the numbers of os.stat_result and where it is ("" unknown)."""

    path: str
    dev: int
    ino: int
    fstype: str = ""


def mentioned(
    file: MappedFile,
    pids: list[int],
    cancelled: Cancelled,
    meanwhile: Callable[[], object],
) -> list[int]:
    """Return the processes whose maps mention it; calls `meanwhile` while workers look."""
    size = worker_count()
    if len(pids) < _WORKERS_PAY_FROM or not size:
        meanwhile()
        return _search(pids, file, cancelled)
    from fdtui.survey.workers import Job, Pool, qualified

    pool = Pool(size)
    count = size * _JOBS
    jobs = [Job(qualified(search), (pids[at::count], tuple(file))) for at in range(count)]
    try:
        parts = list(pool.run(jobs, cancelled, meanwhile))
    finally:
        pool.close()
    return sorted(pid for part in parts for pid in marshal.loads(part))  # noqa: S302  our own


def search(payload: tuple[list[int], tuple[str, int, int, str]]) -> Iterator[bytes]:
    """In a worker: the processes of (pids, file) whose maps mention it."""
    pids, file = payload
    yield marshal.dumps(_search(pids, MappedFile._make(file), lambda: False))


def _search(pids: list[int], file: MappedFile, cancelled: Cancelled) -> list[int]:
    # An overlay and btrfs have another device there than stat(2) says: the path then.
    number = f" {os.major(file.dev):02x}:{os.minor(file.dev):02x} {file.ino} ".encode()
    name = os.fsencode(file.path)
    found = []
    for pid in pids:
        if cancelled():
            break
        try:
            maps = read_file(f"/proc/{pid}/maps", limit=MAPS_LIMIT)
        except OSError:
            continue  # it ended, or is not to be looked into
        if number in maps or name in maps:
            found.append(pid)
    return found


def held_by(owner: Owner, file: MappedFile) -> Iterator[Facts]:
    """Yield how a process whose maps mention it holds it: exe, mapped."""
    program = special(owner, "exe")
    if program is not None and _is(program, file):
        yield program
    for mapping in mappings(owner.pid):
        if (mapping.dev, mapping.ino) == (file.dev, file.ino):
            yield mapped(owner, mapping)
        elif mapping.path == file.path and status_of(owner.pid, mapping) is not None:
            row = mapped(owner, mapping)
            if _is(row, file):
                yield row


def _is(row: Facts, file: MappedFile) -> bool:
    return (row.record.dev, row.record.ino) == (file.dev, file.ino)
