"""The helper: takes a descriptor in its own right and sends it to fdtui.  Verbs HELLO, LIST, STEAL.

It is the only part of fdtui that ever runs as root, so it stands alone: one file, the standard
library only, run as `python3 -I -S -c SOURCE VIA PEER_PID PATH|- safe|unsafe`.  It opens nothing
but procfs, by number, starts no program, and exits when fdtui does.

One frame is one SOCK_SEQPACKET message in native byte order with its sender's credentials
(SO_PASSCRED), a request at most 4 KiB:
  HELLO  'H' id version                   [a further channel to serve]
  LIST   'L' id 'C' pid...                how many descriptors each has
         'L' id 'T' first last pid...     tables up to number `last`, the first pid's from `first`;
                                          -4 is the process itself, -3 -2 -1 are cwd, root, exe
         'L' id 'K' (pid fd pid fd)...    kcmp(2) KCMP_FILE
  STEAL  'S' id fd match major minor ino link     [the target's pidfd]
An answer is verb, id, errno, then what the verb says, and to STEAL at most one descriptor.
"""

from __future__ import annotations

import array
import ctypes
import errno
import gc
import os
import platform
import pwd
import resource
import select
import signal
import socket
import stat
import struct
import sys
import syslog
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, NoReturn

VERSION = 1
MAX_REQUEST = 4096
MAX_ROWS = 48 << 10  # bytes of rows in an answer, before the last one
MAX_FDINFO = 64 << 10
MAX_CHANNELS = 8
MAX_CHILDREN = 8  # a child that closes a file of a hung server cannot be killed
IDLE_SECONDS = 15 * 60
REQUEST_SECONDS = 10
EXIT_NOT_ISOLATED, EXIT_NO_SOCKET, EXIT_WRONG_PEER = 71, 72, 73
EXIT_UNSAFE_PYTHON, EXIT_BAD_FRAME = 74, 75

REQUEST, ANSWER, HELLO = map(struct.Struct, ("=cI", "=cIi", "=I"))
HELLO_ANSWER = struct.Struct("=IiIIQ")  # version, pid, euid, served uid, effective capabilities
STEAL = struct.Struct("=iBIIQ")
STEAL_ANSWER = struct.Struct("=IIQ")  # major, minor, ino of what was taken
MATCH_FILE, MATCH_LINK = 1, 2
TABLES_ANSWER = struct.Struct("=Ii")  # where to go on: index of a pid, number in its table
ROW = struct.Struct("=iiH")  # pid, number, mode of the link; then four blobs:
BLOB = struct.Struct("=iI")  # link, fdinfo, statx, protocol name, each errno, length, bytes
COUNT = struct.Struct("=ii")  # errno, descriptors
PROCESS = -4
SPECIALS = {PROCESS: "", -3: "/cwd", -2: "/root", -1: "/exe"}
STATX_BYTES = 152  # up to and with stx_mnt_id

KEPT_CAPABILITIES = 1 << 2 | 1 << 19  # CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE
UNSAFE_DEVICES = {(1, 1), (1, 2), (1, 4), (10, 130)}  # /dev/mem kmem port watchdog
PF_KTHREAD = 0x00200000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_libc.syscall.argtypes = [ctypes.c_long] * 7
_NUMBERS = {
    "x86_64": {"getfd": 438, "kcmp": 312, "statx": 332, "capget": 125, "capset": 126, "prctl": 157},
    "aarch64": {"getfd": 438, "kcmp": 272, "statx": 291, "capget": 90, "capset": 91, "prctl": 167},
}.get(platform.machine(), {})


class Refused(Exception):
    """The other side asked for what it may not: the helper ends."""


class Request(NamedTuple):
    """A frame taken apart; the `numbers` of STEAL are fd, match, major, minor, ino."""

    verb: bytes
    id: int
    what: bytes = b""
    numbers: tuple[int, ...] = ()
    link: bytes = b""


