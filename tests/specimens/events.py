"""Specimens of anonymous inodes that report events, and pidfds and namespaces."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import select
import signal
import socket
import struct
import tempfile
from pathlib import Path

from tests.specimens.files import folder
from tests.specimens.registry import Absent, Keep, Make, buffer, reads, specimen, syscall


@specimen("eventfd", "eventfd", consume=reads(8), expected=struct.pack("Q", 42))
def _eventfd(keep: Keep) -> int:
    return os.eventfd(42, os.EFD_NONBLOCK)


@specimen("eventfd-semaphore", "eventfd", consume=reads(8), expected=struct.pack("Q", 1))
def _semaphore(keep: Keep) -> int:
    return os.eventfd(3, os.EFD_SEMAPHORE)


def _timer(value: float, interval: float, clock: int = 1) -> int:
    fd = syscall("timerfd_create", clock, os.O_NONBLOCK)
    words = (int(interval), int(interval % 1 * 1e9), int(value), int(value % 1 * 1e9))
    syscall("timerfd_settime", fd, 0, buffer(struct.pack("4q", *words)), None)
    return fd


@specimen("timerfd", "timerfd", volatile=("it_value",))
def _timerfd(keep: Keep) -> int:
    return _timer(100.0, 0.5)


@specimen("timerfd-expired", "timerfd", consume=reads(8), expected=struct.pack("Q", 1))
def _timerfd_expired(keep: Keep) -> int:
    fd = _timer(0.000001, 0.0, 0)
    select.select([fd], [], [], 5)
    return fd


@specimen("timerfd-idle", "timerfd")
def _timerfd_idle(keep: Keep) -> int:
    return syscall("timerfd_create", 7, 0)


@specimen(
    "signalfd",
    "signalfd",
    consume=lambda fd: os.read(fd, 128)[:1],
    expected=bytes([signal.SIGUSR1]),
)
def _signalfd(keep: Keep) -> int:
    wanted = (signal.SIGUSR1, signal.SIGRTMIN + 3)
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    mask = struct.pack("Q", sum(1 << number - 1 for number in wanted))
    fd = syscall("signalfd4", -1, buffer(mask), 8, os.O_NONBLOCK)
    os.kill(os.getpid(), signal.SIGUSR1)
    return fd


def _waits(fd: int) -> bytes:
    with select.epoll.fromfd(os.dup(fd)) as epoll:
        return repr(sorted(events for _, events in epoll.poll(0))).encode()


@specimen(
    "epoll",
    "epoll",
    consume=_waits,
    expected=repr(sorted((select.EPOLLIN, select.EPOLLIN | select.EPOLLOUT))).encode(),
)
def _epoll(keep: Keep) -> int:
    reader, writer = os.pipe()
    os.write(writer, b"x")
    near, far = socket.socketpair()
    far.send(b"x")
    epoll = select.epoll()
    epoll.register(reader, select.EPOLLIN)
    wanted = select.EPOLLIN | select.EPOLLOUT | select.EPOLLET | select.EPOLLONESHOT
    epoll.register(near, wanted)
    keep.extend((epoll, near, far, writer))
    return epoll.fileno()


@specimen("epoll-ghost", "epoll", consume=_waits, expected=b"[1]")
def _epoll_ghost(keep: Keep) -> int:
    reader, writer = os.pipe()
    os.write(writer, b"x")
    epoll = select.epoll()
    epoll.register(reader, select.EPOLLIN)
    keep.extend((epoll, os.dup(reader), writer))
    os.close(reader)
    return epoll.fileno()


@specimen("epoll-empty", "epoll")
def _epoll_empty(keep: Keep) -> int:
    epoll = select.epoll()
    keep.append(epoll)
    return epoll.fileno()


@specimen(
    "inotify",
    "inotify",
    consume=reads(99),
    expected=struct.pack("iIII16s", 1, 0x100, 0, 16, b"trigger"),
)
def _inotify(keep: Keep) -> int:
    path = tempfile.mkdtemp(dir=folder(), prefix="watched ")
    try:
        fd = syscall("inotify_init1", os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.EMFILE:
            raise
        raise Absent("an instance left of fs.inotify.max_user_instances") from error
    in_create = 0x100
    syscall("inotify_add_watch", fd, buffer(os.fsencode(path) + b"\0"), in_create)
    syscall("inotify_add_watch", fd, buffer(b"/usr/share\0"), 0x2 | 0x80000000)
    Path(path, "trigger").touch()
    return fd


def _notified(fd: int) -> bytes:
    length, _, _, _, mask, opened, _ = struct.unpack_from("IBBHQii", os.read(fd, 24))
    os.close(opened)
    return f"{length} {mask:#x}".encode()


@specimen("fanotify", "fanotify", consume=_notified, expected=b"24 0x20")
def _fanotify(keep: Keep) -> int:
    path = Path(tempfile.mkdtemp(dir=folder()), "marked")
    path.touch()
    nonblock, mark_add, fan_open, at_fdcwd = 0x2, 1, 0x20, -100
    fd = syscall("fanotify_init", nonblock, os.O_RDONLY)
    syscall("fanotify_mark", fd, mark_add, fan_open, at_fdcwd, buffer(os.fsencode(path) + b"\0"))
    path.read_bytes()
    return fd


@specimen("fanotify-filesystem", "fanotify")
def _fanotify_filesystem(keep: Keep) -> int:
    nonblock, mark_filesystem, fan_delete_self, at_fdcwd = 0x2, 0x101, 0x400, -100
    fd = syscall("fanotify_init", nonblock | 0x200, os.O_RDONLY)
    syscall("fanotify_mark", fd, mark_filesystem, fan_delete_self, at_fdcwd, buffer(b"/dev/shm\0"))
    return fd


@specimen("pidfd", "pidfd")
def _pidfd(keep: Keep) -> int:
    return os.pidfd_open(os.getpid())


@specimen("pidfd-thread", "pidfd")
def _pidfd_thread(keep: Keep) -> int:
    return syscall("pidfd_open", os.getpid(), os.O_EXCL)


@specimen("pidfd-ended", "pidfd")
def _pidfd_ended(keep: Keep) -> int:
    child = os.fork()
    if child == 0:
        os._exit(3)
    fd = os.pidfd_open(child)
    os.waitpid(child, 0)
    return fd


def _namespace(kind: str) -> Make:
    return lambda keep: os.open(f"/proc/self/ns/{kind}", os.O_RDONLY)


for _kind in ("net", "pid", "mnt", "user", "uts", "ipc", "time", "cgroup"):
    specimen(f"namespace-{_kind}", "namespace")(_namespace(_kind))


@specimen("userfaultfd", "userfaultfd")
def _userfaultfd(keep: Keep) -> int:
    return syscall("userfaultfd", os.O_CLOEXEC | os.O_NONBLOCK)


@specimen("io_uring", "io_uring")
def _io_uring(keep: Keep) -> int:
    return syscall("io_uring_setup", 8, ctypes.create_string_buffer(120))


def _perf(
    kind: int, config: int, *, read_format: int = 0, group: int = -1, more: bytes = b""
) -> int:
    attributes = bytearray(128)
    struct.pack_into("IIQ", attributes, 0, kind, 128, config)
    struct.pack_into("Q", attributes, 32, read_format)
    attributes[52 : 52 + len(more)] = more
    return syscall("perf_event_open", buffer(bytes(attributes)), 0, -1, group, 0)


_faults: dict[int, bytes] = {}
_FAULTS = (1, 2)  # PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS
_DISABLE = 0x2401


def _fault_and_stop(fd: int) -> int:
    """Touch fresh pages, then stop counting: from here on the count must stay."""
    with mmap.mmap(-1, 1 << 20) as fresh:
        for page in range(0, len(fresh), mmap.PAGESIZE):
            fresh[page] = 1
    fcntl.ioctl(fd, _DISABLE, 0)
    _faults[fd] = os.read(fd, 4096)
    return fd


def _same_count(fd: int) -> bytes:
    return b"same" if os.read(fd, 4096) == _faults[fd] else b"changed"


@specimen("perf_event", "perf_event", consume=_same_count, expected=b"same")
def _perf_event(keep: Keep) -> int:
    return _fault_and_stop(_perf(*_FAULTS))


@specimen("perf-times", "perf_event", consume=_same_count, expected=b"same")
def _perf_times(keep: Keep) -> int:
    enabled, running, ident = 1, 2, 4
    return _fault_and_stop(_perf(*_FAULTS, read_format=enabled | running | ident))


@specimen("perf-member", "perf_event", consume=_same_count, expected=b"same")
def _perf_member(keep: Keep) -> int:
    ident, group = 4, 8
    leader = _perf(1, 3, read_format=ident | group)
    member = _fault_and_stop(_perf(*_FAULTS, read_format=ident | group, group=leader))
    fcntl.ioctl(leader, _DISABLE, 0)
    _faults[member] = os.read(member, 4096)
    return member


@specimen("perf-breakpoint", "perf_event")
def _perf_breakpoint(keep: Keep) -> int:
    breakpoint_, write = 5, 2
    where = ctypes.create_string_buffer(16)
    address = ctypes.addressof(where) + 7 & -8
    keep.append(where)
    return _perf(breakpoint_, 0, more=struct.pack("=IQQ", write, address, 8))
