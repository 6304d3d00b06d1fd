"""Whether a path can be looked up at all: a dead FUSE or NFS server never answers a lookup."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from fdtui.errors import CallFailed
from fdtui.linux.mountinfo import Mount, mounts_of

PATIENCE = 1.0  # seconds
# File systems whose lookups are answered by another process or machine.
_SERVED = ("fuse", "nfs", "cifs", "smb", "9p", "ceph", "afs", "lustre", "gfs2", "ocfs2", "autofs")
_LOOK_UP = "import os, sys; os.open(sys.argv[1], os.O_PATH)"


def answers(path: str, patience: float = PATIENCE) -> bool:
    """Is the lookup of a path answered, be it by an error?

    A process of its own asks: whoever waits for such a server may not even be killable.  Where
    nothing is mounted that could hang, nobody has to ask.
    """
    if not any(mount.fstype.startswith(_SERVED) for mount in mounts_of("self").values()):
        return True
    asking = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _LOOK_UP, path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        asking.wait(patience)
    except subprocess.TimeoutExpired:
        asking.kill()
        _left_behind.append(asking)
        return False
    return True


def absolute(path: str) -> str:
    """Return it as it is called from anywhere; CallFailed where the working directory is gone."""
    try:
        return os.path.abspath(path)
    except FileNotFoundError as error:
        cause = "the working directory has been removed"
        raise CallFailed("getcwd", error, cause, "an absolute path needs none") from error


_left_behind: list[subprocess.Popen[bytes]] = []  # not waited for: that may take for ever


def device_of(path: str, mounts: Mapping[int, Mount] | None = None) -> int | None:
    """Return st_dev of the mount that an absolute path is on by its name; nothing is asked."""
    if mounts is None:
        mounts = mounts_of("self")
    # Of two mounts on one point the later one is on top.
    here = [one for one in mounts.values() if f"{path}/".startswith(one.point.rstrip("/") + "/")]
    best = max(here, key=lambda one: (len(one.point), one.id), default=None)
    return None if best is None else os.makedev(*best.dev)
