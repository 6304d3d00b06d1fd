"""One process's descriptor table read with as few calls as the question needs.

Rows are plain tuples in the order of `Record`: at 100,000 rows objects cost more than the kernel.
Nothing here can be hung by a dead server: links, fdinfo, statx with AT_STATX_DONT_SYNC.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Callable, Sequence

from fdtui.linux import syscalls
from fdtui.linux.procfs import read_file
from fdtui.linux.record import Owner, Record, Row, Table, Wants

_GONE = (errno.ENOENT, errno.ESRCH, errno.EBADF)
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_INFO_READ = 4096
_PF_KTHREAD = 0x200000
_O_PATH = 0o10000000
_ACCESS = (4, 2, 6, 0)  # by O_ACCMODE; 3 is neither (ioctl only)

# statx(2): nlink uid (gid) mode, ino size blocks, (mask, four times), rdev dev as major and minor
_STATX = struct.Struct("=16xII4xH2xQQQ72xQQ")
_STATX_MASK = 0x70F  # type mode nlink uid ino size blocks
_STATX_INO = 0x101  # type ino
_STATX_FLAGS = syscalls.AT_STATX_DONT_SYNC | syscalls.AT_NO_AUTOMOUNT


class _Devices(dict[int, int]):
    """statx's major and minor as one u64 -> the number of os.stat_result."""

    def __missing__(self, pair: int) -> int:
        low, high = pair & 0xFFFFFFFF, pair >> 32
        major, minor = (low, high) if sys.byteorder == "little" else (high, low)
        dev = self[pair] = os.makedev(major, minor)
        return dev


_devices = _Devices()
_statx_buffer = ctypes.c_char * 256


def _find_statx() -> Callable[[int, bytes, int, int, object], int]:
    """glibc's and musl's statx; through syscall(2) where the C library is older than that."""
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        function = libc.statx
    except AttributeError:
        number = syscalls.NUMBERS.get("statx", -1)
        raw = libc.syscall
        raw.argtypes = (
            [ctypes.c_long] * 2 + [ctypes.c_char_p] + [ctypes.c_long] * 2 + [ctypes.c_void_p]
        )
        return lambda fd, name, flags, mask, buffer: int(raw(number, fd, name, flags, mask, buffer))
    function.argtypes = [
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_void_p,
    ]
    function.restype = ctypes.c_int
    found: Callable[[int, bytes, int, int, object], int] = function
    return found


_statx = _find_statx()


def owner_of(pid: int) -> Owner | None:
    """Name, start time, owner and count of a process; None when it is gone."""
    try:
        data = read_file(f"/proc/{pid}/stat")
        st = os.stat(f"/proc/{pid}/fd")
    except OSError:
        return None
    head, _, tail = data.rpartition(b")")
    comm = os.fsdecode(head.partition(b"(")[2])
    fields = tail.split(None, 20)  # from the third of proc_pid_stat(5): state, ppid ...
    kernel = bool(int(fields[6]) & _PF_KTHREAD)
    return Owner(pid, int(fields[19]), comm, st.st_uid, st.st_size, None, int(fields[1]), kernel)


def read_rows(pid: int, wants: Wants) -> tuple[Owner, list[Row]] | None:
    """A whole table as plain tuples; None when the process is gone."""
    owner = owner_of(pid)
    if owner is None:
        return None
    dirs: list[int] = []
    try:
        fd_dir, names = _list(pid, dirs)
    except OSError as refused:
        for number in dirs:
            os.close(number)
        if refused.errno in _GONE:
            return None
        return owner._replace(error=("open", refused.errno or 0)), []
    try:
        rows = _rows(pid, fd_dir, names, wants)
    finally:
        for number in dirs:
            os.close(number)
    return owner._replace(fds=max(owner.fds, len(names))), rows


def read_table(pid: int, wants: Wants = Wants.ALL) -> Table | None:
    """A whole table; None when the process is gone."""
    read = read_rows(pid, wants)
    return None if read is None else Table(read[0], as_records(read[1]))


def read_record(pid: int, fd: int, wants: Wants = Wants.ALL) -> Record | None:
    """One row; None when the process or the descriptor is gone, or its table is refused."""
    try:
        number = os.open(f"/proc/{pid}/fd", _DIRECTORY)
    except OSError:
        return None
    try:
        rows = _rows(pid, number, [fd], wants)
    finally:
        os.close(number)
    return Record._make(rows[0]) if rows else None


def fds_of_file(pid: int, dev: int, ino: int) -> list[int]:
    """The descriptors of one (st_dev, st_ino), by one statx each; [] when gone or refused."""
    found: list[int] = []
    try:
        number = os.open(f"/proc/{pid}/fd", _DIRECTORY)
    except OSError:
        return found
    buffer, statx, unpack = _statx_buffer(), _statx, _STATX.unpack_from
    try:
        for name in os.listdir(number):
            if statx(number, name.encode(), _STATX_FLAGS, _STATX_INO, buffer) == 0:
                fields = unpack(buffer)
                if fields[3] == ino and _devices[fields[7]] == dev:
                    found.append(int(name))
    except OSError:
        pass  # it ended while it was listed: what was found stands
    finally:
        os.close(number)
    return sorted(found)


def as_records(rows: Sequence[Row]) -> list[Record]:
    """Give the tuples their names."""
    return list(map(Record._make, rows))


