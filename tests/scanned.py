"""A process that holds one of nearly everything, for the tests of scans.

It is a program of its own: what it opens is nobody else's, and it ends with its standard input.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PROGRAM = r"""
import ctypes, fcntl, os, select, socket, sys, tempfile
folder = sys.argv[1].encode()
libc = ctypes.CDLL(None)
keep = []
def path(name): return os.path.join(folder, name)
def opened(name, flags, data=b""):
    fd = os.open(path(name), os.O_CREAT | os.O_RDWR, 0o640)
    os.write(fd, data); os.fsync(fd); os.close(fd)
    keep.append(os.open(path(name), flags))
    return keep[-1]
os.lseek(opened(b"plain.log", os.O_RDONLY, b"x" * 5000), 1234, 0)
opened(b"append.log", os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK, b"abc")
opened(b"new\nline \x1b[31m (deleted)", os.O_RDWR)
opened(b"not-utf-8-\xff", os.O_RDONLY | os.O_CLOEXEC)
sparse = opened(b"sparse", os.O_RDWR); os.ftruncate(sparse, 1 << 40)
os.dup2(opened(b"far", os.O_RDWR, b"far"), 400)
gone = opened(b"gone", os.O_RDWR, b"y" * 9000); os.unlink(path(b"gone"))
locked = opened(b"locked", os.O_RDWR); fcntl.flock(locked, fcntl.LOCK_EX)
os.mkdir(path(b"dir")); keep.append(os.open(path(b"dir"), os.O_RDONLY | os.O_DIRECTORY))
os.symlink(b"plain.log", path(b"link"))
keep.append(os.open(path(b"link"), os.O_PATH | os.O_NOFOLLOW))
os.mkfifo(path(b"fifo")); keep.append(os.open(path(b"fifo"), os.O_RDWR | os.O_NONBLOCK))
keep.append(os.open(path(b"fifo"), os.O_PATH))
keep.append(os.open(folder, os.O_RDWR | os.O_TMPFILE, 0o600))
keep.append(os.memfd_create("specimen")); os.write(keep[-1], b"memory")
r, w = os.pipe2(os.O_CLOEXEC); os.write(w, b"queued")
keep.append(os.eventfd(5, os.EFD_CLOEXEC))
epoll = select.epoll(); epoll.register(r, select.EPOLLIN)
keep.append(libc.timerfd_create(1, 0)); keep.append(libc.inotify_init1(0))
libc.inotify_add_watch(keep[-1], folder, 0x100)
mask = (ctypes.c_ulong * 16)(1 << 9); keep.append(libc.signalfd(-1, mask, 0))
keep.append(os.pidfd_open(os.getpid()))
keep.append(os.open("/proc/self/ns/net", os.O_RDONLY)); keep.append(os.open("/dev/null", os.O_RDWR))
keep.append(os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY))
keep.append(os.open("/proc/self/status", os.O_RDONLY)); keep.append(os.open("/sys", os.O_RDONLY))
for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    listener = socket.create_server((host, 0), family=family)
    ours = socket.create_connection(listener.getsockname()[:2]); theirs, _ = listener.accept()
    ours.send(b"pending"); keep += [listener, ours, theirs]
    u = socket.socket(family, socket.SOCK_DGRAM); u.bind((host, 0)); keep.append(u)
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
    keep += socket.socketpair(socket.AF_UNIX, kind)
named = socket.socket(socket.AF_UNIX); named.bind(path(b"sock")); named.listen(); keep.append(named)
abstract = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
abstract.bind(b"\0fdtui-%d" % os.getpid())
passed = socket.socketpair(); socket.send_fds(passed[0], [b"f"], [0])
keep += [abstract, passed, socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)]
shared = opened(b"shared", os.O_RDWR, b"shared"); keep.append(os.dup(shared))
keep.append(os.open(path(b"shared"), os.O_RDWR))
hold_r, hold_w = os.pipe()
child = os.fork()
if not child:
    os.close(hold_w); os.read(hold_r, 1); os._exit(0)
print(os.getpid(), child, flush=True)
sys.stdin.buffer.read()
os.close(hold_w); os.waitpid(child, 0)
"""


@contextmanager
def scanned(folder: Path) -> Iterator[tuple[int, int]]:
    """Yield the pids of the process and of a child that shares its descriptions by fork."""
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            pid, child = map(int, process.stdout.readline().split())
            yield pid, child
        finally:
            process.stdin.close()
            process.wait()
