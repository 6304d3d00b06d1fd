"""Devices of the kernel's internal file systems, found from our own specimens.

They tell kinds apart where a link text could be spoofed: no file a user can name lives on them.
"""

from __future__ import annotations

import os
import socket
from functools import cache
from typing import NamedTuple

from fdtui.linux import syscalls
from fdtui.linux.owned import OwnedFd

Device = tuple[int, int]


class PseudoFs(NamedTuple):
    """(major, minor) of each internal file system; None where this kernel lacks it."""

    anon_inode: Device | None
    shmem: Device | None  # memfd_create, System V shared memory, shared anonymous mappings
    pipe: Device | None
    socket: Device | None
    pidfd: Device | None  # pidfs, Linux 6.9; before that pidfds were anonymous inodes
    ns: Device | None


def _device(make: object) -> Device | None:
    assert callable(make)
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
    return socket.socket(socket.AF_UNIX).detach()


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
