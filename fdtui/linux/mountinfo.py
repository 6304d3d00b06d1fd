"""/proc/PID/mountinfo: mount points, file system types and sources by mount id."""

from __future__ import annotations

import os
import time

from fdtui.linux.lean import NamedTuple
from fdtui.linux.procfs import read_file

_FRESH = 1.0  # seconds; a table of descriptors is decoded at that rate


class Mount(NamedTuple):
    """One line of proc_pid_mountinfo(5); `point` as the process sees it."""

    id: int
    parent: int
    dev: tuple[int, int]
    root: str
    point: str
    options: str
    fstype: str
    source: str


def unescape(field: bytes) -> str:
    r"""Turn `\040` and its like back into the bytes they stand for."""
    if b"\\" in field:
        import re  # seldom needed, and 6 ms

        field = re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m[1], 8) & 0xFF]), field)
    return os.fsdecode(field)


def parse_mountinfo(text: bytes) -> dict[int, Mount]:
    """Parse mountinfo; lines that end early are left out."""
    mounts = {}
    for line in text.split(b"\n"):
        head, dash, tail = line.partition(b" - ")
        words, rest = head.split(b" "), tail.split(b" ")
        if not dash or len(words) < 6 or len(rest) < 2:
            continue
        major, _, minor = words[2].partition(b":")
        mounts[int(words[0])] = Mount(
            id=int(words[0]),
            parent=int(words[1]),
            dev=(int(major), int(minor)),
            root=unescape(words[3]),
            point=unescape(words[4]),
            options=words[5].decode(),
            fstype=unescape(rest[0]),
            source=unescape(rest[1]),
        )
    return mounts


_Mounts = dict[int, Mount]
_by_pid: dict[int, tuple[float, _Mounts]] = {}
_by_namespace: dict[str, tuple[float, _Mounts]] = {}


def mounts_of(pid: int | str) -> dict[int, Mount]:
    """Return the mounts a process sees, at most a second old; empty where they are refused."""
    now = time.monotonic()
    key = pid if isinstance(pid, int) else 0
    known = _by_pid.get(key)
    if known and now - known[0] < _FRESH:
        return known[1]
    if len(_by_pid) > 4096:
        _by_pid.clear()
        _by_namespace.clear()
    try:
        # A process in a chroot sees fewer mounts of the same namespace.
        place = f"{os.readlink(f'/proc/{pid}/ns/mnt')} {os.readlink(f'/proc/{pid}/root')}"
    except OSError:
        place = f"pid {pid}"
    shared = _by_namespace.get(place)
    if shared is None or now - shared[0] >= _FRESH:
        try:
            mounts = parse_mountinfo(read_file(f"/proc/{pid}/mountinfo"))
        except OSError:
            mounts = {}
        shared = _by_namespace[place] = (now, mounts)
    _by_pid[key] = shared
    return shared[1]


def own_mount_of(dev: tuple[int, int]) -> Mount | None:
    """Return a mount of that device among our own, its root rather than a bind of a folder."""
    best = None
    for mount in mounts_of("self").values():
        if mount.dev == dev and (best is None or mount.root == "/"):
            best = mount
            if mount.root == "/":
                break
    return best
