"""What the Machine place asks for, and what it is told."""

from __future__ import annotations

from collections.abc import Sequence

from fdtui.linux.lean import NamedTuple
from fdtui.survey.facts import Facts
from fdtui.survey.filter import FilterError
from fdtui.survey.grouping import Group

Key = tuple[int, int, int]  # pid, start time, descriptor

_DECODED = frozenset({"kind", "size", "shared"})  # sorts


class Question(NamedTuple):
    """What the screen wants to see."""

    filter: str = ""
    sort: str = "pid"
    descending: bool = False
    grouping: str = ""
    opened: frozenset[str] = frozenset()  # groups that show their rows

    @property
    def plain(self) -> bool:
        """Is it answered by rows as they were read, before anything is decoded?"""
        return not self.filter.strip() and not self.grouping and self.sort not in _DECODED


class MachineView(NamedTuple):
    """An answer: lines in order, each a row or the head of a group."""

    lines: Sequence[Facts | Group] = ()
    rows: int = 0  # that fit the filter
    total: int = 0
    processes: int = 0
    hidden: int = 0  # processes whose table was refused
    complete: bool = False  # every process has been read once
    mistake: FilterError | None = None
    new: frozenset[Key] = frozenset()  # came in the last seconds
    closed: frozenset[Key] = frozenset()  # are gone, and among the lines for some seconds more
    question: Question = Question()  # that this answers
