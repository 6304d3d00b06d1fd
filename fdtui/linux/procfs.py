"""/proc: pure `parse_*` functions beside `ProcFs`, which does the reading.

Names and link texts come from strangers and are `str` with surrogate escapes, as they are.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator

from fdtui.errors import errno_name
from fdtui.linux import syscalls
from fdtui.linux.lean import TYPE_CHECKING, NamedTuple
from fdtui.linux.syscalls import Statx

if TYPE_CHECKING:
    from fdtui.linux.hidepid import Hiding

LONGEST = 64 << 20  # bytes: only against a file without end
SPECIALS = ("cwd", "root", "exe")  # rows that are no descriptors but hold a file all the same


class Failure(NamedTuple):
    """A call that said no: a row of its own, never an abort."""

    call: str
    errno: int

    @property
    def name(self) -> str:
        """`EACCES`."""
        return errno_name(self.errno)

    def __str__(self) -> str:
        return f"{self.call}: {os.strerror(self.errno)} ({self.name})"


class ProcStat(NamedTuple):
    """The fields of /proc/PID/stat that fdtui uses; `start_time` in clock ticks since boot."""

    pid: int
    comm: str
    state: str
    ppid: int
    start_time: int
    num_threads: int


class FdInfo(NamedTuple):
    """/proc/PID/fdinfo/N, proc_pid_fdinfo(5): `lines` are those only this kind has, in order."""

    pos: int
    flags: int
    mnt_id: int
    ino: int
    lines: tuple[tuple[str, str], ...]

    def get(self, key: str) -> str | None:
        """Return the first value of a kind's line, None when the kernel prints none."""
        for name, value in self.lines:
            if name == key:
                return value
        return None

    def all(self, key: str) -> list[str]:
        """Return every value of a repeated line (`tfd`, `inotify`, `lock`)."""
        return [value for name, value in self.lines if name == key]


class Entry(NamedTuple):
    """One row of an fd table as /proc alone tells it.  What failed is `error`, the rest stands."""

    pid: int
    fd: int | str
    access: int  # 4 read, 2 write, 0 O_PATH: the mode bits of the link itself; -1 unknown
    link: str
    info: FdInfo | None
    stat: Statx | None
    sockproto: str  # system.sockprotoname, for sockets
    error: Failure | None

    @property
    def deleted(self) -> bool:
        """No name is left: decided by the link count, since a real name may end in (deleted)."""
        s = self.stat
        return s is not None and s.nlink == 0 and stat.S_IFMT(s.mode) in _NAMED

    @property
    def file_type(self) -> int:
        """`S_IFMT` of the file, 0 for anonymous inodes and where statx failed."""
        return stat.S_IFMT(self.stat.mode) if self.stat else 0


_NAMED = {stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK}


def parse_stat(text: bytes) -> ProcStat:
    """Parse /proc/PID/stat; a command name may hold `)`, blanks and newlines."""
    head, _, tail = text.rpartition(b")")
    pid, _, comm = head.partition(b"(")
    fields = tail.split()
    return ProcStat(
        pid=int(pid),
        comm=os.fsdecode(comm),
        state=chr(fields[0][0]),
        ppid=int(fields[1]),
        start_time=int(fields[19]),
        num_threads=int(fields[17]),
    )


def parse_fdinfo(text: bytes) -> FdInfo:
    """Parse fdinfo; keys that a kernel does not print are -1 (`mnt_id`, `ino`) or absent."""
    pos, flags, mnt_id, ino = 0, 0, -1, -1
    lines = []
    for line in os.fsdecode(text).split("\n"):
        key, colon, value = line.partition(":")
        if key == "pos":
            pos = int(value)
        elif key == "flags":
            flags = int(value, 8)
        elif key == "mnt_id":
            mnt_id = int(value)
        elif key == "ino":
            ino = int(value)
        elif line:
            word, blank, rest = line.partition(" ")
            # "inotify wd:1 ino:..." and "fanotify ino:..." have no colon after their key.
            if blank and (not colon or ":" in rest) and ":" not in word:
                head = word if word in ("inotify", "fanotify") else key
                lines.append((head, rest if head == word else value.strip()))
            else:
                lines.append((key, value.strip()))
    return FdInfo(pos, flags, mnt_id, ino, tuple(lines))


def parse_limit_nofile(text: bytes) -> int:
    """Return the soft RLIMIT_NOFILE of /proc/PID/limits; -1 for unlimited or not found."""
    for line in text.split(b"\n"):
        if line.startswith(b"Max open files"):
            soft = line.split()[3]
            return -1 if soft == b"unlimited" else int(soft)
    return -1


def parse_cmdline(text: bytes) -> str:
    """Return the arguments with blanks between; empty for kernel threads."""
    return os.fsdecode(text.rstrip(b"\0").replace(b"\0", b" "))


