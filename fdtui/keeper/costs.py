"""What holding costs the target, in concrete words."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from fdtui.keeper.custody import Custody
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry, ProcFs, read_file
from fdtui.linux.pseudofs import pseudofs
from fdtui.render.units import size_words

_PROC = ProcFs()
_BLOCK = 512  # bytes in a unit of st_blocks


class Facts(NamedTuple):
    """What the sentence is made of; gathered in the thread of the hold."""

    kind_says: str  # the kind's own clause
    kept: int  # bytes of a deleted file that stay allocated
    mount: str  # where
    locks: tuple[str, ...]  # words of the locks that live as long as the description
    epolls: tuple[int, ...]  # epoll descriptors of the target that watch this one
    comm: str
    pid: int


def gather(custody: Custody, entry: Entry, info: Info) -> Facts:
    """Collect what holding may cost, from fdinfo, the kind, and the target's epolls."""
    kept = entry.stat.blocks * _BLOCK if entry.deleted and entry.stat else 0
    return Facts(
        kind_says=custody.kind.hold_cost(entry, info),
        kept=kept,
        mount=mount_of(entry) if kept else "",
        locks=lock_words(entry),
        epolls=() if custody.private else watching_epolls(entry),
        comm=custody.comm,
        pid=custody.target.pid,
    )


def sentence(facts: Facts, pinned: bool) -> str:
    """Say it; "" when it costs nothing.  Unpinned, most of it ends with the target's close."""
    until = "until you release it" if pinned else "for up to 0.5 s after it closes"
    told = []
    if facts.kept:
        where = f" of {facts.mount}" if facts.mount else ""
        told.append(f"{size_words(facts.kept)}{where} stay allocated until you release it")
    if facts.kind_says:
        told.append(facts.kind_says)
    if facts.locks:
        held = " and ".join(facts.locks)
        told.append(
            f"its {held} outlives {facts.comm} {until}: whoever starts next would find it taken"
        )
    if facts.epolls:
        which = ", ".join(map(str, facts.epolls))
        told.append(
            f"in the epoll set {which} of {facts.comm} {facts.pid}: events for it go on {until}"
        )
    return "; ".join(told)


def lock_words(entry: Entry) -> tuple[str, ...]:
    """Return the locks of a description in words; POSIX locks end with their owner."""
    words = {"FLOCK": "flock", "OFDLCK": "OFD lock", "LEASE": "lease"}
    lines = entry.info.all("lock") if entry.info else []
    found = [words[kind] for line in lines for kind in line.split()[1:2] if kind in words]
    return tuple(dict.fromkeys(found))


def mount_of(entry: Entry) -> str:
    """Return the mount point of its file system as this or the target's namespace has it."""
    if entry.stat is None or entry.stat.dev == pseudofs().shmem:
        return "memory"
    for pid in ("self", str(entry.pid)):
        try:
            table = read_file(f"/proc/{pid}/mountinfo")
        except OSError:
            continue
        for line in table.split(b"\n"):
            fields = line.split(b" ", 5)
            if len(fields) == 6 and int(fields[0]) == entry.stat.mnt_id:
                return os.fsdecode(unescape(fields[4]))
    return ""


def unescape(field: bytes) -> bytes:
    """Undo the octal escapes of proc_pid_mountinfo(5)."""
    for plain in b" \t\n":
        field = field.replace(b"\\%03o" % plain, bytes([plain]))
    return field.replace(b"\\134", b"\\")


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
