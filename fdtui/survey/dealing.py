"""Finds who shares the descriptors of one process, while the tables of all others pass by.

A row that looks like one of the process is compared with one description of it, less or greater
ones with the next: right after its table was read, when the kernel has all of it at hand.
"""

from __future__ import annotations

import errno
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence

from fdtui.linux.kcmp import GONE
from fdtui.linux.lean import TYPE_CHECKING
from fdtui.survey.comparing import Comparing
from fdtui.survey.links import ProcessLinks
from fdtui.survey.sharing import Descriptor, SharingSets
from fdtui.survey.sorting import refused

if TYPE_CHECKING:
    from typing import TypeAlias


_SOCKET = "socket:["


class _Node:
    """One description of the process, in a tree by kcmp's order of those that look alike."""

    __slots__ = ("bucket", "fd", "less", "more", "own", "same")

    def __init__(self, groups: list[list[int]], bucket: Bucket) -> None:
        # What is held under most numbers (0, 1 and 2) is what most others share.
        middle = max(
            range(len(groups)), key=lambda at: (len(groups[at]), -abs(2 * at - len(groups)))
        )
        self.own = groups[middle]
        self.fd = self.own[0]
        self.same: list[Descriptor] = []  # of other processes
        self.bucket = bucket
        self.less = _Node(groups[:middle], bucket) if middle else None
        more = groups[middle + 1 :]
        self.more = _Node(more, bucket) if more else None

    def walk(self) -> Iterator[_Node]:
        """This description and those below."""
        for node in (self.less, self.more):
            if node is not None:
                yield from node.walk()
        yield self


class Bucket:
    """The descriptors of one link text."""

    __slots__ = ("alone", "link", "members", "own", "tree")

    def __init__(self, link: str) -> None:
        self.link = link
        self.own: list[int] = []  # numbers in the process asked about
        self.members: list[Descriptor] = []  # of all other processes, in the order they came
        self.alone: list[Descriptor] = []  # of them those known to be of other descriptions
        self.tree: _Node | None = None


# Members by link; by a number of ours who shares it; why some are not compared; links of which
# one of ours was closed meanwhile.
Report: TypeAlias = tuple[
    list[tuple[str, list[Descriptor]]],
    list[tuple[int, list[Descriptor]]],
    list[tuple[int, int, str, bool]],
    list[str],
]
_Row: TypeAlias = tuple[Descriptor, _Node]