def read_file(path: str, dir_fd: int | None = None, limit: int = LONGEST) -> bytes:
    """Read a procfs file up to `limit` bytes or somewhat more: three calls for a short one."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        data = os.read(fd, 4096)
        if len(data) < 4096:
            # seq_file returns short before the end only when the next record does not fit.
            more = os.read(fd, 65536) if data else b""
            if not more:
                return data
            data += more
        # An epoll of 20,000 descriptors has 1.5 MB of fdinfo, and a table of sockets, which comes
        # in pages of 4 KiB, as many: adding each to all before it would take minutes.
        chunks, length = [data], len(data)
        while length < limit and (more := os.read(fd, 65536)):
            chunks.append(more)
            length += len(more)
        return b"".join(chunks)
    finally:
        os.close(fd)


class ProcFs:
    """Reads one procfs; tests give a folder.  OSError is the caller's to show."""

    def __init__(self, root: str = "/proc") -> None:
        self.root = root

    def pids(self) -> list[int]:
        """Return the process ids that are listed, in no order."""
        return [int(name) for name in os.listdir(self.root) if name.isdigit()]

    def hiding(self) -> Hiding | None:
        """Return what is not listed, or by its number alone; None where all is."""
        from fdtui.linux.hidepid import hiding

        return hiding() if self.root == "/proc" else None

    def stat(self, pid: int) -> ProcStat:
        """Return name, state, parent and start time."""
        return parse_stat(read_file(f"{self.root}/{pid}/stat"))

    def start_time(self, pid: int) -> int:
        """Return the start time in clock ticks since boot: with the pid, a process's identity."""
        return self.stat(pid).start_time

    def uid(self, pid: int) -> int:
        """Return the owner of /proc/PID: the effective uid, root for a non-dumpable process."""
        return os.stat(f"{self.root}/{pid}").st_uid

    def cmdline(self, pid: int) -> str:
        """Return the command line, at most 4 KiB of it."""
        return parse_cmdline(read_file(f"{self.root}/{pid}/cmdline", limit=4096)[:4096])

    def limit_nofile(self, pid: int) -> int:
        """Return the soft limit on descriptors; -1 when unlimited."""
        return parse_limit_nofile(read_file(f"{self.root}/{pid}/limits"))

    def fd_count(self, pid: int) -> int:
        """Return the number of open descriptors: st_size since Linux 6.2, a listing before."""
        path = f"{self.root}/{pid}/fd"
        size = os.stat(path).st_size
        return size if size or FD_COUNT_IN_SIZE else len(os.listdir(path))

    def refusal(self, pid: int) -> int:
        """Return the errno with which its descriptors are refused, 0 when they can be read.

        Listing fd/ is a question of file modes, reading a link one of ptrace access: both count.
        """
        try:
            names = os.listdir(f"{self.root}/{pid}/fd")
            for name in names[:1]:
                os.readlink(f"{self.root}/{pid}/fd/{name}")
        except OSError as error:
            return 0 if gone(error) else error.errno or 0
        return 0

    def fds(self, pid: int) -> list[int]:
        """Return the descriptor numbers in order; needs the right to list /proc/PID/fd.

        fdinfo/ needs the right to attach instead: CAP_SYS_PTRACE opens it where fd/ is refused.
        """
        try:
            names = os.listdir(f"{self.root}/{pid}/fd")
        except PermissionError as refused:
            try:
                names = os.listdir(f"{self.root}/{pid}/fdinfo")
            except OSError:
                raise refused from None
        return sorted(map(int, names))

    def entry(self, pid: int, fd: int | str) -> Entry:
        """Return one row; a call that fails leaves its field empty and is the row's error."""
        base = f"{self.root}/{pid}"
        name = f"{base}/fd/{fd}" if isinstance(fd, int) else f"{base}/{fd}"
        access, link, info, st, error = -1, "", None, None, None
        try:
            access = os.lstat(name).st_mode >> 6 & 0o6 if isinstance(fd, int) else 4
        except OSError as failed:
            error = Failure("lstat", failed.errno or 0)
        try:
            link = os.readlink(name)
            st = self.statx(name)
        except OSError as failed:
            error = Failure("statx" if link else "readlink", failed.errno or 0)
        if isinstance(fd, int):
            try:
                info = parse_fdinfo(read_file(f"{base}/fdinfo/{fd}"))
            except OSError as failed:
                error = error or Failure("fdinfo", failed.errno or 0)
        # A socket's name in a directory is a file of its file system, which may be a dead server's.
        is_socket = st is not None and stat.S_ISSOCK(st.mode) and not link.startswith("/")
        proto = self.sockproto(name) if is_socket else ""
        return Entry(pid, fd, access, link, info, st, proto, error)

    def statx(self, name: str) -> Statx:
        """statx(2) through the magic link without asking a server (AT_STATX_DONT_SYNC)."""
        return syscalls.statx(syscalls.AT_FDCWD, name)

    def sockproto(self, name: str) -> str:
        """Return `TCP`, `UNIX-STREAM`, `NETLINK` ...: the protocol's name, not a path's."""
        try:
            return os.getxattr(name, "system.sockprotoname").rstrip(b"\0").decode()
        except OSError:
            return ""

    def entries(self, pid: int, fds: Iterable[int | str]) -> Iterator[Entry]:
        """Yield the rows of these numbers."""
        for fd in fds:
            yield self.entry(pid, fd)


def _fd_count_in_size() -> bool:
    """Linux 6.2 and later put the number of descriptors into st_size of /proc/PID/fd."""
    try:
        return os.stat("/proc/self/fd").st_size > 0
    except OSError:
        return False


FD_COUNT_IN_SIZE = _fd_count_in_size()


def gone(error: OSError) -> bool:
    """True when the process or descriptor vanished between two looks."""
    return error.errno in (errno.ENOENT, errno.ESRCH)
