"""Which methods there are, and the first that can: the chain, for whoever needs only the two."""

from __future__ import annotations

from fdtui.acquire import chain
from fdtui.acquire.base import Method, Target
from fdtui.acquire.chain import methods, verdicts
from fdtui.linux.owned import OwnedFd

__all__ = ["acquire", "methods", "verdicts"]


def acquire(target: Target, via: str | None = None) -> tuple[Method, OwnedFd]:
    """Acquire by the method named, or by the first that can; the first refusal is the one told."""
    acquired = chain.acquire(target, via)
    return acquired.method, acquired.fd
