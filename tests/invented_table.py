"""The table of the invented ingestd 4182: 25 descriptors of most kinds, and who is around them."""

from __future__ import annotations

import errno
import os
import stat
from typing import NamedTuple

from fdtui.kinds.epoll import KIND as EPOLL
from fdtui.linux.json_types import Info
from fdtui.linux.mountinfo import Mount
from fdtui.linux.procfs import Entry, Failure, FdInfo
from fdtui.linux.pseudofs import pseudofs
from fdtui.linux.syscalls import Statx
from fdtui.survey.neighbours import Neighbour
from fdtui.survey.peers import Peer
from tests import invented_infos as infos
from tests.invented_processes import MIRA

INGESTD = 4182
VAR, ROOT = 31, 28  # mount ids
LOG = "/var/log/ingestd/access.log"
LOG_SIZE = 19_316_224
SPOOL = "/var/lib/ingestd/spool-0417.seg"
SPOOL_SIZE = 4_509_715_660
MOUNTS = {
    VAR: Mount(VAR, 28, (253, 2), "/", "/var", "rw", "ext4", "/dev/mapper/vg0-var"),
    ROOT: Mount(ROOT, 1, (253, 0), "/", "/", "rw", "xfs", "/dev/mapper/vg0-root"),
}
_LARGE = 0o100000  # O_LARGEFILE, as fdinfo has it
_ACCESS = {os.O_RDONLY: 4, os.O_WRONLY: 2, os.O_RDWR: 6}
_NONBLOCK = os.O_NONBLOCK | os.O_CLOEXEC
_MTIME = 1_763_820_743 * 10**9
Lines = tuple[tuple[str, str], ...]


class Invention(NamedTuple):
    """A descriptor: its row, and what only an acquired one tells ({} where nothing more is)."""

    entry: Entry
    info: Info


