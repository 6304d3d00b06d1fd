"""Kinds of file descriptor.  Adding one is adding a module here; nothing else changes."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from fdtui.kinds.base import FdKind, Fit
from fdtui.linux.procfs import Entry

KINDS: tuple[FdKind, ...] = tuple(
    kind
    for module in iter_modules(__path__)
    if (kind := getattr(import_module(f"{__name__}.{module.name}"), "KIND", None)) is not None
)
BY_NAME: dict[str, FdKind] = {kind.name: kind for kind in KINDS}


def classify(entry: Entry) -> FdKind:
    """Return the one kind that fits best; two equal claims are a bug, not a choice."""
    best = max(kind.fit(entry) for kind in KINDS)
    claims = [kind for kind in KINDS if kind.fit(entry) is best]
    if best is Fit.NO or len(claims) > 1:
        raise LookupError(f"{entry.link}: claimed by {[kind.name for kind in claims]}")
    return claims[0]
