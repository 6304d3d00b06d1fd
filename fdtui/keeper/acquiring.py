"""Which methods there are, and the first that can."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import fdtui.acquire
from fdtui.acquire.base import Method, Target, Verdict
from fdtui.errors import FdtuiError
from fdtui.linux.owned import OwnedFd

_ORDER = ("pidfd_getfd", "helper", "inbox", "injection", "reopen")


@cache
def methods() -> dict[str, Method]:
    """Return every method by name, in the order of the chain."""
    found: dict[str, Method] = {}
    for module in iter_modules(fdtui.acquire.__path__):
        method = getattr(import_module(f"fdtui.acquire.{module.name}"), "METHOD", None)
        if isinstance(method, Method):
            found[method.name] = method
    rank = {name: place for place, name in enumerate(_ORDER)}
    return dict(sorted(found.items(), key=lambda item: rank.get(item[0], len(rank))))


def acquire(target: Target, via: str | None = None) -> tuple[Method, OwnedFd]:
    """Acquire by the method named, or by the first that can; the first refusal is the one told."""
    known = methods()
    if via is not None:
        if via not in known:
            raise FdtuiError(f"no method is called {via}", f"there are {', '.join(known)}")
        return known[via], known[via].acquire(target)
    refusal: FdtuiError | None = None
    for method in known.values():
        if method.opt_in or not method.shares_description:
            continue
        try:
            return method, method.acquire(target)
        except FdtuiError as error:
            refusal = refusal or error
    raise refusal or FdtuiError("there is no method to acquire a descriptor by")


def verdicts(target: Target) -> list[tuple[str, Verdict]]:
    """Ask every method, in order."""
    return [(name, method.check(target)) for name, method in methods().items()]
