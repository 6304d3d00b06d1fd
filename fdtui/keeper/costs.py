"""What holding costs the target, in concrete words."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from fdtui.keeper.custody import Custody
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry, ProcFs, read_file

_PROC = ProcFs()

# The kinds speak of a hold that ends with the target's close; a pinned one does not.
_PINNED = (
    (" up to 0.5 s late", " only when you release it"),
    (" by up to 0.5 s", " until you release it"),
)


class Facts(NamedTuple):
    """What the sentence is made of; gathered in the thread of the hold."""

    kind_says: str  # the kind's own clauses
    epolls: tuple[int, ...]  # epoll descriptors of the target that watch this one
    comm: str
    pid: int


def gather(custody: Custody, entry: Entry, info: Info) -> Facts:
    """Collect what holding may cost, from the kind and the target's epolls."""
    says = custody.kind.hold_cost(entry, info)
    return Facts(says, watching_epolls(entry), custody.comm, custody.target.pid)


def sentence(facts: Facts, pinned: bool) -> str:
    """Say it; "" when it costs nothing."""
    told = [facts.kind_says] if facts.kind_says else []
    if facts.epolls:
        which = ", ".join(map(str, facts.epolls))
        told.append(
            f"in the epoll set {which} of {facts.comm} {facts.pid}: "
            "would go on firing after its close by up to 0.5 s"
        )
    words = "; ".join(told)
    if pinned:
        for brief, lasting in _PINNED:
            words = words.replace(brief, lasting)
    return words


def watching_epolls(entry: Entry) -> tuple[int, ...]:
    """Return the target's epoll descriptors that have it in their set, by number and inode."""
    if entry.stat is None or entry.file_type in (stat.S_IFREG, stat.S_IFDIR):
        return ()  # epoll_ctl(2) refuses them: EPERM
    try:
        fds = _PROC.fds(entry.pid)
    except OSError:
        return ()
    return tuple(fd for fd in fds if _watches(entry, fd))


def _watches(entry: Entry, epfd: int) -> bool:
    assert entry.stat is not None
    try:
        if os.readlink(f"/proc/{entry.pid}/fd/{epfd}") != "anon_inode:[eventpoll]":
            return False
        text = read_file(f"/proc/{entry.pid}/fdinfo/{epfd}")
    except OSError:
        return False
    wanted = (entry.fd, entry.stat.ino)
    return any(_watched(line) == wanted for line in text.split(b"\n") if line.startswith(b"tfd:"))


def _watched(line: bytes) -> tuple[int, int] | None:
    """Parse `tfd: 5 events: 19 data: 5 pos:0 ino:8 sdev:d`: number, inode (hex)."""
    words = line.replace(b":", b" ").split()
    pairs = dict(zip(words[::2], words[1::2], strict=False))
    try:
        return int(pairs[b"tfd"]), int(pairs[b"ino"], 16)
    except (KeyError, ValueError):
        return None