def failure(code: int) -> OSError:
    """Return the OSError of an errno."""
    return OSError(code, os.strerror(code))


def syscall(name: str, *args: int) -> int:
    """Make a system call; OSError with its errno, ENOSYS on a machine not known here."""
    result: int = _libc.syscall(_NUMBERS.get(name, -1), *args, *(0,) * (6 - len(args)))
    if result < 0:
        raise failure(ctypes.get_errno())
    return result


def statx(dir_fd: int, path: bytes) -> bytes:
    """statx(2) as raw bytes, without asking a file server (AT_STATX_DONT_SYNC, NO_AUTOMOUNT)."""
    buffer, name = ctypes.create_string_buffer(256), ctypes.create_string_buffer(path)
    flags = 0x4800 if path else 0x5000  # an own descriptor: AT_EMPTY_PATH
    syscall("statx", dir_fd, ctypes.addressof(name), flags, 0x17FF, ctypes.addressof(buffer))
    return buffer.raw[:STATX_BYTES]


def capabilities(keep: int | None = None) -> int:
    """Return the effective set, after giving up all but those of `keep`."""
    header = ctypes.create_string_buffer(struct.pack("=Ii", 0x20080522, 0), 8)
    sets = ctypes.create_string_buffer(24)
    syscall("capget", ctypes.addressof(header), ctypes.addressof(sets))
    low, _, _, high, _, _ = struct.unpack("=6I", sets.raw)
    if keep is not None:
        low, high = low & keep, 0
        sets.raw = struct.pack("=6I", low, low, 0, 0, 0, 0)
        syscall("capset", ctypes.addressof(header), ctypes.addressof(sets))
    return int(low | high << 32)


def unsafe_path(path: str) -> str:
    """Return the first of `path` and its parents that others than root may replace, or ''."""
    path = os.path.realpath(path)
    with suppress(FileNotFoundError):  # a zip on sys.path that is not there: its folder decides
        info = os.stat(path)
        if info.st_uid != 0 or info.st_mode & 0o022:
            return path
    return unsafe_path(os.path.dirname(path)) if path != "/" else ""


def die(code: int, words: str) -> NoReturn:
    """Say why on stderr and end with a code that fdtui knows."""
    with suppress(OSError):
        os.write(2, f"fdtui-helper: {words}\n".encode())
    os._exit(code)


def served_uid(via: str) -> int:
    """Return the uid that started this, in the words of the tool that raised it."""
    try:
        if via in ("sudo", "pkexec"):
            return int(os.environ[f"{via.upper()}_UID"])
        return pwd.getpwnam(os.environ["DOAS_USER"]).pw_uid if via == "doas" else os.getuid()
    except (KeyError, ValueError):
        die(EXIT_WRONG_PEER, f"{via} did not say who called it")


def peer(channel: socket.socket) -> tuple[int, int]:
    """Return pid and uid of who made the other end (SO_PEERCRED)."""
    raw = channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    pid, uid, _ = struct.unpack("3i", raw)
    return pid, uid


def open_channel(path: str) -> socket.socket:
    """Take stdin when it is a socket, else connect to the socket at `path`."""
    try:
        if path == "-":
            return socket.socket(fileno=os.dup(0))
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        channel.connect(path)
    except OSError as error:
        die(EXIT_NO_SOCKET, f"{'stdin' if path == '-' else path}: {error.strerror}")
    return channel


