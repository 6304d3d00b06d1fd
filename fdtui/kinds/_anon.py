"""What the kinds that live on anonymous inodes have in common."""

from __future__ import annotations

from fdtui.kinds.base import EVENTS, Family, FdKind, Fit
from fdtui.kinds.facts import Facts
from fdtui.linux.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import ClassVar


class AnonKind(FdKind):
    """A kind that the kernel names itself: `anon_inode:[eventfd]`."""

    family: ClassVar[Family] = EVENTS
    names: ClassVar[frozenset[str]]

    def fit(self, facts: Facts) -> Fit:
        named = facts.where == "anon_inode" and facts.name in self.names
        return Fit.BY_FACT if named else Fit.NO
