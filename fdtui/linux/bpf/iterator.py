"""TaskFile: the loaded iterator.  One program per session, any number of passes, one at a time."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Iterator
from types import TracebackType

from fdtui.errors import CallFailed
from fdtui.linux.bpf import calls, decode, remembered
from fdtui.linux.bpf.btf import VMLINUX, Kernel, Missing
from fdtui.linux.bpf.builder import Match, Options
from fdtui.linux.bpf.decode import O_CLOEXEC, Row, link_of, sock_of
from fdtui.linux.bpf.layout import RECORD_MAX
from fdtui.linux.bpf.mappers import mappers
from fdtui.linux.bpf.program import assemble
from fdtui.linux.lean import TYPE_CHECKING
from fdtui.linux.owned import OwnedFd
from fdtui.linux.procfs import parse_fdinfo, read_file
from fdtui.linux.record import Sock
from fdtui.linux.status import read_status

if TYPE_CHECKING:
    from typing import Self


_NAME = b"fdtui"
ANY = Match()
_CAP_SYS_ADMIN, _CAP_PERFMON, _CAP_BPF = 21, 38, 39
_OLDEST = (5, 12)  # bpf_d_path in iterators, and no reference kept on the table it visits
_INITIAL_PID_NS = "pid:[4026531836]"
_NO_PRIVILEGE = "CAP_BPF and CAP_PERFMON are missing in the initial user namespace"


def _release() -> tuple[int, int]:
    major, minor, *_ = os.uname().release.split(".")
    return int(major), int("".join(c for c in minor if c.isdigit()) or "0")


def _capabilities() -> int:
    """The effective set of this thread, capabilities(7)."""
    return read_status("thread-self").effective


def available() -> str | None:
    """Why the iterator cannot be loaded here, or None when loading it may be tried (20 ms)."""
    if calls.number() is None:
        return f"the number of bpf(2) is not known for {os.uname().machine}"
    if _release() < _OLDEST:
        return f"Linux {os.uname().release} is older than 5.12"
    if not os.path.exists(VMLINUX):
        return f"the kernel has no BTF: {VMLINUX} is missing"
    caps = _capabilities()
    if not caps >> _CAP_SYS_ADMIN & 1 and not (caps >> _CAP_BPF & 1 and caps >> _CAP_PERFMON & 1):
        return _NO_PRIVILEGE
    return None


class TaskFile:
    """`with TaskFile.load() as table: for row, tail in table.rows(): ...`

    One pass at a time, since the record buffer is the map's only value: a second thread waits
    for the end of the first one's pass, a pass inside a pass is a RuntimeError.
    """

    def __init__(self, kernel: Kernel, buffer: OwnedFd, program: OwnedFd) -> None:
        self._kernel = kernel
        self._buffer = buffer
        self._program = program
        self.filters_pids = True  # until the kernel says E2BIG
        self._pass = threading.Lock()
        self._reader = 0  # thread that runs the pass

    @classmethod
    def load(cls, match: Match = ANY, kernel: Kernel | None = None) -> Self:
        """Assemble, load and test.  CallFailed says what is missing; /proc is the way then."""
        reason = available()
        if reason is not None:
            code = errno.EPERM if reason is _NO_PRIVILEGE else errno.ENOSYS
            raise CallFailed("bpf(BPF_PROG_LOAD)", code, reason, "run fdtui as root")
        if kernel is not None:
            return cls._load(match, kernel)
        kernel = remembered.kernel()
        try:
            return cls._load(match, kernel)
        except CallFailed:
            if not kernel.told:
                raise
            remembered.forget()
            return cls._load(match, Kernel())

    @classmethod
    def _load(cls, match: Match, kernel: Kernel) -> Self:
        buffer = program = None
        try:
            buffer = calls.array_map(RECORD_MAX, _NAME)
            program = _load_program(kernel, buffer, match)
            table = cls(kernel, buffer, program)
            if match == ANY:
                table.self_test()
            buffer = program = None
        except Missing as missing:
            raise CallFailed("btf", errno.ENOENT, f"this kernel has no {missing}") from missing
        except OSError as refused:
            raise _explained(refused) from refused
        finally:
            for fd in (buffer, program):
                if fd is not None:
                    fd.close()
        _keep(kernel)
        return table

    def matching(self, match: Match) -> TaskFile:
        """Another program that lists only matching descriptors (1 ms: offsets are known)."""
        return TaskFile.load(match, self._kernel)

    def mappers(self, ino: int) -> list[int]:
        """Return the processes that have a file of that inode number mapped."""
        found = mappers(self._kernel, ino, _nested())
        _keep(self._kernel)
        return found

    def chunks(self, pid: int = 0) -> Iterator[bytes]:
        """One pass, of all tasks or of one process: chunks of whole records, at most 32 KiB each.

        A pid needs Linux 6.1; older kernels give every process, as does filters_pids == False.
        """
        if self._reader == threading.get_ident():
            raise RuntimeError("a pass of the iterator inside a pass")
        with self._pass, self._link(pid) as link, calls.create_iterator(link) as pass_fd:
            self._reader = threading.get_ident()
            yield from self._read(pass_fd)

    def _read(self, pass_fd: OwnedFd) -> Iterator[bytes]:
        try:
            yield from calls.read_pass(pass_fd)
        finally:
            self._reader = 0

    def _link(self, pid: int) -> OwnedFd:
        if pid and self.filters_pids:
            try:
                return calls.link_iterator(self._program, pid)
            except OSError as refused:
                if refused.errno != errno.E2BIG:
                    raise
                self.filters_pids = False
        return calls.link_iterator(self._program)

    def rows(self, pid: int = 0) -> Iterator[tuple[Row, bytes]]:
        """Rows of one pass; `link_of` and `sock_of` of decode understand the bytes."""
        for chunk in self.chunks(pid):
            for row, tail in decode.walk(chunk):
                if not pid or row.pid == pid:
                    yield row, tail

    def self_test(self) -> None:
        """Compare what the program says of three of our own descriptors with what we know.

        Raises CallFailed when anything differs: then nothing it says is to be believed.
        """
        left, right = socket.socketpair()
        with left, right, right.dup() as again:
            left.send(b"x")
            rows = {row.fd: (row, tail) for row, tail in self.rows(os.getpid())}
            for fd in (self._buffer.fileno(), left.fileno(), right.fileno()):
                wrong = _difference(fd, rows.get(fd))
                if wrong:
                    raise CallFailed("bpf(self test)", errno.EILSEQ, f"fd {fd}: {wrong}")
            if rows[right.fileno()][0].alone or rows[again.fileno()][0].alone:
                raise CallFailed("bpf(self test)", errno.EILSEQ, "a duplicate is said to be alone")
            for mine, other in ((left, right), (right, left)):
                row, tail = rows[mine.fileno()]
                sock = sock_of(tail).sock if row.is_sock else None
                wrong_sock = _sock_difference(sock, os.fstat(other.fileno()).st_ino)
                if wrong_sock:
                    raise CallFailed("bpf(self test)", errno.EILSEQ, wrong_sock)

    def close(self) -> None:
        self._program.close()
        self._buffer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()


def _nested() -> bool:
    return os.readlink("/proc/self/ns/pid") != _INITIAL_PID_NS


def _keep(kernel: Kernel) -> None:
    if kernel.searched:
        remembered.keep(kernel)
    kernel.forget_blob()


def _load_program(kernel: Kernel, buffer: OwnedFd, match: Match) -> OwnedFd:
    """Load with unix sockets' peers and names, or without where the kernel refuses (5.12-5.15)."""
    attach_id = kernel.function("bpf_iter_task_file")
    options = Options(match=match, nested_pids=_nested())
    code = assemble(kernel, buffer.fileno(), options)
    try:
        return calls.load_iterator(code, attach_id, _NAME)
    except OSError as refused:
        if refused.errno not in (errno.EINVAL, errno.EACCES):
            raise
    try:
        code = assemble(kernel, buffer.fileno(), options._replace(unix=False))
        return calls.load_iterator(code, attach_id, _NAME)
    except OSError as refused:
        log = bytearray(1 << 16)
        try:
            calls.load_iterator(code, attach_id, _NAME, log).close()
        except OSError:
            pass  # the same refusal: only its log is wanted
        lines = [line for line in log.rstrip(b"\0").split(b"\n") if line]
        words = lines[-2].decode("ascii", "replace") if len(lines) > 1 else ""
        raise CallFailed("bpf(BPF_PROG_LOAD)", refused, words) from refused


