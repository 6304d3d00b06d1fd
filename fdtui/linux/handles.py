"""File handles of fdinfo turned into paths: open_by_handle_at(2), for those who may."""

from __future__ import annotations

import ctypes
import os
import struct

from fdtui.linux import syscalls
from fdtui.linux.mountinfo import own_mount_of
from fdtui.linux.owned import OwnedFd

# Their servers are asked to decode a handle, and a dead one never answers.
_LOCAL = {
    *("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "tmpfs", "devtmpfs", "zfs", "bcachefs"),
    *("jfs", "nilfs2", "overlay", "erofs", "squashfs", "vfat", "exfat", "iso9660", "udf"),
}


def kernel_dev(number: int) -> tuple[int, int]:
    """Return major and minor of a dev_t as the kernel prints it: 20 bits of minor."""
    return number >> 20, number & 0xFFFFF


class HandlePaths:
    """Resolves handles for one look.  Opens one directory for each file system, for that long.

    Needs CAP_DAC_READ_SEARCH; after the first refusal nothing more is tried (`refused`, errno).
    """

    def __init__(self) -> None:
        self.refused = 0
        self._roots: dict[tuple[int, int], OwnedFd | None] = {}

    def __enter__(self) -> HandlePaths:
        return self

    def __exit__(self, *_: object) -> None:
        for root in self._roots.values():
            if root is not None:
                root.close()

    def _root(self, dev: tuple[int, int]) -> OwnedFd | None:
        if dev not in self._roots:
            self._roots[dev] = None
            mount = own_mount_of(dev)
            if mount is not None and mount.fstype in _LOCAL:
                try:
                    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
                    self._roots[dev] = OwnedFd(os.open(mount.point, flags | os.O_NOFOLLOW))
                except OSError:
                    pass
        return self._roots[dev]

    def path(self, dev: tuple[int, int], handle_type: int, handle: bytes) -> str | None:
        """Return the path as seen from here, None when the file is gone or it is refused."""
        if self.refused or (root := self._root(dev)) is None:
            return None
        raw = struct.pack("=Ii", len(handle), handle_type) + handle
        buffer = ctypes.create_string_buffer(raw, len(raw))
        try:
            found = syscalls.call(
                "open_by_handle_at",
                root.fileno(),
                ctypes.addressof(buffer),
                os.O_PATH | os.O_CLOEXEC,
            )
        except PermissionError as error:
            self.refused = error.errno or 0
            return None
        except OSError:
            return None  # ESTALE: the file is gone
        with OwnedFd(found):
            return os.readlink(f"/proc/thread-self/fd/{found}")
