"""Kernel values of flags and states: the kernel's, never the C library's.

`os.O_LARGEFILE` is 0 where glibc hides it, while fdinfo carries 0100000.
"""

from __future__ import annotations

import os

from fdtui.linux.lean import cache, signal

_ARM = os.uname().machine in ("aarch64", "arm64", "armv7l")


class Flags:
    """Bits by name: plain numbers, for an IntFlag costs 50 us a member at every start."""

    @classmethod
    def members(cls) -> dict[str, int]:
        """Return the bits in the order they are written down."""
        return {name: value for name, value in vars(cls).items() if isinstance(value, int)}


class OpenFlags(Flags):
    """File status and creation flags as fdinfo prints them (asm/fcntl.h), open(2) names."""

    O_WRONLY = 0o1
    O_RDWR = 0o2
    O_CREAT = 0o100
    O_EXCL = 0o200
    O_NOCTTY = 0o400
    O_TRUNC = 0o1000
    O_APPEND = 0o2000
    O_NONBLOCK = 0o4000
    O_DSYNC = 0o10000
    O_ASYNC = 0o20000
    O_DIRECT = 0o200000 if _ARM else 0o40000
    O_LARGEFILE = 0o400000 if _ARM else 0o100000
    O_DIRECTORY = 0o40000 if _ARM else 0o200000
    O_NOFOLLOW = 0o100000 if _ARM else 0o400000
    O_NOATIME = 0o1000000
    O_CLOEXEC = 0o2000000
    O_SYNC = 0o4010000
    O_PATH = 0o10000000
    O_TMPFILE = 0o20000000


O_ACCMODE = 0o3


_BY_WIDTH = sorted(OpenFlags.members().items(), key=lambda item: -item[1].bit_count())
_ORDER = list(OpenFlags.members())


def open_flag_names(flags: int) -> list[str]:
    """Return the open(2) names, access mode first; unknown bits as one octal word."""
    found = set()
    rest = flags & ~O_ACCMODE
    # O_SYNC contains O_DSYNC: the wider name wins.
    for name, flag in _BY_WIDTH:
        if not flag & O_ACCMODE and rest & flag == flag:
            found.add(name)
            rest &= ~flag
    access = ["O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"][flags & O_ACCMODE]
    names = [] if flags & OpenFlags.O_PATH else [access]
    names += [name for name in _ORDER if name in found]
    return [*names, oct(rest)] if rest else names


def access_mode(flags: int) -> str:
    """Return `r`, `w`, `rw` or `path`, as UX has it."""
    if flags & OpenFlags.O_PATH:
        return "path"
    return ("r", "w", "rw", "rw")[flags & O_ACCMODE]


class Seals(Flags):
    """memfd seals, F_GET_SEALS of fcntl(2)."""

    seal = 0x1
    shrink = 0x2
    grow = 0x4
    write = 0x8
    future_write = 0x10
    exec = 0x20


class TcpState:
    """TCP states as the kernel numbers them (net/tcp_states.h), ss(8) words."""

    ESTAB = 1
    SYN_SENT = 2
    SYN_RECV = 3
    FIN_WAIT_1 = 4
    FIN_WAIT_2 = 5
    TIME_WAIT = 6
    CLOSE = 7
    CLOSE_WAIT = 8
    LAST_ACK = 9
    LISTEN = 10
    CLOSING = 11
    NEW_SYN_RECV = 12


TCP_STATES = {number: name for name, number in vars(TcpState).items() if name.isupper()}


class EpollEvents(Flags):
    """Events of epoll_ctl(2)."""

    IN = 0x1
    PRI = 0x2
    OUT = 0x4
    ERR = 0x8
    HUP = 0x10
    RDNORM = 0x40
    RDBAND = 0x80
    WRNORM = 0x100
    WRBAND = 0x200
    MSG = 0x400
    RDHUP = 0x2000
    EXCLUSIVE = 1 << 28
    WAKEUP = 1 << 29
    ONESHOT = 1 << 30
    ET = 1 << 31


def flag_names(value: int, flags: type[Flags]) -> list[str]:
    """Return the names of the bits set, in the order of the class; unknown bits as one hex word."""
    names = []
    for name, flag in flags.members().items():
        if value & flag:
            names.append(name)
            value &= ~flag
    if value:
        names.append(hex(value))
    return names


def signal_name(number: int) -> str:
    """Return `INT`, `CHLD`, `RTMIN+3`: kill(1) words without SIG."""
    if 32 <= number <= 33:
        return f"NPTL{number - 32}"
    if number >= 34:
        return f"RTMIN+{number - 34}" if number > 34 else "RTMIN"
    return _signals().get(number) or str(number)


@cache
def _signals() -> dict[int, str]:
    # IOT and CLD, POLL are older words for ABRT, CHLD and IO.
    words = {
        name.removeprefix("SIG"): number
        for name, number in vars(signal).items()
        if name.startswith("SIG") and name[3:].isalnum()
    }
    return {number: word for word, number in words.items() if word not in ("IOT", "CLD", "POLL")}
