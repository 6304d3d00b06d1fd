"""Kinds of file descriptor.  Adding one is adding a module here; nothing else changes.

A kind's module is read when its first descriptor is met: all of them take longer (20 ms) than
`ls` needs for a process.
"""

from __future__ import annotations

import os

from fdtui.kinds._usual import usual
from fdtui.kinds.base import FdKind, Fit
from fdtui.kinds.facts import Facts, facts_of
from fdtui.linux.lean import cache, import_module
from fdtui.linux.procfs import Entry

_KNOWN_FACTS = 4096
_judged: dict[Facts, FdKind] = {}


def _kind_in(module: str) -> FdKind | None:
    found: FdKind | None = getattr(import_module(f"{__name__}.{module}"), "KIND", None)
    return found


class _ByName(dict[str, FdKind]):
    """Name -> kind; its module is the name with `_` for `-`."""

    def __missing__(self, name: str) -> FdKind:
        try:
            kind = _kind_in(name.replace("-", "_"))
        except ModuleNotFoundError:
            kind = None
        if kind is None or kind.name != name:
            raise KeyError(name)
        self[name] = kind
        return kind


BY_NAME = _ByName()


@cache
def all_kinds() -> tuple[FdKind, ...]:
    """Return every kind there is, its module read."""
    found = (
        _kind_in(name[:-3])
        for path in __path__
        for name in sorted(os.listdir(path))  # pkgutil would cost as much as all kinds together
        if name.endswith(".py") and name[0] != "_"
    )
    return tuple(BY_NAME[kind.name] for kind in found if kind is not None)


def classify(entry: Entry) -> FdKind:
    """Return the one kind that fits best; two equal claims are a bug, not a choice."""
    facts = facts_of(entry)
    kind = _judged.get(facts)
    if kind is None:
        if len(_judged) >= _KNOWN_FACTS:
            _judged.clear()
        name = usual(facts)
        kind = _judged[facts] = BY_NAME[name] if name else judge(facts)
    return kind


def judge(facts: Facts) -> FdKind:
    """Ask every kind; LookupError when two claim alike."""
    fits = [(kind.fit(facts), kind) for kind in all_kinds()]
    best = max(fit for fit, _ in fits)
    claims = [kind for fit, kind in fits if fit is best]
    if best is Fit.NO or len(claims) > 1:
        raise LookupError(f"{facts}: claimed by {[kind.name for kind in claims]}")
    return claims[0]
