"""Every way in one chain: which there are, the first that can, and whether it got the right one."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import fdtui.acquire
from fdtui.acquire import helper
from fdtui.acquire.base import Method, Target, Verdict
from fdtui.acquire.identity import identity_of, listed_identity
from fdtui.errors import FdtuiError, WrongUsage
from fdtui.linux.lean import NamedTuple
from fdtui.linux.owned import OwnedFd

ORDER = ("pidfd_getfd", "helper", "injection", "inbox", "reopen")


class Acquisition(NamedTuple):
    """What was acquired, by which method, and what those before it said.

    `verified`: it is the target's at this moment, by kcmp(2) or by device and inode; None where
    nobody may look.
    """

    fd: OwnedFd
    method: Method
    refusals: tuple[tuple[str, FdtuiError], ...]
    verified: bool | None


@cache
def methods() -> dict[str, Method]:
    """Return every method by name, in the order of the chain: each METHOD of this package."""
    found: dict[str, Method] = {}
    for module in iter_modules(fdtui.acquire.__path__):
        method = getattr(import_module(f"fdtui.acquire.{module.name}"), "METHOD", None)
        if isinstance(method, Method):
            found[method.name] = method
    rank = {name: place for place, name in enumerate(ORDER)}
    return dict(sorted(found.items(), key=lambda item: rank.get(item[0], len(rank))))


def verdicts(target: Target) -> list[tuple[str, Verdict]]:
    """Ask every method, in order, what it would do."""
    return [(name, method.check(target)) for name, method in methods().items()]


def acquire(target: Target, via: str | None = None, *, injection: bool = False) -> Acquisition:
    """Acquire by the method named, or by the first that can without being asked for by name.

    `injection` is the person's leave to use that too.  What is raised is the first refusal, with
    those of the other methods as notes.
    """
    known = methods()
    if via is not None and via not in known:
        raise WrongUsage(f"no method is called {via}", f"there are {', '.join(known)}")
    tried = [known[via]] if via else [m for m in known.values() if _by_itself(m, injection)]
    refusals: list[tuple[str, FdtuiError]] = []
    for method in tried:
        try:
            fd = method.acquire(target)
        except FdtuiError as error:
            refusals.append((method.name, error))
            continue
        return Acquisition(fd, method, tuple(refusals), verified(fd, target, method))
    if not refusals:
        raise FdtuiError("there is no method to acquire a descriptor by")
    first = refusals[0][1]
    for name, refusal in refusals[1:]:
        first.add_note(f"{name}: {refusal}")
    raise first


def _by_itself(method: Method, injection: bool) -> bool:
    if method is helper.METHOD:
        return helper.METHOD.client is not None
    return not method.opt_in or (injection and method.name == "injection")


def verified(fd: OwnedFd, target: Target, method: Method) -> bool | None:
    """Is it what the target has at that number now?  A number changes hands between two looks."""
    same = None
    if method.shares_description:
        same = helper.same_description(fd, target.pid, target.fd)
    if same is None:
        try:
            return identity_of(fd) == listed_identity(target.pid, target.fd)
        except OSError:
            return None
    return same
