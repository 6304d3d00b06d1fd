"""File handles of fdinfo turned into paths: open_by_handle_at(2), for those who may."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Sequence

from fdtui.linux import syscalls
from fdtui.linux.lean import NamedTuple
from fdtui.linux.mountinfo import own_mount_of
from fdtui.linux.owned import OwnedFd
from fdtui.linux.syscalls import AT_EMPTY_PATH, AT_FDCWD, AT_STATX_DONT_SYNC

Device = tuple[int, int]

# The servers of others are asked to decode a handle, and a dead one never answers.
_LOCAL = {
    *("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "tmpfs", "devtmpfs", "zfs", "bcachefs"),
    *("jfs", "nilfs2", "overlay", "erofs", "squashfs", "vfat", "exfat", "iso9660", "udf"),
    "cgroup2",
}
_CLONE_FS = 0x200
_libc = ctypes.CDLL(None, use_errno=True)


class Handle(NamedTuple):
    """struct file_handle, and the file system it is good for (major, minor)."""

    dev: Device
    type: int
    data: bytes


def paths_of(handles: Sequence[Handle]) -> list[str | None]:
    """Return the paths as seen from here; None for a file that is gone, or where it is refused.

    Needs CAP_DAC_READ_SEARCH.  Nobody who watches a file system sees it: a descriptor of it would
    have to be opened, so a thread with a working directory of its own goes there instead.
    """
    found: list[str | None] = [None] * len(handles)
    if handles:
        from threading import Thread

        thread = Thread(target=_resolve, args=(handles, found), name="handles")
        thread.start()
        thread.join()
    return found


def _resolve(handles: Sequence[Handle], found: list[str | None]) -> None:
    if _libc.unshare(_CLONE_FS) != 0:
        return  # a seccomp filter: the working directory is everybody's here
    order = sorted(range(len(handles)), key=lambda index: handles[index].dev)
    here: Device | None = None
    reachable = False
    for index in order:
        handle = handles[index]
        if handle.dev != here:
            here, reachable = handle.dev, _go_to(handle.dev)
        if not reachable:
            continue
        try:
            found[index] = _path(handle)
        except PermissionError:
            return  # the next ones would be refused as well


def _go_to(dev: Device) -> bool:
    """Change this thread's directory to that file system; False where none of ours shows it."""
    mount = own_mount_of(dev)
    if mount is None or mount.fstype not in _LOCAL:
        return False
    try:
        os.chdir(mount.point)
        # Something else may be mounted over it.
        return syscalls.statx(AT_FDCWD, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC).dev == dev
    except OSError:
        return False


def _path(handle: Handle) -> str | None:
    raw = struct.pack("=Ii", len(handle.data), handle.type) + handle.data
    buffer = ctypes.create_string_buffer(raw, len(raw))
    address = ctypes.addressof(buffer)
    try:
        # O_PATH: no event for those who watch, and nothing is asked of a device.
        flags = os.O_PATH | os.O_CLOEXEC
        opened = OwnedFd(syscalls.call("open_by_handle_at", AT_FDCWD, address, flags))
    except PermissionError:
        raise
    except OSError:
        return None  # ESTALE: the file is gone
    with opened:
        return os.readlink(f"/proc/thread-self/fd/{opened.fileno()}")
