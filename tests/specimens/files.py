"""Specimens with names: regular files, directories, devices, O_PATH, mounts."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import stat
import struct
import tempfile
import time
from pathlib import Path

from tests.specimens.registry import Keep, buffer, reads, specimen, syscall


def folder() -> Path:
    """The zoo's own directory, made by the process that started it."""
    return Path(os.environ["FDTUI_ZOO"])


def new_file(data: bytes = b"hello world\n", name: str = "") -> Path:
    """A fresh file with that content."""
    path = folder() / name if name else Path(tempfile.mktemp(dir=folder()))
    path.write_bytes(data)
    return path


@specimen("regular", "regular", content=b"hello world\n", consume=reads(99), expected=b" world\n")
def _regular(keep: Keep) -> int:
    fd = os.open(new_file(), os.O_RDWR)
    os.read(fd, 5)
    return fd


def _rest(fd: int) -> bytes:
    os.write(fd, b"more")
    return Path(f"/proc/self/fd/{fd}").read_bytes()


@specimen("append", "regular", content=b"log\n", consume=_rest, expected=b"log\nmore")
def _append(keep: Keep) -> int:
    return os.open(new_file(b"log\n"), os.O_WRONLY | os.O_APPEND)


@specimen("deleted", "regular", content=b"unlinked\n", consume=reads(99))
def _deleted(keep: Keep) -> int:
    path = new_file(b"unlinked\n")
    fd = os.open(path, os.O_RDWR)
    path.unlink()
    return fd


@specimen("tmpfile", "regular", content=b"temporary", consume=reads(99))
def _tmpfile(keep: Keep) -> int:
    fd = os.open(folder(), os.O_TMPFILE | os.O_RDWR, 0o600)
    os.pwrite(fd, b"temporary", 0)
    return fd


@specimen("sparse", "regular", consume=reads(2), expected=b"\0\0")
def _sparse(keep: Keep) -> int:
    fd = os.open(new_file(b""), os.O_RDWR)
    os.ftruncate(fd, 1 << 43)
    return fd


@specimen("shm", "regular", content=b"in memory", consume=reads(99))
def _shm(keep: Keep) -> int:
    path = Path(f"/dev/shm/fdtui-zoo-{os.getpid()}")
    path.write_bytes(b"in memory")
    fd = os.open(path, os.O_RDWR)
    path.unlink()
    return fd


@specimen("flock", "regular", content=b"locked", consume=reads(99))
def _flock(keep: Keep) -> int:
    fd = os.open(new_file(b"locked"), os.O_RDWR)
    fcntl.flock(fd, fcntl.LOCK_EX)
    return fd


@specimen("posix-lock", "regular", content=b"locked", consume=reads(99))
def _posix(keep: Keep) -> int:
    fd = os.open(new_file(b"locked"), os.O_RDWR)
    fcntl.lockf(fd, fcntl.LOCK_EX, 3, 1)
    return fd


@specimen("ofd-lock", "regular", content=b"locked", consume=reads(99))
def _ofd(keep: Keep) -> int:
    fd = os.open(new_file(b"locked"), os.O_RDWR)
    f_ofd_setlk = 37
    lock = struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, 2, 2, 0)
    fcntl.fcntl(fd, f_ofd_setlk, lock)
    return fd


def _still_leased(fd: int) -> bytes:
    return b"read lease" if fcntl.fcntl(fd, fcntl.F_GETLEASE) == fcntl.F_RDLCK else b"broken"


@specimen("lease", "regular", content=b"leased", consume=_still_leased, expected=b"read lease")
def _lease(keep: Keep) -> int:
    fd = os.open(new_file(b"leased"), os.O_RDONLY)
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    return fd


_uptime: dict[int, tuple[bytes, float]] = {}


def _same_snapshot(fd: int) -> bytes:
    head, taken = _uptime.pop(fd)
    value = float((head + os.read(fd, 99)).split()[0])
    return b"old" if value <= taken else b"mixed with a new one"


@specimen(
    "proc-half-read",
    "regular",
    consume=_same_snapshot,
    expected=b"old",
    volatile=("its bytes",),
)
def _proc(keep: Keep) -> int:
    """A generated file is made once for its reader: a foreign pread would make it anew."""
    fd = os.open("/proc/uptime", os.O_RDONLY)
    _uptime[fd] = os.read(fd, 3), time.clock_gettime(time.CLOCK_BOOTTIME)
    time.sleep(0.02)  # two digits behind the point: later snapshots differ
    return fd


@specimen("proc-sys", "regular", consume=lambda fd: os.read(fd, 99)[-1:], expected=b"\n")
def _proc_sys(keep: Keep) -> int:
    return os.open("/proc/sys/kernel/ostype", os.O_RDONLY)


@specimen("proc-kmsg", "regular", unseen=True)
def _kmsg(keep: Keep) -> int:
    return os.open("/proc/kmsg", os.O_RDONLY | os.O_NONBLOCK)


