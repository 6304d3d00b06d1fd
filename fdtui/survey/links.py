"""The cheapest look at every descriptor of the machine: number and link text, 2.2 us each.

It is what peers and sharers of one process are found in; rows with more in them are scan.py's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from itertools import compress

from fdtui.linux.lean import NamedTuple
from fdtui.linux.procfs import Failure, gone
from fdtui.linux.record import Record
from fdtui.survey.scan import Cancelled, all_pids, never

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_CHUNK = 256  # links between two looks at `cancelled`, 0.6 ms


class ProcessLinks(NamedTuple):
    """One table in no order: `links` beside `fds`; refused tables are empty and have an error."""

    pid: int
    fds: Sequence[str | int]  # numbers, as text where /proc printed them
    links: list[str]
    error: Failure | None


def process_links(
    pids: Iterable[int] | None = None, cancelled: Cancelled = never
) -> Iterator[ProcessLinks]:
    """Read the tables of these processes, or of all, in order of pid.

    What is closed or ends meanwhile is left out.  `cancelled` is called every 256 links, in the
    thread that scans: it may sleep there to give way.
    """
    for pid in all_pids() if pids is None else pids:
        if cancelled():
            return
        try:
            number = os.open(f"/proc/{pid}/fd", _DIRECTORY)
        except OSError as failed:
            if not gone(failed):
                yield ProcessLinks(pid, [], [], Failure("open", failed.errno or 0))
            continue
        try:
            table = _read(pid, number, cancelled)
        finally:
            os.close(number)
        if table.fds or table.error:
            yield table


def _read(pid: int, directory: int, cancelled: Cancelled) -> ProcessLinks:
    readlink = os.readlink
    links: list[str] = []
    try:
        names = os.listdir(directory)
        for at in range(0, len(names), _CHUNK):
            if at and cancelled():
                break
            links += [readlink(name, dir_fd=directory) for name in names[at : at + _CHUNK]]
    except OSError as failed:
        if not gone(failed):
            return ProcessLinks(pid, [], [], Failure("readlink", failed.errno or 0))
        return _read_one_by_one(pid, directory)
    return ProcessLinks(pid, names[: len(links)], links, None)


def _read_one_by_one(pid: int, directory: int) -> ProcessLinks:
    """The same when numbers are closed while they are read."""
    fds, links = [], []
    try:
        for name in os.listdir(directory):
            try:
                link = os.readlink(name, dir_fd=directory)
            except FileNotFoundError:
                continue
            fds.append(name)
            links.append(link)
    except OSError as failed:
        if not gone(failed):
            return ProcessLinks(pid, [], [], Failure("readlink", failed.errno or 0))
    return ProcessLinks(pid, fds, links, None)


@dataclass(slots=True)
class LinkTable:
    """Many tables as columns, each as long as the other, in order of pid."""

    pids: list[int] = field(default_factory=list)
    fds: list[int] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    refused: dict[int, Failure] = field(default_factory=dict)  # by pid
    complete: bool = True  # False: cancelled

    def add(self, table: ProcessLinks) -> None:
        """Append a process's table."""
        if table.error is not None:
            self.refused[table.pid] = table.error
        self.pids += [table.pid] * len(table.fds)
        self.fds += map(int, table.fds)
        self.links += table.links

    def records(self, wanted: Set[str] | None = None) -> Iterator[Record]:
        """Yield the rows as `Record`s that know nothing but the link; only those `wanted`."""
        for pid, fd, link in zip(self.pids, self.fds, self.links, strict=True):
            if wanted is None or link in wanted:
                yield bare_record(pid, fd, link)


def bare_record(pid: int, fd: int, link: str) -> Record:
    """Return a row of which only the link is known."""
    # fmt: off
    return Record(
        pid, fd, link, -1, -1, -1, -1, -1, -1, -1, 0, -1, -1, -1, -1, "", "", 0, None, None,
    )
    # fmt: on


def read_links(
    pids: Iterable[int] | None = None,
    cancelled: Cancelled = never,
    wanted: Set[str] | None = None,
) -> LinkTable:
    """Read the links of these processes, or of all; of them only those `wanted`, when given."""
    table = LinkTable()
    stopped = False

    def stop() -> bool:
        nonlocal stopped
        stopped = stopped or cancelled()
        return stopped

    for one in process_links(pids, stop):
        if wanted is None:
            table.add(one)
        elif one.error is not None:
            table.refused[one.pid] = one.error
        elif not wanted.isdisjoint(one.links):
            hits = list(map(wanted.__contains__, one.links))
            links = list(compress(one.links, hits))
            table.add(ProcessLinks(one.pid, list(compress(one.fds, hits)), links, None))
    table.complete = not stopped
    return table
