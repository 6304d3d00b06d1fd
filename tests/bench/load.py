"""A load of P processes with F descriptors each, of a realistic mix; `ready ...` on stdout when up.

`python -m tests.bench.load 1000 100` holds them until its standard input ends or its parent
dies.  Groups of ten siblings share descriptions by fork, pipes and socket pairs cross them.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

GROUP = 10
FILES = 400  # regular files of the pool
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_OWN = 8  # descriptors of a child that are no part of the load, at most
_libc = ctypes.CDLL(None, use_errno=True)
_INOTIFY_PER_USER = 100  # max_user_instances is 128


class Sizes:
    """How many of each kind make up `fds`."""

    def __init__(self, fds: int) -> None:
        self.tcp = fds * 15 // 100 // 2 * 2
        self.udp = fds * 2 // 100
        self.unix = fds * 10 // 100 // 2 * 2
        self.pipes = fds * 10 // 100 // 2 * 2
        self.anon = fds * 5 // 100
        self.null = fds * 5 // 100
        self.directories = fds * 3 // 100
        self.memfd = fds // 100
        self.shared = fds * 5 // 100
        self.deleted = fds * 3 // 100
        others = self.tcp + self.udp + self.unix + self.pipes + self.anon + self.null
        others += self.directories + self.memfd + self.shared + self.deleted
        self.regular = fds - others


def die_with_parent(parent: int) -> None:
    """PR_SET_PDEATHSIG of prctl(2), and out when the parent is gone already."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def make_pool(pool: Path) -> None:
    for number in range(FILES):
        folder = pool / f"d{number % 20:02}"
        folder.mkdir(exist_ok=True)
        (folder / f"var-data-{number:03}.log").write_bytes(b"line\n" * (number * 40))


def open_regular(pool: Path, index: int) -> int:
    number = index * 7 % FILES
    access = (os.O_RDONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND, os.O_RDONLY)[index % 4]
    fd = os.open(pool / f"d{number % 20:02}" / f"var-data-{number:03}.log", access | os.O_CLOEXEC)
    if not access & os.O_APPEND:
        os.lseek(fd, index % 4096, os.SEEK_SET)
    return fd


def open_deleted(pool: Path, index: int) -> int:
    path = pool / f"gone-{os.getpid()}-{index}.tmp"
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    path.unlink()
    os.write(fd, b"deleted contents\n")
    return fd