@specimen("sysfs", "regular", consume=lambda fd: os.read(fd, 99)[-1:], expected=b"\n")
def _sysfs(keep: Keep) -> int:
    return os.open("/sys/kernel/mm/transparent_hugepage/enabled", os.O_RDONLY)


_entries: dict[int, set[bytes]] = {}


def _names(raw: bytes) -> set[bytes]:
    found, at = set(), 0
    while at < len(raw):
        length = struct.unpack_from("H", raw, at + 16)[0]
        found.add(raw[at + 19 : at + length].split(b"\0")[0])
        at += length
    return found


def _getdents(fd: int, size: int) -> set[bytes]:
    raw = ctypes.create_string_buffer(size)
    length = syscall("getdents64", fd, raw, size)
    return _names(raw.raw[:length])


def _all_names_once(fd: int) -> bytes:
    first = _entries.pop(fd)
    rest = _getdents(fd, 65536)
    complete = len(first) + len(rest) == 42 and not first & rest
    return b"complete" if complete else b"listed twice or lost"


@specimen("directory", "directory", consume=_all_names_once, expected=b"complete")
def _directory(keep: Keep) -> int:
    path = Path(tempfile.mkdtemp(dir=folder()))
    for number in range(40):
        (path / f"entry-{number}").touch()
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    _entries[fd] = _getdents(fd, 300)
    return fd


@specimen("deleted-directory", "directory")
def _deleted_directory(keep: Keep) -> int:
    path = tempfile.mkdtemp(dir=folder())
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    os.rmdir(path)
    return fd


def _loop(image: Path, flags: int) -> int:
    """A loop device that goes away by itself with its last descriptor."""
    ctl_get_free, configure, autoclear = 0x4C82, 0x4C0A, 4
    control = os.open("/dev/loop-control", os.O_RDWR)
    backing = os.open(image, os.O_RDWR)
    config = struct.pack("II52xI248x", backing, 0, autoclear | flags)
    try:
        while True:
            fd = os.open(f"/dev/loop{fcntl.ioctl(control, ctl_get_free)}", os.O_RDWR)
            try:
                fcntl.ioctl(fd, configure, config)
            except OSError as error:
                os.close(fd)
                if error.errno != errno.EBUSY:  # somebody else found it free as well
                    raise
            else:
                return fd
    finally:
        os.close(backing)
        os.close(control)


@specimen("block", "block", content=b"on disk", consume=reads(7))
def _block(keep: Keep) -> int:
    return _loop(new_file(b"on disk".ljust(65536, b"\0")), 0)


@specimen("block-partition", "block", content=b"stored\n", consume=reads(7))
def _block_partition(keep: Keep) -> int:
    """Added by number, for not every kernel reads partition tables; its node is our own."""
    partscan, blkpg, add, first, size = 8, 0x1269, 1, 4096, 8192
    disk = _loop(new_file(bytes(first) + b"stored\n".ljust(65536, b"\0")), partscan)
    keep.append(disk)
    partition = buffer(struct.pack("qqi128x4x", first, size, 1))
    fcntl.ioctl(disk, blkpg, struct.pack("iii4xQ", add, 0, 152, ctypes.addressof(partition)))
    number = os.fstat(disk).st_rdev
    (dev,) = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}").glob("loop*/dev")
    node = folder() / f"partition-{time.monotonic_ns()}"
    os.mknod(node, 0o600 | stat.S_IFBLK, os.makedev(*map(int, dev.read_text().split(":"))))
    return os.open(node, os.O_RDWR)


@specimen("block-empty", "block")
def _block_empty(keep: Keep) -> int:
    return os.open("/dev/loop7", os.O_RDONLY | os.O_NONBLOCK)


@specimen("memfd", "memfd", content=b"memfd data", consume=reads(99))
def _memfd(keep: Keep) -> int:
    fd = os.memfd_create("route-cache", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.pwrite(fd, b"memfd data", 0)
    return fd


@specimen("memfd-sealed", "memfd", content=b"sealed", consume=reads(99))
def _memfd_sealed(keep: Keep) -> int:
    fd = os.memfd_create("x (deleted)", os.MFD_ALLOW_SEALING)
    os.pwrite(fd, b"sealed", 0)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
    return fd


@specimen("memfd-hugetlb", "memfd")
def _memfd_huge(keep: Keep) -> int:
    return os.memfd_create("huge", os.MFD_HUGETLB)


_secrets: dict[int, mmap.mmap] = {}


@specimen(
    "secretmem",
    "secretmem",
    consume=lambda fd: _secrets[fd][:6],
    expected=b"secret",
    unseen=True,
)
def _secretmem(keep: Keep) -> int:
    fd = syscall("memfd_secret", 0)
    os.ftruncate(fd, 4096)
    _secrets[fd] = mmap.mmap(fd, 4096, mmap.MAP_SHARED)
    _secrets[fd][:6] = b"secret"
    return fd