def harden(via: str) -> None:
    """Give up whatever the three verbs do not need."""
    if not (sys.flags.isolated and sys.flags.no_site):
        die(EXIT_NOT_ISOLATED, "run me as python3 -I -S")
    os.chdir("/")
    os.umask(0o077)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    for path in ["/proc/self/exe", *sys.path] if via != "self" else []:
        if bad := unsafe_path(path):
            die(EXIT_UNSAFE_PYTHON, f"{bad} can be changed by others than root")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTSTP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, ended children are not told
    name = ctypes.create_string_buffer(b"fdtui-helper")
    syscall("prctl", 15, ctypes.addressof(name))
    syscall("prctl", 4, 0)  # PR_SET_DUMPABLE: nobody steals from the helper
    syscall("prctl", 38, 1)  # PR_SET_NO_NEW_PRIVS
    for capability in range(64):
        if not KEPT_CAPABILITIES >> capability & 1:
            with suppress(OSError):  # EPERM for a plain user, EINVAL beyond the last
                syscall("prctl", 24, capability)  # PR_CAPBSET_DROP
    capabilities(keep=KEPT_CAPABILITIES)


def parse(frame: bytes, descriptors: int) -> Request:
    """Take a frame apart; Refused when it is not exactly one of those named above."""
    try:
        verb, number = REQUEST.unpack_from(frame)
        body = frame[REQUEST.size :]
        if verb == b"H" and HELLO.unpack(body) == (VERSION,) and descriptors <= 1:
            return Request(verb, number)
        if verb == b"L" and not descriptors:
            what, body = body[:1], body[1:]
            numbers = struct.unpack(f"={len(body) // 4}i", body)
            pids, least = numbers[2 * (what == b"T") :], {b"C": 1, b"T": 1, b"K": 4}.get(what)
            if least and pids and len(pids) % least == 0 and min(pids) >= 0:
                return Request(verb, number, what, numbers)
        if verb == b"S" and descriptors == 1:
            numbers, link = STEAL.unpack_from(body), body[STEAL.size :]
            if numbers[0] >= 0 and 0 < numbers[1] <= 3 and bool(link) == numbers[1] // MATCH_LINK:
                return Request(verb, number, numbers=numbers, link=link)
    except struct.error as error:
        raise Refused(str(error)) from error
    raise Refused(f"{len(frame)} bytes with {descriptors} descriptors are no request")


def read_file(path: str, limit: int = 4096) -> bytes:
    """Read a procfs file up to `limit` bytes."""
    fd, data = os.open(path, os.O_RDONLY | os.O_CLOEXEC), b""
    try:
        while len(data) < limit and (more := os.read(fd, limit - len(data))):
            data += more
        return data
    finally:
        os.close(fd)


