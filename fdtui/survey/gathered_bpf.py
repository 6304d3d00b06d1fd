"""A pass of the kernel's iterator as its bytes; what it does not list is read from /proc."""

from __future__ import annotations

import stat
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator

from fdtui.linux.bpf.layout import HEAD, HEAD_STRUCT, TAIL, places, struct_of
from fdtui.linux.fdtable import as_records, owner_of, read_rows
from fdtui.linux.lean import NamedTuple
from fdtui.linux.record import Owner, Record, Row, Table, Wants
from fdtui.survey.cutting import cut
from fdtui.survey.engine_bpf import by_process
from fdtui.survey.gathered import Gathered, Raw
from fdtui.survey.outline import Outline
from fdtui.survey.peers import EVENTFD, MQUEUE_SIZE, PIDFDS
from fdtui.survey.scan import all_pids
from fdtui.survey.sharers import Sharers, by_numbers
from fdtui.survey.sorters import Shared

_FIELDS = frozenset(
    (
        "ofd",
        "ino",
        "size",
        "pid",
        "tid",
        "fd",
        "flags",
        "rdev",
        "alone",
        "mode",
        "length",
        "is_sock",
    )
)
_ROW = struct_of(HEAD, _FIELDS)
_LENGTH = list(places(HEAD)).index("length")
_NUMBERED = ("socket", "pipe")
_SLASH = ord("/")
_PIPE, _EVENTFD = b"pipe:[", EVENTFD.encode() + b"\0"
_PIDFDS = tuple(text.encode() for text in PIDFDS)
_LONGEST = max(map(len, (_EVENTFD, *_PIDFDS)))
_PTMX, _PTS_MAJOR = 5 << 20 | 2, 136  # as the kernel numbers devices
_REG, _DIR, _CHR, _FIFO = stat.S_IFREG, stat.S_IFDIR, stat.S_IFCHR, stat.S_IFIFO
_S_IFMT, _O_PATH = 0o170000, 0o10000000
_ACCESS = (4, 2, 6, 0)


class _Raw(NamedTuple):
    """Records of the iterator, whose they are, and tables of /proc among them."""

    data: bytes
    owners: list[tuple[object, ...]]  # in order of pid
    read: dict[int, list[Row]]


class GatheredPass(Gathered):
    """From chunks of a pass."""

    def __init__(self) -> None:
        super().__init__()
        self._from_proc: list[Record] = []  # all rows that the iterator did not list

    def take_all(self, chunks: Iterable[bytes]) -> None:
        """Go through the pass."""
        wanted = all_pids()
        at = 0
        for parts, following in cut(chunks):
            end = len(wanted) if following is None else bisect_left(wanted, following)
            self._take(b"".join(parts), wanted[at:end])
            at = end
        if at < len(wanted):
            self._take(b"", wanted[at:])

    def _take(self, data: bytes, pids: list[int]) -> None:
        """Outline some whole processes: those the iterator lists as they are now, and the rest."""
        outline, raw = Outline(), _Raw(data, [], {})
        rare: list[bytes] = []
        known = set(pids)
        at = kept = 0
        mark = outline.mark()
        for pid, count in _walk(data, known, outline, rare):
            while pids[at] < pid:
                self._read(pids[at], outline, raw)
                at += 1
            at += 1
            owner = owner_of(pid)
            # Before Linux 6.2 there is no count to compare with.
            if owner is not None and owner.fds in (count, 0):
                outline.names[pid] = owner.comm
                raw.owners.append(tuple(owner._replace(fds=count)))
            else:
                outline.cut(mark)
                del rare[kept:]
                if owner is not None:
                    self._read(pid, outline, raw)
            mark, kept = outline.mark(), len(rare)
        for pid in pids[at:]:
            self._read(pid, outline, raw)
        for _, records in by_process((b"".join(rare),), known):
            outline.rare += records
        self.outlines.append(outline)
        self.raw.append(Raw(_TABLES, tuple(raw)))

    def _read(self, pid: int, outline: Outline, raw: _Raw) -> None:
        read = read_rows(pid, Wants.ALL)
        if read is None:
            return
        owner, rows = read
        outline.add(owner, rows)
        self._from_proc += as_records(rows)
        raw.owners.append(tuple(owner))
        raw.read[pid] = rows

    def sharers(self, workers: Shared | None) -> Sharers:
        sharers = by_numbers(self.outlines)
        if self._from_proc:
            inodes = set(map(_inode, self._from_proc))
            sharers.correct(sorted([*self._alike(inodes), *self._from_proc]))
        return sharers

    def _alike(self, inodes: set[int]) -> list[Record]:
        """The rows of these inodes that the iterator listed and that may be shared."""
        found: list[Record] = []
        for outline, raw in zip(self.outlines, self.raw, strict=True):
            data = raw.data[0]
            rows = [
                _record_at(data, position)
                for ino, position in zip(outline.inodes, outline.positions, strict=True)
                if ino in inodes
            ]
            passes = by_process((b"".join(rows),), set(outline.names))
            found += [one for _, records in passes for one in records]
        return found


