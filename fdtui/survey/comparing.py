"""Who asks kcmp(2): this process in its own right, or a helper for what this one may not look at.

Orders are 0 for one open file description, 1 less, 2 greater, 3 not ordered, -1 refused.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from itertools import repeat

from fdtui.errors import FdtuiError
from fdtui.linux.kcmp import kcmp_raw, refusal
from fdtui.linux.lean import TYPE_CHECKING
from fdtui.linux.syscalls import KCMP_FILE
from fdtui.survey.sharing import Descriptor

if TYPE_CHECKING:
    from fdtui.acquire.helper_client import HelperClient


class Comparing:
    """In our own right."""

    def orders(self, rows: Sequence[Descriptor], own: int, fds: Sequence[int]) -> list[int]:
        """Compare each row with a descriptor of the process `own`, 0.8 us each."""
        pids = [pid for pid, _ in rows]
        numbers = [fd for _, fd in rows]
        return list(map(kcmp_raw, pids, repeat(own), repeat(KCMP_FILE), numbers, fds))

    def order(self, one: Descriptor, other: Descriptor) -> int:
        """Compare two."""
        return kcmp_raw(one[0], other[0], KCMP_FILE, one[1], other[1])

    def refusal(self, one: Descriptor) -> int:
        """Return the errno of comparing one with itself, 0 when it may be compared."""
        return refusal(*one)


class HelpedComparing(Comparing):
    """As `helper` may, where `refused` says that we may not look into a process ourselves."""

    def __init__(self, helper: HelperClient, refused: Callable[[int], bool]) -> None:
        self._helper = helper
        self._refused = refused

    def orders(self, rows: Sequence[Descriptor], own: int, fds: Sequence[int]) -> list[int]:
        if not (self._refused(own) or any(self._refused(pid) for pid, _ in rows)):
            return super().orders(rows, own, fds)
        return self._ask([(*row, own, fd) for row, fd in zip(rows, fds, strict=True)])

    def order(self, one: Descriptor, other: Descriptor) -> int:
        return self.orders([one], other[0], [other[1]])[0]

    def refusal(self, one: Descriptor) -> int:
        if not self._refused(one[0]):
            return super().refusal(one)
        try:
            (answer,) = self._helper.compare([(*one, *one)])
        except FdtuiError:
            return errno.EPERM  # it has ended
        return answer if isinstance(answer, int) else answer.errno

    def _ask(self, pairs: Sequence[tuple[int, int, int, int]]) -> list[int]:
        try:
            answers = self._helper.compare(pairs)
        except FdtuiError:
            return [-1] * len(pairs)
        return [answer if isinstance(answer, int) else -1 for answer in answers]
