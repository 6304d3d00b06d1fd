"""How a description that several descriptors share likely came to them: words, not proof."""

from __future__ import annotations

from collections.abc import Iterable

from fdtui.linux.kcmp import same_table
from fdtui.linux.lean import Literal
from fdtui.linux.procfs import ProcFs

Origin = Literal["dup", "same table", "inherited", "passed"]


class Kinship:
    """Who descends from whom; parents are read when first asked for (4 us each)."""

    def __init__(self, procfs: ProcFs) -> None:
        self._procfs = procfs
        self._parents: dict[int, int] = {}

    def parent(self, pid: int) -> int:
        """Return the parent's pid, 0 for none and for a process that is gone."""
        parent = self._parents.get(pid)
        if parent is None:
            try:
                parent = self._procfs.stat(pid).ppid
            except (OSError, ValueError, IndexError):
                parent = 0
            self._parents[pid] = parent
        return parent

    def line(self, pid: int) -> list[int]:
        """Return the process and its ancestors, nearest first."""
        line = []
        while pid and pid not in line:
            line.append(pid)
            pid = self.parent(pid)
        return line

    def origin(
        self, one: tuple[int, int], other: tuple[int, int], holders: Iterable[int] = ()
    ) -> Origin:
        """Say how two descriptors (pid, fd) likely came to share; `holders`: pids of all sharers.

        dup: one process.  inherited: one descends from the other; or both from an ancestor that
        is a sharer too; or from any common one, under the same number, as fork(2) keeps numbers.
        """
        pid, fd = one
        pid2, fd2 = other
        if pid == pid2:
            return "dup"
        if fd == fd2 and same_table(pid, pid2):
            return "same table"
        line, line2 = self.line(pid), self.line(pid2)
        if pid in line2 or pid2 in line:
            return "inherited"
        common = set(line) & set(line2)
        if common and (fd == fd2 or not common.isdisjoint(holders)):
            return "inherited"
        return "passed"
