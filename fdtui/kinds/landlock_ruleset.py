"""landlock_create_ruleset(2): rules not yet enforced, or kept to be enforced again."""

from __future__ import annotations

from fdtui.kinds._anon import AnonKind
from fdtui.kinds._info import line
from fdtui.kinds.base import PROGRAM
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans


class LandlockRuleset(AnonKind):
    """The kernel tells nobody what its rules are."""

    name = "landlock-ruleset"
    label = "landlock"
    family = PROGRAM
    names = frozenset({"landlock-ruleset"})

    def target(self, entry: Entry, info: Info) -> Spans:
        return line("a ruleset")


KIND = LandlockRuleset()