def tcp_pairs(count: int, family: int = socket.AF_INET) -> list[int]:
    """Connected pairs on the loopback; closing resets, so that no TIME_WAIT stays behind."""
    fds: list[int] = []
    host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    with socket.create_server((host, 0), family=family, backlog=128) as listener:
        for index in range(count // 2):
            ours = socket.create_connection(listener.getsockname()[:2])
            theirs, _ = listener.accept()
            for end in (ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            if index % 10 == 0:
                ours.send(b"pending")
            fds += [ours.detach(), theirs.detach()]
    return fds


def unix_pairs(count: int) -> list[int]:
    kinds = (socket.SOCK_STREAM, socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET)
    fds: list[int] = []
    for index in range(count // 2):
        left, right = socket.socketpair(socket.AF_UNIX, kinds[index % 4])
        if index % 10 == 0:
            left.send(b"pending")
        fds += [left.detach(), right.detach()]
    return fds


def pipes(count: int) -> list[int]:
    fds: list[int] = []
    for index in range(count // 2):
        ends = os.pipe2(os.O_CLOEXEC if index % 2 else 0)
        if index % 10 == 0:
            os.write(ends[1], b"pending")
        fds += ends
    return fds


def inotify(pool: Path) -> int:
    fd: int = _libc.inotify_init1(os.O_CLOEXEC)
    if fd < 0:  # max_user_instances: something else that has a state
        return os.eventfd(7, os.EFD_CLOEXEC)
    _libc.inotify_add_watch(fd, os.fsencode(pool), 0x100)
    return fd


def timer() -> int:
    fd: int = _libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_CLOEXEC)
    setting = (ctypes.c_long * 4)(7200, 0, 3600, 0)
    _libc.timerfd_settime(fd, 0, setting, None)
    return fd


def signals() -> int:
    mask = (ctypes.c_ulong * 16)(1 << (signal.SIGUSR1 - 1))
    fd: int = _libc.signalfd(-1, mask, os.O_CLOEXEC)
    return fd


def anonymous(pool: Path, count: int, child: int) -> None:
    event = -1
    for index in range(count):
        which = index % 6
        if which == 0:
            event = os.eventfd(index, os.EFD_CLOEXEC)
        elif which == 1:
            epoll: int = _libc.epoll_create1(os.O_CLOEXEC)
            watcher = select.epoll.fromfd(epoll)
            watcher.register(event, select.EPOLLIN)
            os.dup2(watcher.fileno(), os.dup(0))  # the object closes its own number
        elif which == 2:
            timer()
        elif which == 3 and child < _INOTIFY_PER_USER:
            inotify(pool)
        elif which == 4:
            signals()
        else:
            os.pidfd_open(os.getppid())


def count_open() -> int:
    return len(os.listdir("/proc/self/fd")) - 1


def be_child(pool: Path, sizes: Sizes, fds: int, child: int, ready: int, hold: int) -> NoReturn:
    """Open everything, tell `ready`, wait until `hold` ends."""
    _libc.prctl(_PR_SET_NAME, f"load-{child}".encode(), 0, 0, 0)
    own_pairs = sizes.tcp - sizes.tcp // 4 // 2 * 2
    tcp_pairs(own_pairs, socket.AF_INET6 if child % GROUP == GROUP - 1 else socket.AF_INET)
    unix_pairs(sizes.unix // 2 // 2 * 2)
    for _ in range(sizes.udp):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.bind(("127.0.0.1", 0))
            datagrams.detach()
    anonymous(pool, sizes.anon, child)
    for index in range(sizes.null):
        os.open(("/dev/null", "/dev/zero", "/dev/urandom")[index % 3], os.O_RDWR | os.O_CLOEXEC)
    for index in range(sizes.directories):
        os.open(pool / f"d{index % 20:02}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for index in range(sizes.memfd):
        os.ftruncate(os.memfd_create(f"load-{index}", os.MFD_CLOEXEC), 4096)
    for index in range(sizes.deleted):
        open_deleted(pool, index)
    have = count_open()
    while have < fds:
        open_regular(pool, child + have)
        have += 1
    last = max(map(int, os.listdir("/proc/self/fd")))
    while have > fds:
        if last not in (ready, hold) and last > 2:
            try:
                os.close(last)
                have -= 1
            except OSError:
                pass
        last -= 1
    os.write(ready, b"r")
    os.read(hold, 1)
    os._exit(0)


def start_group(
    pool: Path, sizes: Sizes, fds: int, first: int, size: int, ready: int, hold: int
) -> None:
    """Fork `size` siblings: all keep the shared files, each some ends of the crossing pairs."""
    shared = [open_regular(pool, first + index) for index in range(sizes.shared)]
    crossing = [
        pipes(sizes.pipes // 2 * 2)
        + unix_pairs(sizes.unix - sizes.unix // 2 // 2 * 2)
        + tcp_pairs(sizes.tcp // 4 // 2 * 2)
        for _ in range(size)
    ]
    owner = {
        fd: ((position + index % 2) % size)
        for position, ends in enumerate(crossing)
        for index, fd in enumerate(ends)
    }
    parent = os.getpid()
    for position in range(size):
        if os.fork():
            continue
        try:
            die_with_parent(parent)
            for fd, who in owner.items():
                if who != position:
                    os.close(fd)
            be_child(pool, sizes, fds, first + position, ready, hold)
        finally:
            os._exit(1)
    for fd in (*shared, *owner):
        os.close(fd)


def wait_for_all() -> None:
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


def limit_for(fds: int, processes: int) -> None:
    """Raise RLIMIT_NOFILE as far as the load needs it, or refuse."""
    crossing = min(processes, GROUP) * (fds // 4 + 2)
    wanted = max(fds + _OWN, crossing + fds // 20) + 64
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if wanted > hard:
        sys.exit(
            f"load: {fds} descriptors a process need RLIMIT_NOFILE {wanted}, the hard limit is "
            f"{hard}: more processes with fewer descriptors make the same load"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def hold_load(processes: int, fds: int, pool: Path) -> int:
    """Start everything, print the ready line, wait for the end of stdin."""
    limit_for(fds, processes)
    make_pool(pool)
    sizes = Sizes(fds)
    null = os.open("/dev/null", os.O_RDWR)
    ready, tell = os.pipe()
    hold, keep = os.pipe()
    os.set_inheritable(null, True)
    started = 0
    while started < processes:
        size = min(GROUP, processes - started)
        before = os.getpid()
        group = os.fork()
        if not group:
            try:
                die_with_parent(before)
                os.close(keep)
                os.close(ready)
                for standard in range(3):
                    os.dup2(null, standard)
                os.close(null)
                start_group(pool, sizes, fds, started, size, tell, hold)
                os.close(tell)
                os.read(hold, 1)
                wait_for_all()
            finally:
                os._exit(0)
        for _ in range(size):
            if not os.read(ready, 1):
                sys.exit("load: a process ended before it was ready")
        started += size
    os.close(tell)
    print(f"ready processes={processes} descriptors={processes * fds}", flush=True)
    while os.read(0, 4096):
        pass
    os.close(keep)
    wait_for_all()
    return 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("processes", type=int)
    parser.add_argument("fds", type=int)
    options = parser.parse_args(arguments)
    if options.processes < 1 or options.fds < 20:
        parser.error("at least one process and 20 descriptors")
    die_with_parent(os.getppid())
    pool = Path(tempfile.mkdtemp(prefix="fdtui-load-"))
    try:
        return hold_load(options.processes, options.fds, pool)
    finally:
        shutil.rmtree(pool, ignore_errors=True)


@contextmanager
def load(processes: int, fds: int) -> Iterator[int]:
    """Run the load while the block runs; gives the pid that all of it descends from."""
    command = [sys.executable, "-m", "tests.bench.load", str(processes), str(fds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        line = child.stdout.readline()
        if not line.startswith(b"ready"):
            raise RuntimeError(f"the load did not start: {line.decode()}")
        try:
            yield child.pid
        finally:
            child.stdin.close()
            child.wait()


if __name__ == "__main__":
    sys.exit(main())
