"""/proc/PID/cgroup: the control groups a process is in, cgroups(7)."""

from __future__ import annotations

import os

from fdtui.linux.lean import NamedTuple
from fdtui.linux.mountinfo import Mount, mounts_of
from fdtui.linux.procfs import read_file

_FILEID_KERNFS = 0xFE  # exportfs.h: the id is the handle
_KEPT = 1024
_paths: dict[int, str | None] = {}


class Membership(NamedTuple):
    """One line: hierarchy 0 without controllers is version 2."""

    hierarchy: int
    controllers: str  # comma separated, `name=systemd`
    path: str


def parse_cgroup(text: bytes) -> list[Membership]:
    """Parse the lines `hierarchy:controllers:path`; a path may hold colons."""
    found = []
    for line in os.fsdecode(text).split("\n"):
        parts = line.split(":", 2)
        if len(parts) == 3 and parts[0].isdigit():
            found.append(Membership(int(parts[0]), parts[1], parts[2]))
    return found


def read_cgroup(pid: int | str) -> list[Membership]:
    """Read them; OSError when the process is gone.  Needs no privilege."""
    return parse_cgroup(read_file(f"/proc/{pid}/cgroup"))


def path_of_id(ident: int, likely: int | None = None) -> str | None:
    """Return the path of a control group of version 2 by its id, which is never used twice.

    `likely` is a process that may well be in it.  None where it is gone, version 2 is not mounted,
    or without CAP_DAC_READ_SEARCH.
    """
    if ident not in _paths:
        if len(_paths) >= _KEPT:
            _paths.clear()
        _paths[ident] = _path(ident, likely)
    return _paths[ident]


def _path(ident: int, likely: int | None) -> str | None:
    mounts = mounts_of(os.getpid()).values()
    mount = next((one for one in mounts if one.fstype == "cgroup2"), None)
    if mount is None:
        return None
    if likely is not None and (path := _path_in(mount, likely, ident)) is not None:
        return path
    from fdtui.linux.handles import Handle, paths_of  # starts a thread

    (found,) = paths_of([Handle(mount.dev, _FILEID_KERNFS, ident.to_bytes(8, "little"))])
    return None if found is None else "/" + found.removeprefix(mount.point).lstrip("/")


def _path_in(mount: Mount, pid: int, ident: int) -> str | None:
    """The path of that process's control group if it has that id, which is its inode."""
    try:
        path = next(one.path for one in read_cgroup(pid) if one.hierarchy == 0)
        if os.stat(f"{mount.point}/{path}").st_ino == ident:
            return path
    except (OSError, StopIteration):
        pass
    return None
