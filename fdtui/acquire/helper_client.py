"""The asking side of the helper's protocol: HELLO, LIST, STEAL over one SOCK_SEQPACKET socket."""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence

from fdtui.acquire.identity import Identity
from fdtui.errors import CallFailed, FdtuiError
from fdtui.helper import helper as wire
from fdtui.linux import scm
from fdtui.linux.lean import NamedTuple
from fdtui.linux.owned import OwnedFd
from fdtui.linux.procfs import Entry, Failure, ProcStat, parse_fdinfo, parse_stat
from fdtui.linux.syscalls import Statx, parse_statx

MAX_FD = 2**31 - 1
_FRAME_BYTES = 1 << 18
_PIDS_PER_FRAME = 1000
_CAUSES = {
    errno.ESTALE: ("the number holds another file by now", "refresh and try again"),
    errno.EPERM: ("the helper may not attach to it, or refuses: itself, sudo, a kernel thread", ""),
    errno.EACCES: ("the helper refuses memory, raw disks and watchdogs", "start it with unsafe"),
    errno.EBADF: ("the target has closed it", ""),
    errno.ESRCH: ("the target has ended", ""),
    errno.EAGAIN: ("the helper can start no process for it", "ulimit -u, or pids.max, is reached"),
    errno.EBUSY: ("8 requests hang on dead file servers", "umount -f them, or a new helper"),
}


class HelperGone(FdtuiError):
    """The helper has ended, or does not answer."""


class HelperInfo(NamedTuple):
    """What HELLO told: `euid` is whose rights it has, `uid` whom it serves."""

    version: int
    pid: int
    euid: int
    uid: int
    capabilities: int

    @property
    def sees_all(self) -> bool:
        """True when it has CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH."""
        return self.capabilities & wire.KEPT_CAPABILITIES == wire.KEPT_CAPABILITIES


class ProcessTable(NamedTuple):
    """The table of one process: `uid` of /proc/PID (-1 unknown), `error` when it was refused."""

    pid: int
    uid: int
    stat: ProcStat | None
    entries: list[Entry]
    error: Failure | None


