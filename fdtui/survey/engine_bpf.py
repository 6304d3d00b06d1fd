"""The scan engine of the privileged: one pass of the kernel's iterator, /proc for the rest."""

from __future__ import annotations

import errno
import itertools
import os
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from fdtui.errors import CallFailed
from fdtui.linux.bpf.builder import Match
from fdtui.linux.bpf.decode import O_CLOEXEC, Texts, sock_of
from fdtui.linux.bpf.iterator import TaskFile
from fdtui.linux.bpf.layout import HEAD, TAIL, More, places, struct_of
from fdtui.linux.fdtable import fdinfo_extra, owner_of, read_table, stat_fields
from fdtui.linux.lean import TYPE_CHECKING
from fdtui.linux.record import Record, Row, Table, Wants
from fdtui.survey.cutting import cut
from fdtui.survey.mapped import MappedFile
from fdtui.survey.pooled import PooledEngine
from fdtui.survey.scan import (
    Cancelled,
    Payload,
    Transform,
    all_pids,
    batched,
    never,
)
from fdtui.survey.workers import Job, named, qualified

if TYPE_CHECKING:
    from typing import ClassVar

    from fdtui.survey.gathered import Gathered

_FEW = 64  # processes: up to here workers are not worth their start
_ROW = struct_of(HEAD, places(HEAD).keys() - {"table", "alone"})
_LOCKS, _STAT, _PROC = int(More.LOCKS), int(More.STAT), int(More.INFO | More.LOCKS)
_O_PATH = 0o10000000
_ACCESS = (4, 2, 6, 0)
_TOO_LONG = ("readlink", errno.ENAMETOOLONG)


class _Devices(dict[int, int]):
    """The kernel's device number -> that of os.stat_result."""

    def __missing__(self, number: int) -> int:
        dev = self[number] = os.makedev(number >> 20, number & 0xFFFFF)
        return dev


class _Accesses(dict[int, int]):
    """Flags of open(2) -> 4 read, 2 write, 0 neither."""

    def __missing__(self, flags: int) -> int:
        access = self[flags] = 0 if flags & _O_PATH else _ACCESS[flags & 3]
        return access


class _Stats:
    """stat(2) of files that many have open, asked once within a moment."""

    _FRESH = 0.1  # seconds

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[int, ...] | None] = {}
        self._since = 0.0

    def age(self) -> None:
        """Forget what is not of this moment."""
        now = time.monotonic()
        if now - self._since > self._FRESH:
            self._known.clear()
            self._since = now

    def of(self, pid: int, fd: int, file: tuple[int, int]) -> tuple[int, ...] | None:
        """As `stat_fields`; `file` is its device and inode as the iterator tells them."""
        found = self._known.get(file)
        if found is None:
            found = self._known[file] = stat_fields(pid, fd)
        return found


_devices, _accesses, _stats = _Devices(), _Accesses(), _Stats()
_record: Callable[[Row], Record] = partial(tuple.__new__, Record)  # without a frame of Python


