"""Devices of the kernel's internal file systems, found from our own specimens.

They tell kinds apart where a link text could be spoofed: no file a user can name lives on them.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable

from fdtui.linux import syscalls
from fdtui.linux.lean import Literal, NamedTuple, Socket, cache, socket
from fdtui.linux.owned import OwnedFd

Device = tuple[int, int]
Where = Literal[
    "anon_inode", "shmem", "pipe", "socket", "pidfd", "ns", "hugetlb", "secretmem", "mqueue"
]


class PseudoFs(NamedTuple):
    """(major, minor) of each internal file system; None where this kernel lacks it."""

    anon_inode: Device | None
    shmem: Device | None  # memfd_create, System V shared memory, shared anonymous mappings
    pipe: Device | None
    socket: Device | None
    pidfd: Device | None  # pidfs, Linux 6.9; before that pidfds were anonymous inodes
    ns: Device | None


def _device(make: Callable[[], int]) -> Device | None:
    try:
        with OwnedFd(make()) as specimen:
            return syscalls.statx(specimen.fileno(), "", syscalls.AT_EMPTY_PATH).dev
    except OSError:
        return None


def _pipe() -> int:
    read_end, write_end = os.pipe2(os.O_CLOEXEC)
    os.close(write_end)
    return read_end


def _socket() -> int:
    return Socket(socket.AF_UNIX).detach()


@cache
def pseudofs() -> PseudoFs:
    """Make one specimen of each and note its device; once a process."""
    return PseudoFs(
        anon_inode=_device(lambda: os.eventfd(0, os.EFD_CLOEXEC)),
        shmem=_device(lambda: os.memfd_create("", os.MFD_CLOEXEC)),
        pipe=_device(_pipe),
        socket=_device(_socket),
        pidfd=_device(lambda: syscalls.pidfd_open(os.getpid())),
        ns=_device(lambda: os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)),
    )


@cache
def internal_devices() -> dict[Device, Where]:
    """Device to internal file system; before pidfs a pidfd is one of the anonymous inodes."""
    found = pseudofs()
    pairs: list[tuple[Device | None, Where]] = [
        (found.pidfd, "pidfd"),
        (found.ns, "ns"),
        (found.shmem, "shmem"),
        (found.pipe, "pipe"),
        (found.socket, "socket"),
        (found.anon_inode, "anon_inode"),
    ]
    return {device: name for device, name in pairs if device is not None}


_HUGE_SHIFT = 26  # MAP_HUGE_SHIFT: the size of a page as its logarithm


@cache
def hugetlb_devices() -> frozenset[Device]:
    """Devices of memfd_create(2) MFD_HUGETLB, one for each size of huge page; takes no page."""
    try:
        names = os.listdir("/sys/kernel/mm/hugepages")
    except OSError:
        return frozenset()
    found = set()
    for name in names:
        size = int(name.removeprefix("hugepages-").removesuffix("kB")) << 10
        flags = os.MFD_CLOEXEC | os.MFD_HUGETLB | size.bit_length() - 1 << _HUGE_SHIFT
        found.add(_device(lambda flags=flags: os.memfd_create("", flags)))  # type: ignore[misc]
    return frozenset(device for device in found if device is not None)


@cache
def secretmem_device() -> Device | None:
    """Device of memfd_secret(2); asked only when something looks like one."""
    return _device(lambda: syscalls.call("memfd_secret", os.O_CLOEXEC))


def mqueue_device() -> Device | None:
    """Device of this IPC namespace's message queues; asked only when something looks like one.

    None is not remembered: a full table, or mq_overview(7)'s limit on queues, does not last.
    """
    try:
        return _mqueue_device()
    except OSError:
        return None


@cache
def _mqueue_device() -> Device:
    """The specimen is a queue of one byte, unlinked at once, as lsfd(1) does it.

    Its name is new each time: other threads, and namespaces that count pids anew, ask as well.
    """
    name = ctypes.create_string_buffer(f"fdtui-{os.urandom(8).hex()}".encode())
    attributes = (ctypes.c_long * 8)(0, 1, 1, 0)
    flags = os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    where, how = ctypes.addressof(name), ctypes.addressof(attributes)
    with OwnedFd(syscalls.call("mq_open", where, flags, 0o600, how)) as specimen:
        syscalls.call("mq_unlink", where)
        return syscalls.statx(specimen.fileno(), "", syscalls.AT_EMPTY_PATH).dev
