"""Orders descriptors that look alike by kcmp(2), with as few calls as can be."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence

from fdtui.errors import errno_name
from fdtui.linux.kcmp import GONE, kcmp_raw, last_errno, refusal
from fdtui.linux.syscalls import KCMP_FILE

_NEAR = 64  # pids: a fork is seldom further from its parent


class Sorter:
    """Orders the rows of one bucket at a time by kcmp: bisection, after the likeliest guess."""

    def __init__(self, pids: Sequence[int], fds: Sequence[int]) -> None:
        self._pids = pids
        self._fds = fds
        self.groups: list[list[int]] = []  # rows of one description, two and more
        self.reasons: dict[int, str] = {}  # by row that could not be compared
        self.closed: set[int] = set()  # those of them that were closed meanwhile

    def join(self, rows: list[int]) -> None:
        """These are known to be one description."""
        if len(rows) > 1:
            self.groups.append(rows)

    def sort(self, rows: list[int], known: Sequence[int] = ()) -> None:
        """Split a bucket into descriptions; `known`: identities beside `rows`, 0 for unknown."""
        pids, fds = self._pids, self._fds
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
                descriptions.insert(low, row)
                by_fd[fd] = row
                if identity:
                    identities[identity] = row
        for first, others in same.items():
            self.join([first, *others])
        if failed:
            for row in descriptions:
                if row not in same:
                    self.refuse(row)

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
        if self.refuse(row):
            return False
        other = descriptions[at]
        if not self.refuse(other):
            why = refused(self._pids[row], self._fds[row], code or errno.EOPNOTSUPP)
            self.reasons[row] = why
            return False
        members = same.pop(other, [])
        while members and self.refuse(members[0]):
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

    def refuse(self, row: int) -> bool:
        """Note why this row cannot be compared at all; False when it can."""
        pid, fd = self._pids[row], self._fds[row]
        code = refusal(pid, fd)
        if code:
            self.reasons[row] = refused(pid, fd, code)
        if code in GONE:
            self.closed.add(row)
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
