"""/proc/PID/cgroup: the control groups a process is in, cgroups(7)."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import NamedTuple

from fdtui.linux.handles import Handle, paths_of
from fdtui.linux.mountinfo import mounts_of
from fdtui.linux.procfs import read_file

_FILEID_KERNFS = 0xFE  # exportfs.h: the id is the handle


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


@lru_cache(maxsize=1024)
def path_of_id(ident: int) -> str | None:
    """Return the path of a control group of version 2 by its id, which is never used twice.

    None where it is gone, version 2 is not mounted, or without CAP_DAC_READ_SEARCH.
    """
    try:
        mounts = mounts_of(os.getpid()).values()
    except OSError:
        return None
    mount = next((one for one in mounts if one.fstype == "cgroup2"), None)
    if mount is None:
        return None
    (path,) = paths_of([Handle(mount.dev, _FILEID_KERNFS, ident.to_bytes(8, "little"))])
    if path is None:
        return None
    return "/" + path.removeprefix(mount.point).lstrip("/")