def stat_fields(pid: int) -> list[bytes]:
    """Return the fields of /proc/PID/stat after the name: state, ppid ... flags at 6."""
    return read_file(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def blob(call: Callable[[], bytes]) -> bytes:
    """Pack what a call gave, or its errno and nothing."""
    try:
        data = call()
    except OSError as error:
        return BLOB.pack(error.errno or errno.EIO, 0)
    return BLOB.pack(0, len(data)) + data


def row(pid: int, fd: int, code: int) -> bytes:
    """Pack one row; each call that fails leaves its errno.  `code`: that of listing the table."""
    base = f"/proc/{pid}"
    name = base + SPECIALS.get(fd, f"/fd/{fd}")
    info = f"{base}/fdinfo/{fd}" if fd >= 0 else f"{base}/stat"
    mode, link = 0, BLOB.pack(code, 0)
    with suppress(OSError):
        mode = os.lstat(name).st_mode
    if fd != PROCESS:
        link = blob(lambda: os.readlink(os.fsencode(name)))
    proto = BLOB.pack(errno.ENODATA, 0)
    if link.startswith(b"socket:[", BLOB.size):  # of a file its server would be asked
        proto = blob(lambda: os.getxattr(name, b"system.sockprotoname"))
    about = blob(lambda: read_file(info, MAX_FDINFO).rpartition(b"\n")[0] + b"\n")
    stats = blob(lambda: statx(-100, os.fsencode(name)))
    return ROW.pack(pid, fd, mode) + link + about + stats + proto


def tables(first: int, last: int, *pids: int) -> bytes:
    """Pack rows until the frame is full, and where to go on."""
    rows: list[bytes] = []
    size = 0
    for index, pid in enumerate(pids):
        names: list[str] = []
        code = 0
        try:
            try:
                names = os.listdir(f"/proc/{pid}/fd")
            except PermissionError:  # fdinfo/ asks for another right
                names = os.listdir(f"/proc/{pid}/fdinfo")
        except OSError as error:
            code = error.errno or errno.EIO
        for fd in [*SPECIALS, *sorted(map(int, names))]:
            if (fd >= first or index) and fd <= last:
                if size > MAX_ROWS:
                    return TABLES_ANSWER.pack(index, fd) + b"".join(rows)
                rows.append(row(pid, fd, code))
                size += len(rows[-1])
    return TABLES_ANSWER.pack(len(pids), PROCESS) + b"".join(rows)


def count(pid: int) -> int:
    """Return the number of descriptors: st_size since Linux 6.2, a listing before."""
    return os.stat(f"/proc/{pid}/fd").st_size or len(os.listdir(f"/proc/{pid}/fd"))


def kcmp(*quadruple: int) -> int:
    """kcmp(2) KCMP_FILE: 0 same, 1 less, 2 greater."""
    pid1, fd1, pid2, fd2 = quadruple
    return syscall("kcmp", pid1, pid2, 0, fd1, fd2)


def list_answer(request: Request) -> bytes:
    """Answer LIST: tables, or errno and number of each question."""
    numbers, answers = request.numbers, []
    if request.what == b"T":
        return tables(*numbers)
    call, width = (count, 1) if request.what == b"C" else (kcmp, 4)
    for i in range(0, len(numbers), width):
        try:
            answers.append(COUNT.pack(0, call(*numbers[i : i + width])))
        except OSError as error:
            answers.append(COUNT.pack(error.errno or errno.EIO, 0))
    return b"".join(answers)


def target_of(pidfd: int, denied: frozenset[int]) -> int:
    """Return the pid of a pidfd; EPERM for the helper, what started it, and kernel threads."""
    _, key, rest = read_file(f"/proc/self/fdinfo/{pidfd}").partition(b"\nPid:")
    pid = int(rest.split()[0]) if key else 0
    if pid <= 0:
        raise failure(errno.ESRCH if key else errno.EBADF)
    fields = stat_fields(pid)
    if pid in denied or int(fields[1]) == os.getppid() or int(fields[6]) & PF_KTHREAD:
        raise failure(errno.EPERM)
    return pid


def unsafe_device(major: int, minor: int) -> bool:
    """Is it memory, ports or a watchdog?  The major of /dev/watchdogN is what the kernel says."""
    with suppress(OSError):
        chars = read_file("/proc/devices", MAX_FDINFO).partition(b"Block")[0].splitlines()
        watchdog = [b"%d" % major, b"watchdog"] in map(bytes.split, chars)
        return watchdog or (major, minor) in UNSAFE_DEVICES
    return True  # in a /proc of processes alone


def steal(request: Request, pidfd: int, unsafe: bool) -> tuple[int, bytes, bytes]:
    """Take it (ESTALE: another file, EACCES: an unsafe device); return it, the answer, its link."""
    wanted, match, *file = request.numbers
    fd = syscall("getfd", pidfd, wanted)
    raw, own = statx(fd, b""), os.fsencode(f"/proc/self/fd/{fd}")
    (mode, ino), link = struct.unpack_from("=H2xQ", raw, 28), os.readlink(own)
    *rdev, major, minor = struct.unpack_from("=4I", raw, 128)
    other = match & MATCH_FILE and [major, minor, ino] != file
    if other or (match & MATCH_LINK and link != request.link):
        raise failure(errno.ESTALE)
    disk = stat.S_ISBLK(mode) and os.lstat(own).st_mode & stat.S_IWUSR
    if not unsafe and (disk or (stat.S_ISCHR(mode) and unsafe_device(*rdev))):
        raise failure(errno.EACCES)
    return fd, STEAL_ANSWER.pack(major, minor, ino), link


class Helper:
    """Serves the channels of one uid until the first of them closes."""

    def __init__(self, main: socket.socket, uid: int, unsafe: bool = False) -> None:
        self.main, self.uid, self.unsafe = main, uid, unsafe
        self.greeted: set[int] = set()
        self.channels: dict[int, socket.socket] = {}
        self.children: set[int] = set()
        self.poll = select.poll()
        parent = os.getppid()  # with use_pty that is sudo's monitor, and sudo above it
        above = int(stat_fields(parent)[1]) if os.getuid() != uid else parent
        self.denied = frozenset({os.getpid(), parent, above, peer(main)[0]})
        self.add(main)
        syslog.openlog("fdtui-helper", syslog.LOG_PID, syslog.LOG_AUTHPRIV)
        self.desk: socket.socket | None = None

    def add(self, channel: socket.socket) -> None:
        """Serve one channel more; Refused when it is not one of the served user's."""
        right = (channel.family, channel.type) == (socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if not right or len(self.channels) == MAX_CHANNELS or peer(channel)[1] != self.uid:
            raise Refused("a channel too many, of another user, or no SOCK_SEQPACKET socket")
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.channels[channel.fileno()] = channel
        self.poll.register(channel.fileno(), select.POLLIN)

    def drop(self, channel: socket.socket) -> None:
        """Forget a channel whose other end has closed."""
        self.poll.unregister(channel.fileno())
        self.greeted.discard(channel.fileno())
        del self.channels[channel.fileno()]
        channel.close()

    def serve(self) -> None:
        """Serve until the main channel closes, or nothing was asked for fifteen minutes."""
        while self.main.fileno() in self.channels:
            # A request's answer is not held up by forking for the next: that waits 2 ms.
            wait = 1000 * (IDLE_SECONDS if len(self.children) < 2 else 1) if self.desk else 2
            ready = self.poll.poll(wait)
            if not ready and not self.desk:
                try:
                    self.desk = self.spare()
                except OSError:  # each request asks again
                    ready = self.poll.poll(1000)
            elif not ready and len(self.children) < 2:
                return
            for number, _ in ready:
                if number in self.channels:
                    self.receive(self.channels[number])
            while self.children and (done := os.waitpid(-1, os.WNOHANG)[0]):
                self.children.discard(done)

    def receive(self, channel: socket.socket) -> None:
        """Take one frame; a child answers it."""
        room = socket.CMSG_SPACE(12) + socket.CMSG_LEN(4)  # credentials, one descriptor
        how = socket.MSG_CMSG_CLOEXEC | socket.MSG_DONTWAIT
        try:
            frame, ancillary, flags, _ = channel.recvmsg(MAX_REQUEST, room, how)
        except BlockingIOError:
            return
        except ConnectionResetError:
            frame, ancillary, flags = b"", [], 0
        if not frame:
            return self.drop(channel)
        credentials = [data for _, kind, data in ancillary if kind == socket.SCM_CREDENTIALS]
        sender = struct.unpack("3i", credentials[0])[1] if credentials else -1
        others = [data for _, kind, data in ancillary if kind != socket.SCM_CREDENTIALS]
        fds = array.array("i", b"".join(others))
        if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC) or sender != self.uid:
            raise Refused("a frame too long, too many descriptors, or another user's")
        self.dispatch(channel, frame, fds)
        for fd in fds:
            os.close(fd)

    def dispatch(self, channel: socket.socket, frame: bytes, fds: array.array[int]) -> None:
        """HELLO here, the rest in a child; Refused when the order is not kept."""
        request, number = parse(frame, len(fds)), channel.fileno()
        greeted, hello = number in self.greeted, request.verb == b"H"
        if greeted == (hello and not fds) or (hello and fds and channel is not self.main):
            raise Refused("HELLO comes first, once, and only the first channel adds others")
        if hello:
            if fds:
                try:
                    self.add(socket.socket(fileno=os.dup(fds[0])))
                except OSError as error:
                    raise Refused("a channel that is no socket") from error
            self.greeted.add(number)
            body = HELLO_ANSWER.pack(VERSION, os.getpid(), os.geteuid(), self.uid, capabilities())
            self.answer(channel, request, 0, body)
        elif len(self.children) > MAX_CHILDREN:
            self.answer(channel, request, errno.EBUSY)
        else:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [number, *fds]))]
            desk, self.desk = self.desk, None
            with suppress(OSError):  # somebody killed the one that waited
                if desk and desk.sendmsg([frame], rights):
                    return
            try:
                self.spare().sendmsg([frame], rights)
            except OSError as error:  # EAGAIN of fork(2), until there may be more processes
                self.answer(channel, request, error.errno or errno.EIO)

    def spare(self) -> socket.socket:
        """Fork the child that answers the next request, as that takes longer than all the rest."""
        desk, childs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if child := os.fork():
            self.children.add(child)
            # A rehearsal here as below: after a fork memory is cold.
            with childs, suppress(Refused):
                childs.sendmsg([REQUEST.pack(b"H", 0)])
                self.receive(desk)
            return desk
        try:
            desk.close()
            syscall("prctl", 1, signal.SIGKILL)  # PR_SET_PDEATHSIG
            with suppress(OSError):
                pidfd = os.pidfd_open(os.getpid())
                target_of(pidfd, frozenset())
            with suppress(OSError):
                steal(Request(b"S", 0, numbers=(0, MATCH_FILE, 0, 0, 0)), pidfd, self.unsafe)
            room, how = socket.CMSG_LEN(8), socket.MSG_CMSG_CLOEXEC
            frame, ancillary, _, _ = childs.recvmsg(MAX_REQUEST, room, how)
            if ancillary:
                signal.alarm(REQUEST_SECONDS)
                number, *fds = array.array("i", ancillary[0][2])
                channel = socket.socket(fileno=number)
                self.in_child(channel, parse(frame, len(fds)), *fds)
        finally:
            os._exit(0)

    def in_child(self, channel: socket.socket, request: Request, pidfd: int = -1) -> None:
        """Answer one request and end: a file of a hung server takes only this process down."""
        try:
            if request.verb == b"L":
                return self.answer(channel, request, 0, list_answer(request))
            pid = target_of(pidfd, self.denied)
            fd, body, link = steal(request, pidfd, self.unsafe)
            words = f"uid {self.uid} takes fd {request.numbers[0]} of pid {pid}: {link!a}"
            syslog.syslog(syslog.LOG_NOTICE, words)
            self.answer(channel, request, 0, body, fd)
        except OSError as error:
            self.answer(channel, request, error.errno or errno.EIO)

    def answer(
        self, to: socket.socket, request: Request, code: int, body: bytes = b"", fd: int = -1
    ) -> None:
        """Send an answer; a peer that has gone loses it."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))]
        frame = ANSWER.pack(request.verb, request.id, code) + body
        with suppress(BrokenPipeError, ConnectionResetError, BlockingIOError):
            to.sendmsg([frame], rights if fd >= 0 else [])


def main(via: str, peer_pid: str, path: str, safety: str) -> None:
    """Harden, find the channel, check who is at its other end, serve."""
    uid = served_uid(via)
    harden(via)
    channel = open_channel(path)
    if peer(channel) != (int(peer_pid), uid):
        die(EXIT_WRONG_PEER, f"the socket is of pid, uid {peer(channel)}, not of {peer_pid}, {uid}")
    null = os.open("/dev/null", os.O_RDWR)
    try:
        helper = Helper(channel, uid, safety == "unsafe")
        for number in (0, 1, 2):
            os.dup2(null, number)
        gc.freeze()
        helper.serve()
    except Refused as refused:
        die(EXIT_BAD_FRAME, str(refused))
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:5])