def statx(mode: int, ino: int, dev: tuple[int, int], size: int = 0, **rest: int) -> Statx:
    """A file; what matters else is given by the name of its field."""
    fields = {
        "rdev_major": 0,
        "rdev_minor": 0,
        "nlink": 1,
        "uid": MIRA,
        "gid": 4,
        "blocks": -(-size // 4096) * 8,
        "blksize": 4096,
        "mtime_ns": _MTIME,
        "mnt_id": VAR,
        **rest,
    }
    return Statx(mode=mode, ino=ino, dev_major=dev[0], dev_minor=dev[1], size=size, **fields)


def row(
    fd: int,
    link: str,
    flags: int,
    st: Statx | None = None,
    *,
    pos: int = 0,
    lines: Lines = (),
    proto: str = "",
    pid: int = INGESTD,
    info: Info | None = None,
) -> Invention:
    """A row of a table; pipes and sockets have their inode in the link."""
    number = link.partition("[")[2].rstrip("]")
    ino = st.ino if st else int(number) if number.isdigit() else 1057
    fdinfo = FdInfo(pos, flags | _LARGE, st.mnt_id if st else 15, ino, lines)
    access = _ACCESS[flags & os.O_ACCMODE]
    return Invention(Entry(pid, fd, access, link, fdinfo, st, proto, None), info or {})


def file(
    fd: int,
    path: str,
    flags: int,
    ino: int,
    size: int,
    pos: int = 0,
    *,
    lines: Lines = (),
    pid: int = INGESTD,
    **rest: int,
) -> Invention:
    """A regular file, on /var where nothing else is said."""
    st = statx(stat.S_IFREG | 0o640, ino, (253, 2), size, **rest)
    return row(fd, path, flags | os.O_CLOEXEC, st, pos=pos, lines=lines, pid=pid)


def anonymous(fd: int, word: str, lines: Lines = (), *, info: Info | None = None) -> Invention:
    """An anonymous inode."""
    return row(fd, f"anon_inode:{word}", os.O_RDWR | _NONBLOCK, lines=lines, info=info)


def socket(fd: int, ino: int, proto: str, info: Info) -> Invention:
    """A socket."""
    return row(fd, f"socket:[{ino}]", os.O_RDWR | _NONBLOCK, proto=proto, info=info)


def _epoll() -> Invention:
    """Watches ten, three of them ready; fd 14 is watched as a ghost once ingestd closed it."""
    watched = {
        5: (0x19, 0x690),
        6: (0x8000001D, 0x7E0),
        9: (0x8000001C, 0xBD0),
        10: (0x19, 0xD20),
        12: (0x19, 0xFC0),
        14: (0x19, 0x1260),
        15: (0x80002019, 0x13B0),
        16: (0x19, 0x1500),
        17: (0x19, 0x1650),
        23: (0x19, 0x1E30),
    }
    lines = tuple(
        ("tfd", f"{fd} events: {events:x} data: {0x55D0C1A40000 + data:x}")
        for fd, (events, data) in watched.items()
    )
    found = row(3, "anon_inode:[eventpoll]", os.O_RDWR | os.O_CLOEXEC, lines=lines)
    tfds = EPOLL.describe(found.entry)["tfds"]
    assert isinstance(tfds, list)
    return found._replace(info={"tfds": [{**tfd, "ghost": tfd["tfd"] == 14} for tfd in tfds]})


def _devices() -> list[Invention]:
    null = statx(stat.S_IFCHR | 0o666, 4, (0, 6), rdev_major=1, rdev_minor=3, mnt_id=25)
    pts = statx(stat.S_IFCHR | 0o620, 6, (0, 24), rdev_major=136, rdev_minor=3, mnt_id=26)
    known: Info = {"rdev": "1:3", "driver": "mem", "device": "null"}
    return [
        row(0, "/dev/null", os.O_RDONLY, null, info=known),
        row(2, "/dev/pts/3", os.O_RDWR, pts, info=infos.TERMINAL),
    ]


def _internal() -> list[Invention]:
    """A memfd and a namespace: told by the devices of this kernel's internal file systems."""
    memory = statx(
        stat.S_IFREG | 0o777, 1033, pseudofs().shmem or (0, 1), 64 << 20, nlink=0, mnt_id=1
    )
    space = statx(stat.S_IFREG | 0o444, 4026531840, pseudofs().ns or (0, 4), mnt_id=4)
    sealed: Info = {
        "memfd_name": "route-cache",
        "seals": ["grow", "shrink"],
        "blocks": memory.blocks,
        "nlink": 0,
    }
    host: Info = {"ns_ino": 4026531840, "ns_type": "net", "host": True}
    return [
        row(11, "/memfd:route-cache (deleted)", os.O_RDWR | os.O_CLOEXEC, memory, info=sealed),
        row(21, "net:[4026531840]", os.O_CLOEXEC, space, info=host),
    ]


def _queues() -> list[Invention]:
    full: Info = {"queued": 12_288, "capacity": 65_536, "readers": True}
    empty: Info = {"queued": 0, "capacity": 65_536, "writers": True}
    return [
        row(1, "pipe:[884101]", os.O_WRONLY, info=full),
        row(14, "pipe:[884377]", os.O_CLOEXEC, info=empty),
        socket(5, 884_401, "TCP", infos.LISTENER),
        socket(6, 884_402, "TCP", infos.CLIENT),
        socket(9, 884_403, "UNIX", infos.LOGGING),
        socket(15, 884_501, "TCP", infos.DATABASE),
        socket(16, 884_502, "UDP", infos.METRICS),
        socket(23, 884_601, "UNIX-STREAM", infos.CONTROL),
    ]


def _events() -> list[Invention]:
    timer: Lines = (
        ("clockid", "1"),
        ("ticks", "0"),
        ("settime flags", "00"),
        ("it_value", "(0, 420000000)"),
        ("it_interval", "(1, 0)"),
    )
    rings: Lines = (
        ("SqMask", "0xff"),
        ("SqHead", "100"),
        ("SqTail", "104"),
        ("CqMask", "0x1ff"),
        ("CqHead", "100"),
        ("CqTail", "100"),
    )
    return [
        _epoll(),
        anonymous(4, "[eventfd]", (("eventfd-count", "0"), ("eventfd-id", "7"))),
        anonymous(10, "[timerfd]", timer),
        anonymous(12, "inotify", info=infos.WATCHES),
        anonymous(17, "[pidfd]", (("Pid", "4190"), ("NSpid", "4190")), info=infos.WORKER),
        anonymous(19, "[io_uring]", rings),
        anonymous(22, "[signalfd]", (("sigmask", "0000000000014003"),)),
    ]


def _files() -> list[Invention]:
    lock = (("lock", "1: FLOCK  ADVISORY  WRITE 4182 fd:02:1311842 0 EOF"),)
    toml, audit = "/etc/ingestd/conf.d/routes.toml", "/var/log/ingestd/audit.log"
    folder = statx(stat.S_IFDIR | 0o750, 1_311_001, (253, 2), 4096, nlink=9)
    append = os.O_WRONLY | os.O_APPEND
    return [
        file(7, LOG, os.O_WRONLY, 1_311_842, LOG_SIZE, LOG_SIZE, lines=lock),
        file(8, f"{SPOOL} (deleted)", os.O_RDWR, 1_311_907, SPOOL_SIZE, 4_187_593_113, nlink=0),
        file(13, toml, os.O_RDONLY, 2_097_411, 6_246, 4_096, mnt_id=ROOT),
        file(24, audit, append, 1_311_843, 2_202_009, 2_202_009),
        row(18, "/var/lib/ingestd", os.O_DIRECTORY | os.O_CLOEXEC, folder),
    ]


def table() -> dict[int, Invention]:
    """The 25 rows by number; fd 20 is one that may not be looked at."""
    refused = Entry(INGESTD, 20, -1, "", None, None, "", Failure("readlink", errno.EACCES))
    groups = (_devices(), _internal(), _queues(), _events(), _files(), [Invention(refused, {})])
    found = {one.entry.fd: one for group in groups for one in group}
    return {fd: found[fd] for fd in sorted(fd for fd in found if isinstance(fd, int))}


def _around(*peers: Peer, sharers: tuple[tuple[int, int], ...] = ()) -> Neighbour:
    return Neighbour(peers, sharers, (), "a set" if sharers else None, "")


NEIGHBOURS = {
    1: _around(Peer(4183, 0, "tee", "reader")),
    2: _around(Peer(3884, 9, "sshd", "master"), sharers=((3885, 0), (3885, 1), (3885, 2))),
    4: _around(Peer(4190, 4, "ingest-worker", "same counter"), sharers=((4190, 4),)),
    5: _around(sharers=((4190, 5),)),
    6: _around(),
    7: Neighbour((), ((4190, 7), (4190, 31)), ((5122, 3),), "a log", ""),
    9: _around(Peer(611, 4, "rsyslogd", "server")),
    10: _around(),
    11: _around(sharers=((4190, 11),)),
    14: _around(Peer(4201, 1, "gzip", "writer")),
    15: _around(Peer(1739, 8, "postgres", "other end")),
    17: _around(Peer(4190, None, "ingest-worker", "process")),
}


def others() -> dict[int, dict[int, Invention]]:
    """A database file of node 5120, and the log as tail 5122 reads it."""
    db = file(9, "/srv/grafter/grafter.db", os.O_RDWR, 88_121, 118_272, 0x28, pid=5120, mnt_id=ROOT)
    tail = file(3, LOG, os.O_RDONLY, 1_311_842, LOG_SIZE, LOG_SIZE - 4_198, pid=5122)
    return {5120: {9: db}, 5122: {3: tail}}
