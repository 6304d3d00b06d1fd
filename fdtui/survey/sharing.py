"""Which descriptors are one open file description, in one process and across processes.

Descriptors that cannot be the same are told apart by facts; the rest is ordered by kcmp(2).
Nothing is guessed: where kcmp is refused there is a reason instead of an id.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Sequence

from fdtui.errors import errno_name
from fdtui.linux.lean import TYPE_CHECKING, NamedTuple
from fdtui.linux.record import Record
from fdtui.survey.scan import Cancelled, never
from fdtui.survey.sorters import Bucket, sort_buckets
from fdtui.survey.sorting import Sorter

if TYPE_CHECKING:
    from typing import TypeAlias

    from fdtui.survey.links import LinkTable

Descriptor: TypeAlias = tuple[int, int]  # pid, fd

_O_CLOEXEC = 0o2000000  # of the descriptor, not of the description
_SOCKET = "socket:["


class Sharing(NamedTuple):
    """Of one descriptor: `id` equals that of every sharer; None when unknown, `reason` says why."""

    id: str | None
    sharers: tuple[Descriptor, ...]  # the other descriptors of this description, in order
    opened_apart: tuple[Descriptor, ...]  # the same file through descriptions of their own
    reason: str


class SharingSets:
    """The answer for many descriptors at once."""

    def __init__(
        self,
        files: Callable[[], dict[Hashable, list[Descriptor]]],
        file_of: Callable[[Record], Hashable],
    ) -> None:
        self._sets: dict[Descriptor, list[Descriptor]] = {}  # by every member, of two and more
        self.reasons: dict[Descriptor, str] = {}
        self._closed: set[Descriptor] = set()  # of those with reasons: nobody's loss
        self.complete = True
        self._files: dict[Hashable, list[Descriptor]] | None = None
        self._apart: dict[tuple[int, Descriptor], tuple[Descriptor, ...]] = {}
        self._list_files = files  # called when first asked who opened a file apart
        self._file_of = file_of

    def sharers(self, pid: int, fd: int) -> tuple[Descriptor, ...]:
        """Return the other descriptors of the same description, in order of pid and fd."""
        one = (pid, fd)
        others = list(self._sets.get(one, (one,)))
        others.remove(one)
        return tuple(others)

    def count(self, pid: int, fd: int) -> int:
        """Return how many descriptors the description has, this one included."""
        found = self._sets.get((pid, fd))
        return 1 if found is None else len(found)

    def id(self, pid: int, fd: int) -> str | None:
        """Return `PID:FD` of the first sharer, or its own; None where that is not known."""
        one = (pid, fd)
        if one in self.reasons:
            return None
        first = self._sets.get(one, (one,))[0]
        return f"{first[0]}:{first[1]}"

    def opened_apart(self, record: Record) -> tuple[Descriptor, ...]:
        """Return the descriptors of the same file that have descriptions of their own.

        Those that could not be compared are left out.  The record is one of those surveyed.
        """
        one = (record.pid, record.fd)
        if one in self.reasons or not record.link.startswith("/"):
            return ()
        members = self._alike(record)
        if len(members) < 2:
            return ()
        same = self._sets.get(one, [one])
        key = id(members), same[0]
        apart = self._apart.get(key)
        if apart is None:
            excluded = {*same, *self.reasons}
            apart = tuple([other for other in members if other not in excluded])
            self._apart[key] = apart
        return apart

    def reason(self, record: Record) -> str:
        """Return why sharing is not known: of this descriptor, or of others with its file."""
        own = self.reasons.get((record.pid, record.fd))
        if own is not None or not self.reasons:
            return own or ""
        refused = [
            one for one in self._alike(record) if one in self.reasons and one not in self._closed
        ]
        if not refused:
            return ""
        first = self.reasons[refused[0]]
        return f"{len(refused)} of the same file could not be compared; {first}"

    def _alike(self, record: Record) -> list[Descriptor]:
        if self._files is None:
            self._files = self._list_files()
        return self._files.get(self._file_of(record), [])

    def of(self, record: Record) -> Sharing:
        """Return all that is known of one descriptor."""
        pid, fd = record.pid, record.fd
        return Sharing(
            self.id(pid, fd),
            self.sharers(pid, fd),
            self.opened_apart(record),
            self.reason(record),
        )

    def all_sets(self) -> list[tuple[Descriptor, ...]]:
        """Return every set of two and more, in order of their first members."""
        return [tuple(group) for one, group in sorted(self._sets.items()) if group[0] == one]

    def join(self, members: Sequence[Descriptor]) -> None:
        """These are one description."""
        if len(members) > 1:
            group = sorted(members)
            for one in group:
                self._sets[one] = group

    def refuse(self, one: Descriptor, why: str, closed: bool) -> None:
        """This one could not be compared; `closed`: because it is no more."""
        self.reasons[one] = why
        if closed:
            self._closed.add(one)

    def _take(self, sorter: Sorter, pids: Sequence[int], fds: Sequence[int]) -> None:
        for rows in sorter.groups:
            self.join([(pids[row], fds[row]) for row in rows])
        for row, why in sorter.reasons.items():
            self.refuse((pids[row], fds[row]), why, row in sorter.closed)


def sharing_of_links(table: LinkTable, cancelled: Cancelled = never) -> SharingSets:
    """Find the sets from link texts alone, which costs no more calls than listing them."""

    def files() -> dict[Hashable, list[Descriptor]]:
        return {
            table.links[leader]: [(table.pids[row], table.fds[row]) for row in rows]
            for leader, rows in buckets.items()
        }

    sets = SharingSets(files, _file_by_link)
    first: dict[str, int] = {}
    buckets: dict[int, list[int]] = {}
    setdefault = first.setdefault
    for row, link in enumerate(table.links):
        leader = setdefault(link, row)
        if leader != row:
            if leader in buckets:
                buckets[leader].append(row)
            else:
                buckets[leader] = [leader, row]
    sorter = Sorter(table.pids, table.fds)
    alike: list[Bucket] = []
    for leader, rows in buckets.items():
        if table.links[leader].startswith(_SOCKET):
            # A socket has one description, always: its inode is the identity.
            sorter.join(rows)
        else:
            alike.append((rows, []))
    sets.complete = sort_buckets(sorter, table.pids, table.fds, alike, cancelled)
    sets._take(sorter, table.pids, table.fds)
    return sets


def sharing_of_records(records: Sequence[Record], cancelled: Cancelled = never) -> SharingSets:
    """Find the sets from rows of a scan; those that carry `ofd` need no calls at all."""
    sets = SharingSets(lambda: _files_of_records(records), _file_of_record)
    known: dict[int, list[int]] = {}
    unknown: dict[Hashable, list[int]] = {}
    for row, record in enumerate(records):
        if record.ofd:
            known.setdefault(record.ofd, []).append(row)
        elif record.link:
            unknown.setdefault(description_key(record), []).append(row)
        elif record.fd >= 0 and record.error is not None:
            sets.reasons[record.pid, record.fd] = refusal(record)
    pids = [record.pid for record in records]
    fds = [record.fd for record in records]
    sorter = Sorter(pids, fds)
    if unknown and known:
        for rows in known.values():
            key = description_key(records[rows[0]])
            if key in unknown:
                unknown[key][:0] = rows
    for rows in known.values():
        sorter.join(rows)
    alike: list[Bucket] = []
    for rows in unknown.values():
        if len(rows) > 1 and records[rows[0]].link.startswith(_SOCKET):
            sorter.join(rows)
        elif len(rows) > 1:
            alike.append((rows, [records[row].ofd for row in rows] if known else []))
    sets.complete = sort_buckets(sorter, pids, fds, alike, cancelled)
    sets._take(sorter, pids, fds)
    return sets


def refusal(record: Record) -> str:
    """Return why nothing is known of a row that was refused, "" where it was not."""
    if record.error is None:
        return ""
    call, code = record.error
    return f"{call}: {os.strerror(code)} ({errno_name(code)})"


def _files_of_records(records: Sequence[Record]) -> dict[Hashable, list[Descriptor]]:
    files: dict[Hashable, list[Descriptor]] = {}
    for record in records:
        if record.fd >= 0:
            files.setdefault(_file_of_record(record), []).append((record.pid, record.fd))
    return files


def _file_by_link(record: Record) -> Hashable:
    return record.link


def _file_of_record(record: Record) -> Hashable:
    # Anonymous inodes are one inode, whatever they are.
    named = record.dev >= 0 and record.link.startswith("/")
    return (record.dev, record.ino) if named else record.link


def description_key(record: Record) -> Hashable:
    """What every descriptor of one description has in common; `pos` moves, so it is not in it."""
    link = record.link
    named = link.startswith("/")
    if link.startswith("anon_inode:[eventfd]") and "eventfd-id:" in record.extra:
        at = record.extra.index("eventfd-id:")
        return link, record.extra[at:].split(None, 2)[1]
    return (
        "" if named and record.dev >= 0 else link,
        record.dev,
        record.ino if record.dev >= 0 else -1,
        record.flags & ~_O_CLOEXEC if record.flags >= 0 else -1,
    )