def _explained(refused: OSError) -> CallFailed:
    cause = _NO_PRIVILEGE if refused.errno == errno.EPERM else ""
    return CallFailed("bpf(BPF_PROG_LOAD)", refused, cause, "use --engine proc")


def _difference(fd: int, found: tuple[Row, bytes] | None) -> str:
    """What the row says wrongly of our own descriptor; empty when all of it is right."""
    if found is None:
        return "not listed"
    row, tail = found
    st = os.fstat(fd)
    info = parse_fdinfo(read_file(f"/proc/self/fdinfo/{fd}"))
    wanted = (
        ("ino", row.ino, st.st_ino),
        ("dev", (row.dev >> 20, row.dev & 0xFFFFF), (os.major(st.st_dev), os.minor(st.st_dev))),
        ("link", link_of(row, tail), os.readlink(f"/proc/self/fd/{fd}")),
        ("pos", row.pos, info.pos),
        ("flags", row.flags | row.cloexec * O_CLOEXEC, info.flags),
        ("mnt_id", row.mnt_id, info.mnt_id),
    )
    for name, said, known in wanted:
        if said != known:
            return f"{name} is {known}, not {said}"
    return ""


def _sock_difference(sock: Sock | None, peer_ino: int) -> str:
    if sock is None or sock.family != socket.AF_UNIX or sock.type != socket.SOCK_STREAM:
        return f"a unix stream socket is said to be {sock}"
    if sock.peer_ino not in (peer_ino, 0):  # 0 before Linux 5.16
        return f"a unix peer is inode {peer_ino}, not {sock.peer_ino}"
    return ""
