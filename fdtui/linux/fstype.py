"""What kind of file system a file is on: statfs(2) f_type, and which types are not files at all."""

from __future__ import annotations

import ctypes
import os
import struct

_libc = ctypes.CDLL(None, use_errno=True)
_libc.fstatfs.argtypes = [ctypes.c_int, ctypes.c_void_p]

PROC = 0x9FA0
SYSFS = 0x62656572
TRACEFS = 0x74726163
DEBUGFS = 0x64626720

# linux/magic.h.  Files there are generated at each read: a read through a shared description
# restarts the generator for everyone who shares it.
VIRTUAL = frozenset(
    {
        PROC,
        SYSFS,
        TRACEFS,
        DEBUGFS,
        0x27E0EB,  # cgroup
        0x63677270,  # cgroup2
        0x73636673,  # securityfs
        0xF97CFF8C,  # selinuxfs
        0x43415D53,  # smackfs
        0x5A3C69F0,  # apparmorfs
        0x62656570,  # configfs
        0x42494E4D,  # binfmt_misc
        0x65735543,  # fusectl
        0x7655821,  # resctrl
        0x6165676C,  # pstore
        0xCAFE4A11,  # bpf
    }
)
# trace_pipe and its like hand out each byte once, whoever asks.
READING_CONSUMES = frozenset({TRACEFS, DEBUGFS})

# File systems in the kernel alone, as mountinfo names them: they wait for nobody.  An overlay asks
# the file system below, which can be any.
# fmt: off
IN_KERNEL = frozenset({
    "bcachefs", "btrfs", "devtmpfs", "erofs", "exfat", "ext2", "ext3", "ext4", "f2fs",
    "hugetlbfs", "iso9660", "jfs", "nilfs2", "ntfs3", "ramfs", "reiserfs", "squashfs",
    "tmpfs", "udf", "ufs", "vfat", "xfs", "zfs",
})
# fmt: on


def fs_type(fd: int) -> int:
    """fstatfs(2): `f_type`.  Asks the server of a network file system: may block."""
    buffer = ctypes.create_string_buffer(256)
    if _libc.fstatfs(fd, ctypes.addressof(buffer)) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    magic: int = struct.unpack_from("l", buffer)[0]
    return magic & 0xFFFFFFFF
