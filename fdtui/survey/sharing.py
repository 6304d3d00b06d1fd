"""Which descriptors are one open file description, in one process and across processes.

Descriptors that cannot be the same are told apart by facts; the rest is ordered by kcmp(2).
Nothing is guessed: where kcmp is refused there is a reason instead of an id.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import repeat
from typing import NamedTuple, TypeAlias

from fdtui.errors import errno_name
from fdtui.linux.kcmp import GONE, kcmp_raw, last_errno, refusal
from fdtui.linux.record import Record
from fdtui.linux.syscalls import KCMP_FILE
from fdtui.survey.links import LinkTable
from fdtui.survey.scan import Cancelled, never

Descriptor: TypeAlias = tuple[int, int]  # pid, fd

_O_CLOEXEC = 0o2000000  # of the descriptor, not of the description
_SOCKET = "socket:["
_FEW = 4  # descriptors: fewer are compared with all at once
_NEAR = 64  # pids: a fork is seldom further from its parent


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

    def _join(self, members: Iterable[Descriptor]) -> None:
        group = sorted(members)
        for one in group:
            self._sets[one] = group


def sharing_of_links(
    table: LinkTable, cancelled: Cancelled = never, own: int | None = None
) -> SharingSets:
    """Find the sets from link texts alone, which costs no more calls than listing them.

    `own`: only sets with a descriptor of that process in them are wanted.
    """

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
    sorter = _Sorter(sets, table.pids, table.fds, own)
    for leader, rows in buckets.items():
        if cancelled():
            sets.complete = False
            break
        link = table.links[leader]
        if link.startswith(_SOCKET):
            # A socket has one description, always: its inode is the identity.
            sorter.join(rows)
            continue
        sorter.sort(rows)
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
            unknown.setdefault(_description_key(record), []).append(row)
        elif record.fd >= 0 and record.error is not None:
            call, code = record.error
            why = f"{call}: {os.strerror(code)} ({errno_name(code)})"
            sets.reasons[record.pid, record.fd] = why
    sorter = _Sorter(
        sets, [record.pid for record in records], [record.fd for record in records], None
    )
    if unknown and known:
        for rows in known.values():
            key = _description_key(records[rows[0]])
            if key in unknown:
                unknown[key][:0] = rows
    for rows in known.values():
        sorter.join(rows)
    for rows in unknown.values():
        if cancelled():
            sets.complete = False
            break
        if len(rows) > 1 and records[rows[0]].link.startswith(_SOCKET):
            sorter.join(rows)
        elif len(rows) > 1:
            sorter.sort(rows, [records[row].ofd for row in rows])
    return sets


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


def _description_key(record: Record) -> Hashable:
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


class _Sorter:
    """Orders the rows of one bucket at a time by kcmp: bisection, after the likeliest guess."""

    def __init__(
        self, sets: SharingSets, pids: Sequence[int], fds: Sequence[int], own: int | None
    ) -> None:
        self._sets = sets
        self._pids = pids
        self._fds = fds
        self._own = own

    def join(self, rows: list[int]) -> None:
        """These are known to be one description."""
        if len(rows) > 1:
            self._sets._join([(self._pids[row], self._fds[row]) for row in rows])

    def sort(self, rows: list[int], known: Sequence[int] = ()) -> None:
        """Split a bucket into descriptions; `known`: identities beside `rows`, 0 for unknown."""
        pids, fds, own = self._pids, self._fds, self._own
        if own is not None:
            ours = [row for row in rows if pids[row] == own]
            if not ours or (len(ours) <= _FEW and self._sort_own(ours, rows)):
                return
            rows = ours + [row for row in rows if pids[row] != own]
        descriptions: list[int] = []  # first members, in kcmp's order
        same: dict[int, list[int]] = {}  # by first member, the others
        by_fd: dict[int, int] = {}
        failed = False
        identities: dict[int, int] = {}
        for row, identity in zip(rows, known, strict=True) if known else ((r, 0) for r in rows):
            if identity and identity in identities:
                same.setdefault(identities[identity], []).append(row)
                continue
            pid, fd = pids[row], fds[row]
            guess = by_fd.get(fd, -1)
            # A fork keeps the numbers, and the child's pid is near.
            if (
                guess >= 0
                and -_NEAR < pid - pids[guess] < _NEAR
                and kcmp_raw(pid, pids[guess], KCMP_FILE, fd, fds[guess]) == 0
            ):
                same.setdefault(guess, []).append(row)
                continue
            low, high = 0, len(descriptions)
            while low < high:
                middle = (low + high) >> 1
                other = descriptions[middle]
                order = kcmp_raw(pid, pids[other], KCMP_FILE, fd, fds[other])
                if order == 1:
                    high = middle
                elif order == 2:
                    low = middle + 1
                elif order == 0:
                    same.setdefault(other, []).append(row)
                    by_fd[fd] = other
                    if identity:
                        identities[identity] = other
                    break
                else:
                    failed = True
                    if not self._drop(descriptions, middle, row, order, same, by_fd):
                        break
                    low, high = 0, len(descriptions)
            else:
                if own is None or pid == own:
                    descriptions.insert(low, row)
                    by_fd[fd] = row
                    if identity:
                        identities[identity] = row
        for first, others in same.items():
            self.join([first, *others])
        if failed:
            for row in descriptions:
                if row not in same:
                    self._refuse(row)

    def _sort_own(self, ours: list[int], rows: list[int]) -> bool:
        """Find who shares the few descriptors of one process; False when a call failed."""
        pids, fds = self._pids, self._fds
        others = [pids[row] for row in rows]
        numbers = [fds[row] for row in rows]
        found: set[int] = set()
        for row in ours:
            if row in found:
                continue
            orders = list(
                map(
                    kcmp_raw,
                    others,
                    repeat(pids[row]),
                    repeat(KCMP_FILE),
                    numbers,
                    repeat(fds[row]),
                )
            )
            if min(orders) < 0:
                return False
            same = [other for other, order in zip(rows, orders, strict=True) if not order]
            found.update(same)
            self.join(same)
        return True

    def _drop(
        self,
        descriptions: list[int],
        at: int,
        row: int,
        order: int,
        same: dict[int, list[int]],
        by_fd: dict[int, int],
    ) -> bool:
        """Find out which of two cannot be compared; True when it was `descriptions[at]`, now gone.

        Another member takes its place; with none left the description is unknown.
        """
        code = last_errno() if order < 0 else 0
        if self._refuse(row):
            return False
        other = descriptions[at]
        if not self._refuse(other):
            pid, fd = self._pids[row], self._fds[row]
            self._sets.reasons[pid, fd] = refused(pid, fd, code or errno.EOPNOTSUPP)
            return False
        members = same.pop(other, [])
        while members and self._refuse(members[0]):
            members.pop(0)
        for number, first in list(by_fd.items()):
            if first == other:
                del by_fd[number]
        if not members:
            del descriptions[at]
        else:
            descriptions[at] = members[0]
            if members[1:]:
                same[members[0]] = members[1:]
        return True

    def _refuse(self, row: int) -> bool:
        """Note why this row cannot be compared at all; False when it can."""
        pid, fd = self._pids[row], self._fds[row]
        code = refusal(pid, fd)
        if code:
            self._sets.reasons[pid, fd] = refused(pid, fd, code)
        if code in GONE:
            self._sets._closed.add((pid, fd))
        return bool(code)


def refused(pid: int, fd: int, code: int) -> str:
    """Say why kcmp says nothing about a descriptor."""
    if code in GONE:
        return f"closed meanwhile ({errno_name(code)})"
    why = {
        errno.EPERM: "no right to look into that process",
        errno.ENOSYS: "this kernel was built without it",
        errno.EOPNOTSUPP: "no order",
    }.get(code, os.strerror(code))
    return f"kcmp(pid {pid}, fd {fd}): {why} ({errno_name(code)})"
