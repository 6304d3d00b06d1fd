"""Rows of descriptor tables, as every scan engine yields them."""

from __future__ import annotations

import os

from fdtui.linux.lean import TYPE_CHECKING, NamedTuple
from fdtui.linux.procfs import Entry, Failure, FdInfo, parse_fdinfo
from fdtui.linux.syscalls import Statx

if TYPE_CHECKING:
    from typing import ClassVar, TypeAlias


class Wants(int):
    """What a question needs of each descriptor; each adds calls (us per descriptor in Python)."""

    LINK: ClassVar[Wants]  # readlink: 1.1
    FDINFO: ClassVar[Wants]  # open, read, close: 3.5
    STAT: ClassVar[Wants]  # statx: 1.2
    PROTO: ClassVar[Wants]  # getxattr, sockets only: 2
    ALL: ClassVar[Wants]

    def __or__(self, other: int) -> Wants:
        return Wants(int(self) | other)


Wants.LINK, Wants.FDINFO, Wants.STAT, Wants.PROTO, Wants.ALL = map(Wants, (1, 2, 4, 8, 15))


class Sock(NamedTuple):
    """State of one socket; queues in bytes (listeners: waiting and allowed connections).

    Ports are numbers, addresses text, `path` a unix name (`@` first when abstract).  A queue is
    None where the iterator cannot count it.
    """

    family: int
    type: int
    protocol: int
    state: int
    laddr: str
    lport: int
    raddr: str
    rport: int
    recv_queue: int | None
    send_queue: int | None
    netns: int
    peer_ino: int
    path: str


class _Split(dict[int, tuple[int, int]]):
    """The device number of os.stat_result -> (major, minor)."""

    def __missing__(self, number: int) -> tuple[int, int]:
        found = self[number] = os.major(number), os.minor(number)
        return found


_split = _Split()


class Record(NamedTuple):
    """One descriptor.  -1 stands for what was not asked or not told, as "" for texts.

    `access` is 4 read, 2 write, 0 neither (O_PATH); `dev` and `rdev` as in os.stat_result;
    `blocks` in units of 512 bytes; `uid` of the file's owner; `extra` the kind's own fdinfo lines;
    `ofd` equal for descriptors of one open file description within one sweep, 0 unknown;
    `error` (call, errno).  A record with fd -1 is a table that could not be listed.
    """

    pid: int
    fd: int
    link: str
    access: int
    flags: int
    pos: int
    mnt_id: int
    ino: int
    dev: int
    rdev: int
    mode: int
    size: int
    blocks: int
    nlink: int
    uid: int
    extra: str
    sockproto: str
    ofd: int
    sock: Sock | None
    error: tuple[str, int] | None

    @property
    def entry(self) -> Entry:
        """The same row as kinds take it; times and block size are 0, no scan asks for them."""
        info = None
        if self.flags >= 0:
            lines = parse_fdinfo(os.fsencode(self.extra)).lines if self.extra else ()
            info = FdInfo(self.pos, self.flags, self.mnt_id, self.ino, lines)
        stat = None
        if self.nlink >= 0:
            (major, minor), (rdev_major, rdev_minor) = _split[self.dev], _split[self.rdev]
            # fmt: off
            stat = Statx(
                self.mode, self.ino, major, minor, rdev_major, rdev_minor, self.nlink, self.uid, 0,
                self.size, self.blocks, 0, 0, self.mnt_id,
            )
            # fmt: on
        failure = Failure(*self.error) if self.error else None
        return Entry(self.pid, self.fd, self.access, self.link, info, stat, self.sockproto, failure)


class Owner(NamedTuple):
    """The process of a table.  `fds`: how many it has, -1 when refused; `error` (call, errno)."""

    pid: int
    start_time: int  # clock ticks since boot
    comm: str
    uid: int  # owner of /proc/PID: effective, root for a non-dumpable process
    fds: int
    error: tuple[str, int] | None
    ppid: int
    kernel: bool  # a kernel thread


Row: TypeAlias = tuple[object, ...]  # a Record that marshal can carry


class Table(NamedTuple):
    """A process and its descriptors in order of their numbers."""

    owner: Owner
    records: list[Record]