class HelperClient:
    """Asks one helper, one request at a time; every method may be called from any thread."""

    def __init__(self, sock: socket.socket, uid: int, descriptors: bool = True) -> None:
        """`uid`: whose answers count.  Without `descriptors` the socket refuses to take any."""
        self._sock, self._uid, self._descriptors = sock, uid, descriptors
        self._lock = threading.Lock()
        self._next_id = 0
        scm.want_credentials(sock)
        if not descriptors:
            scm.refuse_descriptors(sock)

    def hello(self, timeout: float = 2.0) -> HelperInfo:
        """Greet: the first request on a socket."""
        body, _ = self._ask(b"H", wire.HELLO.pack(wire.VERSION), timeout=timeout)
        info = HelperInfo(*wire.HELLO_ANSWER.unpack(body))
        if (info.version, info.euid) != (wire.VERSION, self._uid):
            raise HelperGone(f"a helper of version {info.version} and uid {info.euid} answered")
        return info

    def channel(self) -> socket.socket:
        """Return a further socket to the same helper, not greeted yet: for the keeper."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                self._ask(b"H", wire.HELLO.pack(wire.VERSION), [theirs])
            except FdtuiError:
                ours.close()
                raise
        return ours

    def counts(self, pids: Sequence[int]) -> dict[int, int | Failure]:
        """Count the descriptors of many processes, without listing them."""
        result: dict[int, int | Failure] = {}
        for start in range(0, len(pids), _PIDS_PER_FRAME):
            part = pids[start : start + _PIDS_PER_FRAME]
            body, _ = self._ask(b"L", b"C" + struct.pack(f"={len(part)}i", *part))
            for pid, (code, count) in zip(part, wire.COUNT.iter_unpack(body), strict=True):
                result[pid] = Failure(f"stat(/proc/{pid}/fd)", code) if code else count
        return result

    def compare(self, pairs: Sequence[tuple[int, int, int, int]]) -> list[int | Failure]:
        """kcmp(2) per (pid, fd, pid, fd): 0 for one open file description, 1 less, 2 greater."""
        result: list[int | Failure] = []
        for start in range(0, len(pairs), _PIDS_PER_FRAME // 4):
            numbers = [n for pair in pairs[start : start + _PIDS_PER_FRAME // 4] for n in pair]
            body, _ = self._ask(b"L", b"K" + struct.pack(f"={len(numbers)}i", *numbers))
            for code, order in wire.COUNT.iter_unpack(body):
                result.append(Failure("kcmp", code) if code else order)
        return result

    def tables(
        self, pids: Sequence[int], first: int = wire.PROCESS, last: int = MAX_FD
    ) -> Iterator[ProcessTable]:
        """List whole tables, or numbers `first` to `last` of the first pid and up to `last` of
        the others; a process that ended has an error."""
        for start in range(0, len(pids), _PIDS_PER_FRAME):
            rest = list(pids[start : start + _PIDS_PER_FRAME])
            here, table = first if start == 0 else wire.PROCESS, None
            while rest:
                request = struct.pack(f"={len(rest) + 2}i", here, last, *rest)
                body, _ = self._ask(b"L", b"T" + request)
                index, here = wire.TABLES_ANSWER.unpack_from(body)
                for row in _rows(body[wire.TABLES_ANSWER.size :]):
                    if table is None or table.pid != row.pid:
                        if table:
                            yield table
                        table = ProcessTable(row.pid, -1, None, [], None)
                    table = _add(table, row)
                rest = rest[index:]
            if table:
                yield table

    def entry(self, pid: int, fd: int) -> Entry:
        """Return one row; FdtuiError when the process has no such descriptor."""
        for table in self.tables([pid], fd, fd):
            return table.entries[0]
        raise CallFailed(f"helper LIST(pid {pid}, fd {fd})", errno.EBADF, *_CAUSES[errno.EBADF])

    def steal(self, pidfd: OwnedFd, fd: int, expected: Identity, by_link: bool = False) -> OwnedFd:
        """Have it taken and sent; only if it is `expected` (the link text too, `by_link`)."""
        match = wire.MATCH_FILE | (wire.MATCH_LINK if by_link else 0)
        link = os.fsencode(expected.link) if by_link else b""
        frame = wire.STEAL.pack(fd, match, *expected.dev, expected.ino) + link
        _, received = self._ask(b"S", frame, [pidfd], f"helper STEAL(fd {fd})")
        if received is None:
            raise HelperGone("the helper answered without a descriptor")
        return received

    @property
    def alive(self) -> bool:
        """False once the other end has closed."""
        if self._sock.fileno() < 0:
            return False
        poll = select.poll()
        poll.register(self._sock.fileno(), 0)
        return not poll.poll(0)

    def release(self) -> socket.socket:
        """Hand the socket to another process; this client is done."""
        return socket.socket(fileno=self._sock.detach())

    def close(self) -> None:
        """Close: a helper whose first socket closes ends."""
        self._sock.close()

    def _ask(
        self,
        verb: bytes,
        body: bytes,
        fds: Sequence[scm.HasFileno] = (),
        call: str = "helper",
        timeout: float = 5.0,
    ) -> tuple[bytes, OwnedFd | None]:
        """Send one request and wait for its answer; late answers to others are thrown away."""
        with self._lock:
            self._next_id = (self._next_id + 1) % 2**32
            try:
                frame = wire.REQUEST.pack(verb, self._next_id) + body
                scm.send(self._sock, frame, fds, socket.MSG_DONTWAIT)
                code, answer, fd = self._answer(verb, time.monotonic() + timeout)
            except BlockingIOError as error:  # stopped, and so many requests wait there
                raise HelperGone("the helper does not answer") from error
            except OSError as error:
                raise HelperGone(
                    f"the helper has ended ({os.strerror(error.errno or 0)})"
                ) from error
        if code:
            if fd:
                fd.close()
            raise CallFailed(call, code, *_CAUSES.get(code, ("", "")))
        return answer, fd

    def _answer(self, verb: bytes, deadline: float) -> tuple[int, bytes, OwnedFd | None]:
        poll = select.poll()
        poll.register(self._sock.fileno(), select.POLLIN)
        while (left := deadline - time.monotonic()) > 0:
            if not poll.poll(left * 1000):
                continue
            try:
                message = scm.receive(self._sock, _FRAME_BYTES, 1 if self._descriptors else 0)
            except scm.Truncated as cut:
                raise CallFailed("recvmsg", errno.EMFILE, cut.message, "ulimit -n") from cut
            if not message.data:
                raise HelperGone("the helper has ended")
            if message.sender is None or message.sender.uid != self._uid:
                message.close()
                raise HelperGone(f"{message.sender} answered instead of the helper")
            got, number, code = wire.ANSWER.unpack_from(message.data)
            if (got, number) == (verb, self._next_id):
                fd = message.fds[0] if message.fds else None
                return code, message.data[wire.ANSWER.size :], fd
            message.close()
        raise HelperGone("the helper does not answer")


class _Row(NamedTuple):
    pid: int
    fd: int
    mode: int
    blobs: list[tuple[int, bytes]]  # link, fdinfo, statx, protocol


def _rows(body: bytes) -> Iterator[_Row]:
    at = 0
    while at < len(body):
        pid, fd, mode = wire.ROW.unpack_from(body, at)
        at += wire.ROW.size
        blobs = []
        for _ in range(4):
            code, length = wire.BLOB.unpack_from(body, at)
            at += wire.BLOB.size
            blobs.append((code, body[at : at + length]))
            at += length
        yield _Row(pid, fd, mode, blobs)


_NAMES = {number: path.strip("/") for number, path in wire.SPECIALS.items()}


def _add(table: ProcessTable, row: _Row) -> ProcessTable:
    """Put one row into its table, as ProcFs.entry would have read it."""
    (link_code, link), (info_code, info), (stat_code, raw), (proto_code, proto) = row.blobs
    stat: Statx | None = None if stat_code else parse_statx(raw)
    if row.fd == wire.PROCESS:
        error = Failure(f"listdir(/proc/{row.pid}/fd)", link_code) if link_code else None
        facts = None if info_code else parse_stat(info)
        return table._replace(uid=stat.uid if stat else -1, stat=facts, error=error)
    error = None
    for call, code in (("readlink", link_code), ("statx", stat_code), ("fdinfo", info_code)):
        if code and (row.fd >= 0 or call != "fdinfo"):
            error = error or Failure(call, code)
    table.entries.append(
        Entry(
            pid=row.pid,
            fd=row.fd if row.fd >= 0 else _NAMES[row.fd],
            access=(row.mode >> 6 & 6 if row.mode else -1) if row.fd >= 0 else 4,
            link=os.fsdecode(link),
            info=parse_fdinfo(info) if row.fd >= 0 and not info_code else None,
            stat=stat,
            sockproto="" if proto_code else proto.rstrip(b"\0").decode(errors="replace"),
            error=error,
        )
    )
    return table