def _walk(
    data: bytes, wanted: Collection[int], outline: Outline, rare: list[bytes]
) -> Iterator[tuple[int, int]]:
    """Fill columns; yields (pid, descriptors) of each process, right after its last row.

    One turn of the loop per descriptor, most of which are of files that nobody else has.
    """
    unpack, at, end = _ROW.unpack_from, 0, len(data)
    shared = outline.ofds.add
    inode, position = outline.inodes.append, outline.positions.append
    socket, at_socket = outline.sockets.numbers.append, outline.sockets.places.append
    current = count = 0
    while at < end:
        ofd, ino, size, pid, tid, fd, flags, rdev, alone, mode, length, is_sock = unpack(data, at)
        begin, start = at, at + TAIL
        at = start + length + 7 & -8
        if tid != pid or pid not in wanted:
            continue
        if pid != current:
            if count:
                yield current, count
            current, count = pid, 0
        count += 1
        if not alone:
            shared(ofd, pid << 32 | fd)
            inode(ino)
            position(begin)
        if is_sock:
            socket(ino)
            at_socket(pid << 32 | fd)
            continue
        if not length:
            continue
        form = mode & _S_IFMT
        if data[start] == _SLASH:
            if (
                (form == _REG and size == MQUEUE_SIZE)
                or form == _FIFO
                or (form == _CHR and (rdev == _PTMX or rdev >> 20 == _PTS_MAJOR))
            ):
                rare.append(data[begin:at])
        elif form == _FIFO:
            if data.startswith(_PIPE, start):
                outline.pipes.add(ino, pid << 32 | fd)
                outline.access.append(0 if flags & _O_PATH else _ACCESS[flags & 3])
        elif data.startswith(_PIDFDS, start) or (
            # A counter is of one description.
            not alone and data.startswith(_EVENTFD, start)
        ):
            rare.append(data[begin:at])
    if count:
        yield current, count


def _record_at(data: bytes, at: int) -> bytes:
    """The bytes of one record, up to the next."""
    end = at + TAIL + HEAD_STRUCT.unpack_from(data, at)[_LENGTH]
    return data[at : end + 7 & -8]


def _inode(record: Record) -> int:
    """The inode of a row, -1 where neither stat nor its link tells it."""
    kind, bracket, number = record.link.partition(":[")
    return int(number[:-1]) if record.ino < 0 and bracket and kind in _NUMBERED else record.ino


def tables(
    payload: tuple[bytes, list[tuple[object, ...]], dict[int, list[Row]]],
) -> Iterator[Table]:
    """In a worker: decode the records."""
    data, fields, read = payload
    owners = list(map(Owner._make, fields))
    passes = by_process((data,), {owner.pid for owner in owners} - set(read))
    for owner in owners:
        if owner.pid in read:
            yield Table(owner, as_records(read[owner.pid]))
        else:
            yield Table(owner, next(passes)[1])


_TABLES = f"{__name__}:tables"
