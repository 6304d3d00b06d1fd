"""System calls that Python has no function for: one function each, man-page names and order."""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from fdtui.linux.lean import NamedTuple

_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long
_syscall.argtypes = [ctypes.c_long] * 7

INT_MAX = (1 << 31) - 1
_MACHINE = os.uname().machine
_X86_64 = {
    "pidfd_open": 434,
    "pidfd_getfd": 438,
    "kcmp": 312,
    "tee": 276,
    "statx": 332,
    "timerfd_gettime": 287,
    "mq_getsetattr": 245,
    "open_by_handle_at": 304,
    "name_to_handle_at": 303,
    "setns": 308,
    "bpf": 321,
    "ptrace": 101,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "close_range": 436,
    "ioprio_set": 251,
    "memfd_secret": 447,
    "mq_open": 240,
    "mq_unlink": 241,
    "fallocate": 285,
    "renameat2": 316,
}
_AARCH64 = {
    "pidfd_open": 434,
    "pidfd_getfd": 438,
    "kcmp": 272,
    "tee": 77,
    "statx": 291,
    "timerfd_gettime": 87,
    "mq_getsetattr": 185,
    "open_by_handle_at": 265,
    "name_to_handle_at": 264,
    "setns": 268,
    "bpf": 280,
    "ptrace": 117,
    "process_vm_readv": 270,
    "process_vm_writev": 271,
    "close_range": 436,
    "ioprio_set": 30,
    "memfd_secret": 447,
    "mq_open": 180,
    "mq_unlink": 181,
    "fallocate": 47,
    "renameat2": 276,
}
NUMBERS: dict[str, int] = {"x86_64": _X86_64, "aarch64": _AARCH64}.get(_MACHINE, {})


def call(name: str, *args: int) -> int:
    """Make the call; OSError (and its subclass by errno) when the kernel says no.

    ENOSYS also for a machine whose numbers are not known here.
    """
    number = NUMBERS.get(name)
    if number is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    result: int = _syscall(number, *args, *(0,) * (6 - len(args)))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def pidfd_open(pid: int, flags: int = 0) -> int:
    """pidfd_open(2), Linux 5.3.  ESRCH: no such process; close-on-exec is set."""
    return call("pidfd_open", pid, flags)


def pidfd_getfd(pidfd: int, target_fd: int, flags: int = 0) -> int:
    """pidfd_getfd(2), Linux 5.6: duplicate `target_fd` of that process; close-on-exec is set.

    EBADF also for what is no int: the kernel would take the lower half of it.
    """
    if target_fd > INT_MAX:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return call("pidfd_getfd", pidfd, target_fd, flags)


KCMP_FILE = 0
KCMP_FILES = 2
KCMP_EPOLL_TFD = 7


def kcmp(pid1: int, pid2: int, type_: int, idx1: int, idx2: int) -> int:
    """kcmp(2): 0 same, 1 less, 2 greater.  EBADF: a number is not open; EPERM: no right to look."""
    return call("kcmp", pid1, pid2, type_, idx1, idx2)


def kcmp_epoll_tfd(pid1: int, fd1: int, pid2: int, epfd: int, tfd: int, toff: int = 0) -> int:
    """KCMP_EPOLL_TFD of kcmp(2): is `fd1` the `toff`th file watched as number `tfd` by `epfd`?"""
    slot = ctypes.create_string_buffer(struct.pack("III", epfd, tfd, toff), 12)
    return call("kcmp", pid1, pid2, KCMP_EPOLL_TFD, fd1, ctypes.addressof(slot))


SPLICE_F_NONBLOCK = 2


def tee(fd_in: int, fd_out: int, length: int, flags: int = SPLICE_F_NONBLOCK) -> int:
    """tee(2): copy queued bytes between pipes and leave them queued.  EAGAIN: nothing queued."""
    return call("tee", fd_in, fd_out, length, flags)


class Statx(NamedTuple):
    """What statx(2) told; sizes in bytes, `blocks` in units of 512, times in ns since the epoch."""

    mode: int
    ino: int
    dev_major: int
    dev_minor: int
    rdev_major: int
    rdev_minor: int
    nlink: int
    uid: int
    gid: int
    size: int
    blocks: int
    blksize: int
    mtime_ns: int
    mnt_id: int

    @property
    def dev(self) -> tuple[int, int]:
        """Major and minor of the file system's device."""
        return self.dev_major, self.dev_minor

    @property
    def rdev(self) -> tuple[int, int]:
        """Major and minor of the device itself, for block and character devices."""
        return self.rdev_major, self.rdev_minor


AT_FDCWD = -100
AT_SYMLINK_NOFOLLOW = 0x100
AT_NO_AUTOMOUNT = 0x800
AT_EMPTY_PATH = 0x1000
AT_STATX_DONT_SYNC = 0x4000
STATX_BASIC_STATS = 0x7FF
STATX_MNT_ID = 0x1000

# struct statx of stat.h: mask blksize attributes | nlink uid gid mode pad ino size blocks
# attributes_mask | 4 timestamps {s64 s, u32 ns, pad} | rdev dev major/minor | mnt_id ...
_STATX = struct.Struct("=IIQ IIIH2xQQQ Q qI4x qI4x qI4x qI4x IIII Q")
_buffer_type = ctypes.c_char * 256


def statx(
    dir_fd: int,
    path: str | bytes,
    flags: int = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
    mask: int = STATX_BASIC_STATS | STATX_MNT_ID,
) -> Statx:
    """statx(2).  DONT_SYNC by default: a plain stat of a dead FUSE or NFS file never returns."""
    buffer = _buffer_type()
    name = ctypes.c_char_p(os.fsencode(path))
    address = ctypes.cast(name, ctypes.c_void_p).value or 0
    call("statx", dir_fd, address, flags, mask, ctypes.addressof(buffer))
    return parse_statx(buffer.raw)


def parse_statx(raw: bytes) -> Statx:
    """Take struct statx apart, at least up to and with stx_mnt_id."""
    f = _STATX.unpack_from(raw)
    return Statx(
        mode=f[6],
        ino=f[7],
        dev_major=f[21],
        dev_minor=f[22],
        rdev_major=f[19],
        rdev_minor=f[20],
        nlink=f[3],
        uid=f[4],
        gid=f[5],
        size=f[8],
        blocks=f[9],
        blksize=f[1],
        mtime_ns=f[17] * 1_000_000_000 + f[18],
        mnt_id=f[23],
    )


PR_SET_DUMPABLE = 4
PR_SET_NAME = 15


def prctl(option: int, arg2: int = 0, arg3: int = 0, arg4: int = 0, arg5: int = 0) -> int:
    """prctl(2)."""
    result: int = _libc.prctl(
        ctypes.c_int(option), *(ctypes.c_ulong(arg) for arg in (arg2, arg3, arg4, arg5))
    )
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def set_name(name: str) -> None:
    """PR_SET_NAME: what `ps` shows, at most 15 bytes; also for who may not be looked into."""
    text = ctypes.create_string_buffer(name.encode())
    prctl(PR_SET_NAME, ctypes.addressof(text))