class Dealer:
    """Is shown the table of the process asked about, then those of others, in any order."""

    def __init__(self, mine: ProcessLinks, wanted: Iterable[str], comparing: Comparing) -> None:
        """`wanted`: links whose holders are collected; those in `mine` are compared as well."""
        self.pid = mine.pid
        self._comparing = comparing
        self._buckets = {link: Bucket(link) for link in wanted}
        self._failed: list[Bucket] = []  # one of ours was closed while others were compared
        self._later: list[_Row] = []
        self._reasons: dict[Descriptor, tuple[str, bool]] = {}
        for fd, link in zip(mine.fds, mine.links, strict=True):
            if link in self._buckets:
                self._buckets[link].own.append(int(fd))
        for link, bucket in self._buckets.items():
            if bucket.own and not link.startswith(_SOCKET):
                self._plant(bucket)

    @property
    def links(self) -> Collection[str]:
        """The links whose holders are collected."""
        return self._buckets.keys()

    def take(self, table: ProcessLinks, later: bool = False) -> None:
        """Look at another process's table; `later`: compare many tables at once in the end."""
        pid = table.pid
        hits = map(self._buckets.get, table.links)
        # A table has about a hundred rows, and few of them are of interest.
        found = [(fd, bucket) for fd, bucket in zip(table.fds, hits, strict=True) if bucket]
        rows: list[Descriptor] = []
        nodes: list[_Node] = []
        for fd, bucket in found:
            one = (pid, int(fd))
            bucket.members.append(one)
            if bucket.tree is not None:
                rows.append(one)
                nodes.append(bucket.tree)
        if later:
            self._later += zip(rows, nodes, strict=True)
        elif rows:
            self._compare(rows, nodes)

    def know(self, link: str, one: Descriptor) -> None:
        """Take a descriptor that is known to share nothing with the process."""
        bucket = self._buckets[link]
        bucket.members.append(one)
        bucket.alone.append(one)

    def report(self) -> Report:
        """Return what was found among the tables taken, for `merge` of another dealer."""
        nodes = [node for one in self._buckets.values() if one.tree for node in one.tree.walk()]
        return (
            [(link, one.members) for link, one in self._buckets.items() if one.members],
            [(node.fd, node.same) for node in nodes if node.same],
            [(*one, *why) for one, why in self._reasons.items()],
            [bucket.link for bucket in self._failed],
        )

    def merge(self, report: Report) -> None:
        """Add what a dealer for the same process has found among other tables."""
        members, same, reasons, failed = report
        nodes = {
            fd: node
            for bucket in self._buckets.values()
            for node in (bucket.tree.walk() if bucket.tree else ())
            for fd in node.own
        }
        for link, found in members:
            self._buckets[link].members += found
        for fd, found in same:
            if fd in nodes:
                nodes[fd].same += found
        for pid, fd, why, closed in reasons:
            self._reasons.setdefault((pid, fd), (why, closed))
        self._failed += [self._buckets[link] for link in failed]

    def holders(self, link: str) -> list[Descriptor]:
        """Return the descriptors with this link that were seen, in order."""
        bucket = self._buckets[link]
        return sorted([*((self.pid, fd) for fd in bucket.own), *bucket.members])

    def finish(self, names: Mapping[str, str] | None = None) -> SharingSets:
        """Return the sets with a descriptor of the process in them.

        `names`: of links that are names of one file, the one that stands for all of them.
        """
        if self._later:
            self._compare(*zip(*self._later, strict=True))
            self._later = []
        while self._failed:
            again = list(dict.fromkeys(self._failed))
            self._failed = []
            for bucket in again:
                self._plant(bucket)
                tree, alone = bucket.tree, set(bucket.alone)
                if tree is not None:
                    others = [one for one in bucket.members if one not in alone]
                    self._compare(others, [tree] * len(others))
        alias = names or {}

        def files() -> dict[Hashable, list[Descriptor]]:
            found: dict[Hashable, list[Descriptor]] = {}
            for link in self._buckets:
                holders = self.holders(link)
                known = found.setdefault(alias.get(link, link), holders)
                if known is not holders:
                    known[:] = sorted({*known, *holders})
            return found

        sets = SharingSets(files, lambda record: alias.get(record.link, record.link))
        for link, bucket in self._buckets.items():
            if link.startswith(_SOCKET):
                # A socket has one description, always: its inode is the identity.
                sets.join(self.holders(link) if bucket.own else ())
            for node in bucket.tree.walk() if bucket.tree else ():
                ours = [(self.pid, fd) for fd in node.own]
                sets.join([*(one for one in ours if one not in self._reasons), *node.same])
        for one, (why, closed) in self._reasons.items():
            sets.refuse(one, why, closed)
        return sets

    def _plant(self, bucket: Bucket) -> None:
        """Order our own descriptors of a bucket, those that may be compared."""
        own = self.pid
        numbers = [fd for fd in bucket.own if (own, fd) not in self._reasons]
        while (groups := self._groups(numbers)) is None:
            left = [fd for fd in numbers if not self._refuse((own, fd))]
            if len(left) == len(numbers):
                for fd in numbers:
                    self._note((own, fd), errno.EOPNOTSUPP)
                left = []
            numbers = left
        bucket.tree = _Node(groups, bucket) if groups else None

    def _groups(self, numbers: Sequence[int]) -> list[list[int]] | None:
        """Our own descriptors by description; None when two of them cannot be compared."""
        own, order = self.pid, self._comparing.order
        groups: list[list[int]] = []
        for fd in numbers:
            low, high = 0, len(groups)
            while low < high:
                middle = (low + high) >> 1
                found = order((own, fd), (own, groups[middle][0]))
                if found == 1:
                    high = middle
                elif found == 2:
                    low = middle + 1
                elif found == 0:
                    groups[middle].append(fd)
                    break
                else:
                    return None
            else:
                groups.insert(low, [fd])
        return groups

    def _compare(self, rows: Sequence[Descriptor], nodes: Sequence[_Node]) -> None:
        """Compare each row with its node; those that are not equal with the next node."""
        own, orders = self.pid, self._comparing.orders
        while rows:
            found = orders(rows, own, [node.fd for node in nodes])
            further: list[Descriptor] = []
            onward: list[_Node] = []
            for order, one, node in zip(found, rows, nodes, strict=True):
                if order == 0:
                    node.same.append(one)
                    continue
                if order == 1:
                    after = node.less
                elif order == 2:
                    after = node.more
                else:
                    self._part(one, node)
                    continue
                if after is not None:
                    further.append(one)
                    onward.append(after)
            rows, nodes = further, onward

    def _part(self, one: Descriptor, node: _Node) -> None:
        """Find out which of two cannot be compared."""
        theirs = self._refuse(one)
        if self._refuse((self.pid, node.fd)):
            self._failed.append(node.bucket)
        elif not theirs:
            self._note(one, errno.EOPNOTSUPP)

    def _refuse(self, one: Descriptor) -> bool:
        """Note why this descriptor cannot be compared at all; False when it can."""
        code = self._comparing.refusal(one)
        if code:
            self._note(one, code)
        return bool(code)

    def _note(self, one: Descriptor, code: int) -> None:
        self._reasons[one] = refused(*one, code), code in GONE
