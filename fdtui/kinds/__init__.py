"""Kinds of file descriptor.  Adding one is adding a module here; nothing else changes."""

from __future__ import annotations

import os
from importlib import import_module

from fdtui.kinds.base import FdKind, Fit
from fdtui.kinds.facts import Facts, facts_of
from fdtui.linux.procfs import Entry

KINDS: tuple[FdKind, ...] = tuple(
    kind
    for path in __path__
    for name in sorted(os.listdir(path))  # pkgutil would cost as much as all kinds together
    if name.endswith(".py") and name[0] != "_"
    if (kind := getattr(import_module(f"{__name__}.{name[:-3]}"), "KIND", None)) is not None
)
BY_NAME: dict[str, FdKind] = {kind.name: kind for kind in KINDS}

_KNOWN_FACTS = 4096
_judged: dict[Facts, FdKind] = {}


def classify(entry: Entry) -> FdKind:
    """Return the one kind that fits best; two equal claims are a bug, not a choice."""
    facts = facts_of(entry)
    kind = _judged.get(facts)
    if kind is None:
        if len(_judged) >= _KNOWN_FACTS:
            _judged.clear()
        kind = _judged[facts] = judge(facts)
    return kind


def judge(facts: Facts) -> FdKind:
    """Ask every kind; LookupError when two claim alike."""
    fits = [(kind.fit(facts), kind) for kind in KINDS]
    best = max(fit for fit, _ in fits)
    claims = [kind for fit, kind in fits if fit is best]
    if best is Fit.NO or len(claims) > 1:
        raise LookupError(f"{facts}: claimed by {[kind.name for kind in claims]}")
    return claims[0]