class BpfEngine(PooledEngine):
    """Rows as /proc has them, from one pass; what it does not list is read from /proc."""

    name: ClassVar[str] = "bpf"

    def __init__(self, task_file: TaskFile, reason: str = "", size: int | None = None) -> None:
        super().__init__(reason, size)
        self._task_file = task_file

    def tables(
        self,
        pids: Iterable[int] | None = None,
        wants: Wants = Wants.ALL,
        cancelled: Cancelled = never,
    ) -> Iterator[Table]:
        wanted = all_pids() if pids is None else sorted(set(pids))
        passes: Iterator[tuple[int, list[Record]]]
        if self._few(wanted, _FEW if pids is None else max(_FEW, len(all_pids()) // 2)):
            passes = itertools.chain.from_iterable(
                by_process(self._task_file.chunks(pid), {pid}) for pid in wanted
            )
        else:
            passes = by_process(self._task_file.chunks(), set(wanted))
        return _completed(passes, wanted, wants, cancelled)

    def transform(
        self,
        function: Transform,
        argument: Payload = None,
        pids: Iterable[int] | None = None,
        wants: Wants = Wants.ALL,
        cancelled: Cancelled = never,
    ) -> Iterator[bytes]:
        wanted = all_pids() if pids is None else sorted(set(pids))
        if self._size < 2 or self._few(wanted, _FEW):
            return batched(self.tables(wanted, wants, cancelled), function, argument)
        jobs = self._jobs(wanted, wants, qualified(function), argument)
        return self._pool.run(jobs, cancelled)

    def holders(self, dev: int, ino: int, cancelled: Cancelled = never) -> Iterator[Record]:
        """As asked; the program itself leaves out every other inode."""
        with self._task_file.matching(Match(ino=ino)) as only:
            for _, records in by_process(only.chunks(), set(all_pids())):
                if cancelled():
                    return
                yield from (record for record in records if record.dev == dev)

    def gathered(self, beside: Sequence[Job]) -> tuple[Gathered, list[bytes]]:
        from fdtui.survey.gathered_bpf import GatheredPass

        found = GatheredPass()

        def take() -> None:
            found.take_all(self._task_file.chunks())

        if self._size < 2 or len(all_pids()) <= _FEW:
            take()
            return found, self._here(beside)
        self._pool.start()
        return found, list(self._pool.run(beside, never, take))

    def mappers(
        self,
        file: MappedFile,
        cancelled: Cancelled = never,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> list[int]:
        """As asked; an overlay maps files of other file systems, whose numbers it does not tell."""
        if file.fstype != "overlay":
            try:
                found = self._task_file.mappers(file.ino)
            except CallFailed:
                pass  # before Linux 5.13: their maps are searched
            else:
                meanwhile()
                return found
        return super().mappers(file, cancelled, meanwhile)

    def _few(self, pids: list[int], most: int) -> bool:
        """Is a filtered pass for each (80 us and its rows) less than one pass over everything?"""
        return len(pids) <= most and self._task_file.filters_pids

    def _jobs(self, wanted: list[int], wants: Wants, name: str, argument: Payload) -> Iterator[Job]:
        """Chunks of one pass cut between two processes, and the pids that belong there."""
        at = 0
        for data, following in cut(self._task_file.chunks()):
            end = len(wanted) if following is None else bisect_left(wanted, following)
            yield Job(_WORK, (data, wanted[at:end], int(wants), name, argument))
            at = end

    def close(self) -> None:
        super().close()
        self._task_file.close()


def work(payload: tuple[list[bytes], list[int], int, str, Payload]) -> Iterator[bytes]:
    """In a worker: decode (chunks, pids, wants, transform, argument)."""
    chunks, wanted, wants, name, argument = payload
    passes = by_process(chunks, set(wanted))
    return batched(_completed(passes, wanted, Wants(wants), never), named(name), argument)


_WORK = qualified(work)


def _completed(
    passes: Iterator[tuple[int, list[Record]]],
    wanted: list[int],
    wants: Wants,
    cancelled: Cancelled,
) -> Iterator[Table]:
    """Tables in order of pid; those the iterator has not, or not all of, come from /proc."""
    at = 0
    for pid, records in passes:
        if cancelled():
            return
        while at < len(wanted) and wanted[at] < pid:  # kernel threads, and what it leaves out
            yield from _from_proc(wanted[at], wants)
            at += 1
        at += 1
        table = _checked(pid, records, wants)
        if table is not None:
            yield table
    for pid in wanted[at:]:
        if cancelled():
            return
        yield from _from_proc(pid, wants)


def by_process(chunks: Iterable[bytes], wanted: set[int]) -> Iterator[tuple[int, list[Record]]]:
    """Rows as /proc has them, grouped; one turn of the loop per descriptor, all in locals."""
    unpack, devices, accesses, links = _ROW.unpack_from, _devices, _accesses, Texts()
    stats = _stats
    current = 0
    asked = False
    rows: list[Row] = []
    for chunk in chunks:
        at, end = 0, len(chunk)
        stats.age()
        while at < end:
            # fmt: off
            (
                ofd, pos, ino, size, blocks, pid, tid, fd, flags, cloexec, mnt_id, dev, rdev,
                nlink, uid, more, mode, length, is_sock,
            ) = unpack(chunk, at)
            # fmt: on
            start = at + TAIL
            at = start + length + 7 & -8
            if pid != current:
                if rows:
                    yield current, list(map(_record, rows))
                current, rows, asked = pid, [], pid in wanted
            if tid != pid or not asked:
                continue
            extra, proto, sock, error = "", "", None, None
            if is_sock:
                link = f"socket:[{ino}]"
                sock, proto, told = sock_of(chunk, start)
                extra = fdinfo_extra(pid, fd) if told is None or more & _LOCKS else told
            else:
                if length:
                    link = links[chunk[start : start + length - 1]]
                else:
                    link, error = "", _TOO_LONG
                if more & _PROC:
                    extra = fdinfo_extra(pid, fd)
            rdev, dev = devices[rdev], devices[dev]
            if more & _STAT:
                told_by_stat = stats.of(pid, fd, (dev, ino))
                if told_by_stat is not None:
                    nlink, uid, mode, ino, size, blocks, rdev, dev = told_by_stat
            if cloexec:
                flags |= O_CLOEXEC
            # fmt: off
            rows.append((
                pid, fd, link, accesses[flags], flags, pos, mnt_id, ino, dev, rdev, mode, size,
                blocks, nlink, uid, extra, proto, ofd, sock, error,
            ))
            # fmt: on
    if rows:
        yield current, list(map(_record, rows))


def _checked(pid: int, records: list[Record], wants: Wants) -> Table | None:
    """The table, if as many descriptors are listed as the process has; /proc's otherwise."""
    owner = owner_of(pid)
    if owner is None:
        return None
    if owner.fds not in (len(records), 0):  # 0 before Linux 6.2: no count to compare with
        return read_table(pid, wants)
    if not owner.fds:
        owner = owner._replace(fds=len(records))
    return Table(owner, records)


def _from_proc(pid: int, wants: Wants) -> Iterator[Table]:
    table = read_table(pid, wants)
    if table is not None:
        yield table
