"""/proc/PID/cgroup: the control groups a process is in, cgroups(7)."""

from __future__ import annotations

import os
from typing import NamedTuple

from fdtui.linux.procfs import read_file


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