def _list(pid: int, dirs: list[int]) -> tuple[int, list[int]]:
    """(directory of links, numbers in order); fdinfo/ opens to CAP_SYS_PTRACE where fd/ does not.

    Every directory opened is added to `dirs` for the caller to close.
    """
    try:
        number = os.open(f"/proc/{pid}/fd", _DIRECTORY)
    except PermissionError as refused:
        try:
            number = os.open(f"/proc/{pid}/fdinfo", _DIRECTORY)
        except OSError:
            raise refused from None
        dirs.append(number)
        return -1, sorted(map(int, os.listdir(number)))
    dirs.append(number)
    return number, sorted(map(int, os.listdir(number)))


def fdinfo_extra(pid: int, fd: int) -> str:
    """The lines of fdinfo that only the kind has; "" when it is gone or refused."""
    told = _fdinfo(f"/proc/{pid}/fdinfo/{fd}", -1)  # of a path that is absolute
    return "" if isinstance(told, int) else told[4]


def _parse(data: bytes) -> tuple[int, int, int, int, str]:
    """(pos, flags, mnt_id, ino or -1 before Linux 5.14, the rest) of fdinfo."""
    words = data.split(None, 8)
    if len(words) >= 8 and words[6] == b"ino:":
        extra = os.fsdecode(words[8]) if len(words) > 8 else ""
        return int(words[1]), int(words[3], 8), int(words[5]), int(words[7]), extra
    words = data.split(None, 6)
    extra = os.fsdecode(words[6]) if len(words) > 6 else ""
    return int(words[1]), int(words[3], 8), int(words[5]), -1, extra


def _fdinfo(name: str, info_dir: int) -> tuple[int, int, int, int, str] | int:
    """As _parse(), or the errno."""
    try:
        number = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=info_dir)
        try:
            data = os.read(number, _INFO_READ)
            if len(data) == _INFO_READ:
                chunks = [data]
                while more := os.read(number, 1 << 16):
                    chunks.append(more)
                data = b"".join(chunks)
        finally:
            os.close(number)
    except OSError as failed:
        return errno.EACCES if info_dir < 0 else failed.errno or errno.EIO
    return _parse(data) if data else errno.ENOENT


def _rows(pid: int, fd_dir: int, names: list[int], wants: Wants) -> list[Row]:
    """The loop that all the time is spent in: one turn per descriptor, nothing called twice."""
    rows: list[Row] = []
    want_link, want_info = bool(wants & (Wants.LINK | Wants.PROTO)), bool(wants & Wants.FDINFO)
    want_stat, want_proto = bool(wants & Wants.STAT), bool(wants & Wants.PROTO)
    readlink = os.readlink
    unpack, buffer, devices, statx = _STATX.unpack_from, _statx_buffer(), _devices, _statx
    info_dir = -1
    if want_info:
        try:
            info_dir = os.open(f"/proc/{pid}/fdinfo", _DIRECTORY)
        except OSError as refused:
            if refused.errno in _GONE:
                return rows
    try:
        for fd in names:
            name = str(fd)
            link, extra, proto, error = "", "", "", None
            access = flags = pos = mnt_id = ino = dev = rdev = size = blocks = nlink = uid = -1
            mode = 0
            try:
                if want_link:
                    link = readlink(name, dir_fd=fd_dir)
            except OSError as failed:
                if failed.errno in _GONE and fd_dir >= 0:
                    continue  # closed since it was listed
                error = ("readlink", failed.errno if fd_dir >= 0 else errno.EACCES)
            if want_info:
                told = _fdinfo(name, info_dir)
                if isinstance(told, int):
                    if told in _GONE and info_dir >= 0:
                        continue
                    error = error or ("open", told)
                else:
                    pos, flags, mnt_id, ino, extra = told
                    access = 0 if flags & _O_PATH else _ACCESS[flags & 3]
            if want_stat and (error is None or error[1] == errno.ENAMETOOLONG):
                if statx(fd_dir, name.encode(), _STATX_FLAGS, _STATX_MASK, buffer) == 0:
                    nlink, uid, mode, ino, size, blocks, pair, dev_pair = unpack(buffer)
                    rdev, dev = devices[pair], devices[dev_pair]
                else:
                    code = ctypes.get_errno()
                    if code in _GONE:
                        continue
                    error = error or ("statx", code)
            if error and access < 0 and fd_dir >= 0:
                access = _access_of_link(name, fd_dir)
            if want_proto and link[:8] == "socket:[":
                proto = sockproto(pid, fd)
            # fmt: off
            rows.append((
                pid, fd, link, access, flags, pos, mnt_id, ino, dev, rdev, mode, size, blocks,
                nlink, uid, extra, proto, 0, None, error,
            ))
            # fmt: on
    finally:
        if info_dir >= 0:
            os.close(info_dir)
    return rows


def _access_of_link(name: str, fd_dir: int) -> int:
    """The mode of the link itself tells the access, also where following it is refused."""
    try:
        return os.lstat(name, dir_fd=fd_dir).st_mode >> 6 & 6
    except OSError:
        return -1


def sockproto(pid: int, fd: int) -> str:
    """`TCP`, `UNIX-STREAM` ...: system.sockprotoname; "" when it is gone or refused."""
    try:
        name = os.getxattr(f"/proc/{pid}/fd/{fd}", "system.sockprotoname")
    except OSError:
        return ""
    return name.rstrip(b"\0").decode("ascii", "replace")


def stat_fields(pid: int, fd: int) -> tuple[int, ...] | None:
    """(nlink, uid, mode, ino, size, blocks, rdev, dev) of one descriptor; None when refused."""
    path = f"/proc/{pid}/fd/{fd}".encode()
    buffer = _statx_buffer()
    if _statx(syscalls.AT_FDCWD, path, _STATX_FLAGS, _STATX_MASK, buffer):
        return None
    *fields, rdev, dev = _STATX.unpack_from(buffer)
    return (*fields, _devices[rdev], _devices[dev])
