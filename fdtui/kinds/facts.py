"""What kinds are told apart by: facts of the kernel that no name can fake.

A path never is among them.  Link texts that do not start with `/` are made by the kernel's
internal file systems (d_dname), and so are all texts on devices where no user can name a file
(namespaces and processes can be bound to paths: there the device alone counts).
"""

from __future__ import annotations

import stat

from fdtui.linux.abi import OpenFlags
from fdtui.linux.lean import NamedTuple
from fdtui.linux.mountinfo import mounts_of
from fdtui.linux.procfs import Entry
from fdtui.linux.pseudofs import (
    hugetlb_devices,
    internal_devices,
    mqueue_device,
    secretmem_device,
)

_DEVICES = (stat.S_IFCHR, stat.S_IFBLK)
_MQUEUE_SIZE = 80  # FILENT_SIZE of ipc/mqueue.c
_BY_TEXT = {"socket": stat.S_IFSOCK, "pipe": stat.S_IFIFO}


class Facts(NamedTuple):
    """Few different values for many entries, so that judging is done once for each."""

    type: int  # S_IFMT; 0 for anonymous inodes and where statx failed
    where: str  # pseudofs.Where, "dmabuf", "detached" (a mount), "" for file systems with names
    name: str  # the kernel's word on an internal file system: "eventfd", "memfd"
    protocol: str  # system.sockprotoname
    device: tuple[int, int]  # major, minor of a character or block device itself
    path_only: bool  # O_PATH
    line: str  # key of the first fdinfo line that only this kind has, for devices


def facts_of(entry: Entry) -> Facts:
    """Collect them; asks the system only where something looks like a message queue or a mount."""
    st, info, link = entry.stat, entry.info, entry.link
    path_only = bool(info.flags & OpenFlags.O_PATH) if info else entry.access == 0
    if st is None:
        # The kernel's own texts tell enough; a path without its file type tells nothing.
        word = link.partition(":")[0] if link and link[0] != "/" else ""
        where = {"socket": "socket", "pipe": "pipe", "anon_inode": "anon_inode"}.get(word, "")
        name = _anonymous(link) if where == "anon_inode" else ""
        kind = _BY_TEXT.get(word, 0)
        return Facts(kind, where, name, entry.sockproto, (0, 0), path_only, "")
    kind = stat.S_IFMT(st.mode)
    where, name = _internal(entry, kind, path_only)
    device = (st.rdev_major, st.rdev_minor) if kind in _DEVICES else (0, 0)
    line = info.lines[0][0] if info and info.lines and kind in _DEVICES else ""
    return Facts(kind, where, name, entry.sockproto, device, path_only, line)


def _internal(entry: Entry, kind: int, path_only: bool) -> tuple[str, str]:
    """(internal file system, the kernel's word for what it is)."""
    st, link = entry.stat, entry.link
    assert st is not None
    where: str = internal_devices().get((st.dev_major, st.dev_minor), "")
    if where == "anon_inode" or (not where and link.startswith("anon_inode:")):
        return "anon_inode", _anonymous(link)
    if where == "shmem":
        return where, "memfd" if link.startswith("/memfd:") else ""
    if where:
        return where, ""
    if path_only:
        detached = link == "/" and entry.info and entry.info.mnt_id not in mounts_of(entry.pid)
        return ("detached", "") if detached else ("", "")
    if st.dev_major == 0 and kind in (0, stat.S_IFREG):
        return _rarely(entry, kind)
    return "", ""


def _rarely(entry: Entry, kind: int) -> tuple[str, str]:
    """Files without a type, and regular ones on a file system without a device."""
    st, link = entry.stat, entry.link
    assert st is not None
    if link.startswith("/dmabuf:"):
        exporter = entry.info.get("exp_name") if entry.info else None
        return ("dmabuf", "") if kind == 0 or exporter is not None else ("", "")
    if link.startswith("/memfd:") and st.dev in hugetlb_devices():
        return "hugetlb", "memfd"
    if link.startswith("/secretmem") and st.dev == secretmem_device():
        return "secretmem", ""
    if st.size == _MQUEUE_SIZE and link.count("/") == 1:
        ours = st.dev == mqueue_device()
        theirs = (m.dev for m in mounts_of(entry.pid).values() if m.fstype == "mqueue")
        return ("mqueue", "") if ours or st.dev in theirs else ("", "")
    return "", ""


def _anonymous(link: str) -> str:
    """`anon_inode:[eventfd]`, `anon_inode:inotify` -> `eventfd`, `inotify`."""
    name = link.removeprefix("anon_inode:")
    return name[1:-1] if name[:1] == "[" and name[-1:] == "]" else name
