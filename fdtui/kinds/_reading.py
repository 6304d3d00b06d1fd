"""Which bytes may be looked at through a description shared with a stranger, and how."""

from __future__ import annotations

import errno
import os

from fdtui.errors import errno_name
from fdtui.kinds.base import Unseen
from fdtui.linux.fstype import PROC, SYSFS
from fdtui.linux.peek import Peek
from fdtui.linux.peek_file import fs_magic

# linux/magic.h: file systems that keep bytes.  There pread(2) disturbs nobody.
_STORAGE = frozenset(
    {
        0xEF53,  # ext2, ext3, ext4
        0x58465342,  # xfs
        0x9123683E,  # btrfs
        0x01021994,  # tmpfs
        0x858458F6,  # ramfs
        0x958458F6,  # hugetlbfs
        0xF2F52010,  # f2fs
        0x2FC12FC1,  # zfs
        0xCA451A4E,  # bcachefs
        0x794C7630,  # overlayfs
        0x73717368,  # squashfs
        0xE0F5E1E2,  # erofs
        0x4D44,  # vfat
        0x2011BAB0,  # exfat
        0x7366746E,  # ntfs3
        0x5346544E,  # ntfs
        0x9660,  # iso9660
        0x15013346,  # udf
        0x3153464A,  # jfs
        0x52654973,  # reiserfs
        0x3434,  # nilfs2
        0x28CD3D45,  # cramfs
        0x137F,  # minix
        0x24051905,  # ubifs
        0x72B6,  # jffs2
        0x01161970,  # gfs2
        0x7461636F,  # ocfs2
        0x6969,  # nfs
        0xFF534D42,  # cifs
        0xFE534D42,  # smb2
        0x517B,  # smb
        0x00C36400,  # ceph
        0x5346414F,  # afs
        0x01021997,  # 9p
        0x65735546,  # fuse
        0xF15F,  # ecryptfs
        0x0BD00BD0,  # lustre
        0x786F4256,  # vboxsf
        0x482B,  # hfs+
        0x4244,  # hfs
    }
)
# Made up at each read: only through a description of our own, which they make up for us alone.
_GENERATED = frozenset({PROC, SYSFS, 0x27E0EB, 0x63677270})


def read_file_bytes(peek: Peek, offset: int, length: int) -> bytes | Unseen:
    """pread(2) where it is harmless, through a description of our own where only that is."""
    magic = fs_magic(peek)
    if magic in _STORAGE:
        try:
            # read(2) would move the offset that the target shares.
            return peek.pread(length, offset)
        except OSError as error:
            if error.errno != errno.EBADF:
                raise
            return Unseen("it was opened for writing only, and opening it anew is refused")
    if magic == PROC and peek.statx().ino == _kmsg_inode():
        return Unseen("/proc/kmsg gives each line to one reader only")
    if magic not in _GENERATED:
        return Unseen(f"reading a file system of type {magic:#x} may change what it says next")
    try:
        with peek.open_anew() as private:
            return Peek(private).pread(length, offset)
    except PermissionError as error:
        name = errno_name(error.errno or 0)
        return Unseen(f"reading here would change what the target reads, and open says {name}")


def _kmsg_inode() -> int:
    """Static entries of procfs have the same inode number in every instance of it."""
    try:
        return os.stat("/proc/kmsg").st_ino
    except OSError:
        return -1
