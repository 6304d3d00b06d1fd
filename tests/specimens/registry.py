"""What a specimen is, and the one list of them."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass, field

from fdtui.linux.status import CAP_SYS_ADMIN, read_status

Keep = list[object]  # what must stay open beside the descriptor that is looked at
Make = Callable[[Keep], int]
Consume = Callable[[int], bytes]


class Absent(Exception):
    """This machine lacks what the specimen needs; the message names it."""


@dataclass(frozen=True, slots=True)
class Specimen:
    """One live descriptor.

    `content` is what a view must show, `consume` what the target itself then reads, and `expected`
    what that must be; `volatile` names facts that change by themselves.
    """

    name: str
    kind: str
    make: Make
    content: bytes | None = None
    consume: Consume | None = None
    expected: bytes | None = None
    volatile: frozenset[str] = field(default_factory=frozenset)
    unseen: bool = False  # a view must say why it shows no bytes


SPECIMENS: dict[str, Specimen] = {}


def specimen(
    name: str,
    kind: str,
    *,
    content: bytes | None = None,
    consume: Consume | None = None,
    expected: bytes | None = None,
    volatile: tuple[str, ...] = (),
    unseen: bool = False,
) -> Callable[[Make], Make]:
    """Register the maker below it."""

    def register(make: Make) -> Make:
        assert name not in SPECIMENS, name
        if expected is None and content is not None and consume is not None:
            reads = content
        else:
            reads = expected if expected is not None else b""
        SPECIMENS[name] = Specimen(
            name, kind, make, content, consume, reads, frozenset(volatile), unseen
        )
        return make

    return register


# What errno says that the kernel or the machine has no such thing.
_NO_SUCH_THING = frozenset(
    {
        errno.ENOSYS,
        errno.ENODEV,
        errno.ENXIO,
        errno.EAFNOSUPPORT,
        errno.EPROTONOSUPPORT,
        errno.ESOCKTNOSUPPORT,
        errno.EOPNOTSUPP,
        errno.ENOPROTOOPT,
    }
)


_SYSTEM = ("/dev/", "/proc/", "/sys/")


def reason_for(error: Exception) -> str | None:
    """Say what is missing here; None when the specimen could have been made."""
    if isinstance(error, Absent):
        return str(error)
    if not isinstance(error, OSError):
        return None
    no_device = error.errno == errno.ENOENT and str(error.filename).startswith(_SYSTEM)
    if error.errno in _NO_SUCH_THING or no_device:
        return f"not on this machine: {error}"
    refused = error.errno in (errno.EPERM, errno.EACCES)
    if refused and not read_status().capable(CAP_SYS_ADMIN):
        return f"no permission: {error}"
    return None


_libc = ctypes.CDLL(None, use_errno=True)
_NUMBERS = {
    "x86_64": {
        "mq_open": 240,
        "mq_unlink": 241,
        "mq_timedsend": 242,
        "mq_timedreceive": 243,
        "mq_notify": 244,
        "unshare": 272,
        "timerfd_create": 283,
        "timerfd_settime": 286,
        "signalfd4": 289,
        "inotify_init1": 294,
        "inotify_add_watch": 254,
        "perf_event_open": 298,
        "fanotify_init": 300,
        "fanotify_mark": 301,
        "seccomp": 317,
        "bpf": 321,
        "userfaultfd": 323,
        "io_uring_setup": 425,
        "open_tree": 428,
        "fsopen": 430,
        "fsconfig": 431,
        "fsmount": 432,
        "landlock_create_ruleset": 444,
        "memfd_secret": 447,
        "getdents64": 217,
        "getppid": 110,
        "pidfd_open": 434,
    },
    "aarch64": {
        "mq_open": 180,
        "mq_unlink": 181,
        "mq_timedsend": 182,
        "mq_timedreceive": 183,
        "mq_notify": 184,
        "unshare": 97,
        "timerfd_create": 85,
        "timerfd_settime": 86,
        "signalfd4": 74,
        "inotify_init1": 26,
        "inotify_add_watch": 27,
        "perf_event_open": 241,
        "fanotify_init": 262,
        "fanotify_mark": 263,
        "seccomp": 277,
        "bpf": 280,
        "userfaultfd": 282,
        "io_uring_setup": 425,
        "open_tree": 428,
        "fsopen": 430,
        "fsconfig": 431,
        "fsmount": 432,
        "landlock_create_ruleset": 444,
        "memfd_secret": 447,
        "getdents64": 61,
        "getppid": 173,
        "pidfd_open": 434,
    },
}[platform.machine()]


def number_of(name: str) -> int:
    """The number of a system call on this machine."""
    return _NUMBERS[name]


def syscall(name: str, *args: object) -> int:
    """Make any system call; OSError when the kernel says no."""
    words = [ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in args]
    result = _libc.syscall(ctypes.c_long(_NUMBERS[name]), *words)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), name)
    return int(result)


def buffer(data: bytes, size: int = 0) -> ctypes.Array[ctypes.c_char]:
    """Bytes as memory for a system call, zeros behind them up to `size`."""
    return ctypes.create_string_buffer(data.ljust(size, b"\0"), max(size, len(data)))


def reads(size: int) -> Consume:
    """The target's own read(2)."""
    return lambda fd: os.read(fd, size)
