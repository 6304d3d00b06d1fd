"""Finds who shares the descriptors of one process among all that look alike.

All candidates are compared at once with one descriptor of the process each, then those that are
less or greater with the next one: a loop in C, in order of pid, at 1 us a comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

from fdtui.linux.kcmp import kcmp_raw
from fdtui.linux.syscalls import KCMP_FILE
from fdtui.survey.sorting import Sorter


class _Node:
    """One description of the process, in a tree by kcmp's order of those that look alike."""

    __slots__ = ("bucket", "fd", "less", "more", "rows")

    def __init__(self, groups: list[list[int]], fds: Sequence[int], bucket: int) -> None:
        # What is held under most numbers (0, 1 and 2) is what most others share.
        middle = max(
            range(len(groups)), key=lambda at: (len(groups[at]), -abs(2 * at - len(groups)))
        )
        self.rows = groups[middle]
        self.fd = fds[self.rows[0]]
        self.bucket = bucket
        self.less = _Node(groups[:middle], fds, bucket) if middle else None
        more = groups[middle + 1 :]
        self.more = _Node(more, fds, bucket) if more else None

    def groups(self) -> list[list[int]]:
        """The rows of this description and of those below."""
        less = self.less.groups() if self.less else []
        return [*less, self.rows, *(self.more.groups() if self.more else [])]


def deal(
    sorter: Sorter, pids: Sequence[int], fds: Sequence[int], buckets: Sequence[list[int]], own: int
) -> None:
    """Give `sorter` the groups of rows that are descriptions of the process `own`.

    `buckets` are rows that look alike, each in order of pid.
    """
    trees: list[_Node] = []
    rows: list[tuple[int, _Node]] = []
    closed: set[int] = set()  # buckets where one of ours was closed meanwhile
    for number, bucket in enumerate(buckets):
        groups = _own_groups([row for row in bucket if pids[row] == own], fds, own)
        if groups is None:
            closed.add(number)
        elif groups:
            node = _Node(groups, fds, number)
            trees.append(node)
            rows += [(row, node) for row in bucket if pids[row] != own]
    rows.sort(key=_row)
    while rows:
        rows = _compare(sorter, pids, fds, rows, own, closed)
    for number in closed:
        sorter.sort(buckets[number])
    for tree in trees:
        if tree.bucket not in closed:
            for group in tree.groups():
                sorter.join(group)


def _row(pair: tuple[int, _Node]) -> int:
    return pair[0]


def _own_groups(rows: list[int], fds: Sequence[int], own: int) -> list[list[int]] | None:
    """Order the descriptors of one process; None when one cannot be compared."""
    groups: list[list[int]] = []
    for row in rows:
        low, high = 0, len(groups)
        while low < high:
            middle = (low + high) >> 1
            order = kcmp_raw(own, own, KCMP_FILE, fds[row], fds[groups[middle][0]])
            if order == 1:
                high = middle
            elif order == 2:
                low = middle + 1
            elif order == 0:
                groups[middle].append(row)
                break
            else:
                return None
        else:
            groups.insert(low, [row])
    return groups


def _compare(
    sorter: Sorter,
    pids: Sequence[int],
    fds: Sequence[int],
    rows: list[tuple[int, _Node]],
    own: int,
    closed: set[int],
) -> list[tuple[int, _Node]]:
    """Compare each row with its node; returns those that have to go on, with the next node."""
    others = [pids[row] for row, _ in rows]
    numbers = [fds[row] for row, _ in rows]
    ours = [node.fd for _, node in rows]
    orders = map(kcmp_raw, others, repeat(own), repeat(KCMP_FILE), numbers, ours)
    further: list[tuple[int, _Node]] = []
    for (row, node), order in zip(rows, list(orders), strict=True):
        if order == 0:
            node.rows.append(row)
        elif order == 1:
            if node.less:
                further.append((row, node.less))
        elif order == 2:
            if node.more:
                further.append((row, node.more))
        elif not sorter.refuse(row):
            closed.add(node.bucket)
    return further
