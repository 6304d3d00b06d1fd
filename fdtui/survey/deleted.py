"""Files without a name that are still open: what df(1) counts and du(1) cannot find.

A file is counted once, however many descriptors and descriptions hold it.  What only a mapping
holds (mmap(2), then close) is not seen here.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

from fdtui.linux.lean import NamedTuple
from fdtui.linux.mountinfo import Mount, mounts_of, own_mount_of
from fdtui.linux.pseudofs import hugetlb_devices, internal_devices, secretmem_device
from fdtui.linux.record import Record
from fdtui.survey.fsusage import FileSystems, Usage

SUFFIX = " (deleted)"  # the kernel's, of a link text
# What df(1) leaves out: nothing can be deleted there that would take room.
# fmt: off
_PSEUDO = frozenset({
    "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts",
    "efivarfs", "fusectl", "mqueue", "nsfs", "proc", "pstore", "rpc_pipefs", "securityfs",
    "selinuxfs", "sysfs", "tracefs",
})
# fmt: on

Device = tuple[int, int]


class DeletedFile(NamedTuple):
    """One file; `blocks` and `size` in bytes, `path` as it was when it had one."""

    dev: int
    ino: int
    blocks: int
    size: int
    path: str
    holders: tuple[Record, ...]  # every descriptor of it, in order of pid and fd
    filesystem: Device  # key of its FileSystem


class FileSystem(NamedTuple):
    """One line above the table.  `usage` is None where `why` says what keeps it from us.

    `du_sees` is computed: what df counts as used less what deleted files hold, never measured.
    """

    key: Device
    point: str  # where it is mounted, here or as its holder sees it
    type: str
    ours: bool  # False: mounted only where a holder is (a container)
    usage: Usage | None
    why: str
    deleted: int  # bytes
    files: int
    descriptors: int

    @property
    def du_sees(self) -> int | None:
        """Bytes that are left for names; None where used is not known."""
        return None if self.usage is None else max(0, self.usage.used - self.deleted)


class Accounting(NamedTuple):
    """Everything the preset shows; files by blocks held, most first."""

    files: tuple[DeletedFile, ...]
    filesystems: tuple[FileSystem, ...]  # most deleted first, then by where they are mounted
    descriptors: int
    deleted: int  # bytes


def deleted_files(records: Iterable[Record]) -> list[DeletedFile]:
    """Find them among rows that carry stat: regular files without links, on real file systems.

    memfds and shared memory never had a name, and count on no file system that df shows.
    """
    held: dict[tuple[int, int], list[Record]] = {}
    internal = _internal()
    for record in records:
        if record.nlink == 0 and stat.S_ISREG(record.mode) and record.dev not in internal:
            held.setdefault((record.dev, record.ino), []).append(record)
    files = []
    for (dev, ino), holders in held.items():
        holders.sort(key=lambda one: (one.pid, one.fd))
        first = holders[0]
        files.append(
            DeletedFile(
                dev,
                ino,
                first.blocks * 512,
                first.size,
                first.link.removesuffix(SUFFIX),
                tuple(holders),
                _filesystem_of(first),
            )
        )
    files.sort(key=lambda one: (-one.blocks, one.dev, one.ino))
    return files


def account(
    records: Iterable[Record], systems: FileSystems, all_mounted: bool = True
) -> Accounting:
    """Count them by file system; `all_mounted` adds those without deleted files, as df lists.

    Takes as long as a dead server is given (`FileSystems`): for a background thread.
    """
    files = deleted_files(records)
    groups: dict[Device, list[DeletedFile]] = {}
    for file in files:
        groups.setdefault(file.filesystem, []).append(file)
    lines = [_line(key, group, systems) for key, group in groups.items()]
    if all_mounted:
        lines += _others(set(groups), systems)
    lines.sort(key=lambda one: (-one.deleted, one.point))
    return Accounting(
        tuple(files),
        tuple(lines),
        sum(len(file.holders) for file in files),
        sum(file.blocks for file in files),
    )


def _internal() -> set[int]:
    """Devices of memory that has no names."""
    found = [*internal_devices(), *hugetlb_devices(), secretmem_device()]
    return {os.makedev(*device) for device in found if device is not None}


def _mount_of(record: Record) -> Mount | None:
    """The mount it was opened through, as its holder sees it."""
    return mounts_of(record.pid).get(record.mnt_id)


def _filesystem_of(record: Record) -> Device:
    """The device of the file system: that of the mount, as subvolumes of btrfs have their own."""
    mount = _mount_of(record)
    return mount.dev if mount else (os.major(record.dev), os.minor(record.dev))


def _line(key: Device, files: list[DeletedFile], systems: FileSystems) -> FileSystem:
    holder = files[0].holders[0]
    mount = own_mount_of(key)
    ours = mount is not None
    mount = mount or _mount_of(holder)
    kind = mount.fstype if mount else ""
    # Through the held file itself: its mount may be hidden, or in another namespace than ours.
    usage = systems.usage(key, f"/proc/{holder.pid}/fd/{holder.fd}", kind)
    return FileSystem(
        key,
        mount.point if mount else "",
        kind,
        ours,
        usage if isinstance(usage, Usage) else None,
        "" if isinstance(usage, Usage) else usage,
        sum(file.blocks for file in files),
        len(files),
        sum(len(file.holders) for file in files),
    )


def _others(known: set[Device], systems: FileSystems) -> list[FileSystem]:
    """What else is mounted here, each file system once, as df(1) shows it."""
    lines = []
    mounts = mounts_of("self").values()
    visible = {mount.point: mount.id for mount in mounts}  # the last one there hides the others
    for mount in mounts:
        if mount.dev in known or mount.fstype in _PSEUDO:
            continue
        known.add(mount.dev)
        best = own_mount_of(mount.dev) or mount
        if visible[best.point] != best.id:
            continue
        usage = systems.usage(mount.dev, best.point, best.fstype)
        if isinstance(usage, Usage) and not usage.size:
            continue
        lines.append(
            FileSystem(
                mount.dev,
                best.point,
                best.fstype,
                True,
                usage if isinstance(usage, Usage) else None,
                "" if isinstance(usage, Usage) else usage,
                0,
                0,
                0,
            )
        )
    return lines
