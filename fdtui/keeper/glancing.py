"""Glance: decode many rows, each through a descriptor borrowed for microseconds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from fdtui.acquire.base import Target
from fdtui.acquire.pidfd_getfd import open_process
from fdtui.errors import FdtuiError
from fdtui.keeper.seeing import entry_of
from fdtui.kinds import classify
from fdtui.kinds.base import decode
from fdtui.linux import syscalls
from fdtui.linux.json_types import Info
from fdtui.linux.owned import OwnedFd
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry, ProcFs

Row = tuple[Entry, Info]
_PROC = ProcFs()


def glance(targets: Sequence[Target]) -> list[Row | None]:
    """Return a row per target, in their order; None where no method works or it is gone."""
    found: dict[Target, Row | None] = {}
    ordered = sorted(set(targets))
    for (pid, start_time), group in groupby(ordered, key=lambda target: target[:2]):
        try:
            pidfd = open_process(Target(pid, start_time, -1))
        except FdtuiError:
            continue
        with pidfd:
            for target in group:
                found[target] = _row(pidfd, target)
    return [found.get(target) for target in targets]


def _row(pidfd: OwnedFd, target: Target) -> Row | None:
    listed = _PROC.entry(target.pid, target.fd)
    if listed.stat is not None:
        kind = classify(listed)
        if not kind.examines:
            return listed, kind.describe(listed)
    try:
        # No other method: a helper logs what it takes, and a table is looked at every second.
        owned = OwnedFd(syscalls.pidfd_getfd(pidfd.fileno(), target.fd))
    except OSError:
        return None
    with owned:
        entry = entry_of(owned, target)
        return decode(classify(entry), Peek(owned), entry)
