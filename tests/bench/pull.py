"""Pulling: how long each road takes, 1,000 injections without an error, 100,000 frames of junk.

`python -m tests.bench.pull [--rounds 200] [--injections 1000] [--frames 100000]`; needs root.
"""

from __future__ import annotations

import argparse
import array
import os
import random
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from fdtui.acquire import helper_process
from fdtui.acquire.identity import listed_identity, same_description
from fdtui.acquire.inbox import Gift, Inbox
from fdtui.acquire.injection import METHOD as INJECTION
from fdtui.acquire.injection import WORKERS
from fdtui.acquire.pidfd_getfd import METHOD as GETFD
from fdtui.helper import helper as wire
from fdtui.linux import syscalls
from fdtui.linux.owned import OwnedFd
from tests.puppets import Puppet
from tests.test_injection import BUSY

PAUSE = 0.01  # seconds between two pulls: a person's hand, not a loop


def median(name: str, rounds: int, goal: float, work: Callable[[], OwnedFd]) -> None:
    """Print the median and the slowest of so many pulls; `goal` in seconds."""
    took = []
    for _ in range(rounds):
        begin = time.perf_counter()
        fd = work()
        took.append(time.perf_counter() - begin)
        fd.close()
        time.sleep(PAUSE)
    middle = statistics.median(took)
    mark = "" if middle <= goal else "  !"
    slowest = 1000 * max(took)
    print(f"{name:<28}{1000 * middle:>9.3f} ms  slowest {slowest:.1f}, goal {1000 * goal:g}{mark}")


def roads(rounds: int) -> None:
    """Time every method on a sleeping target."""
    with Puppet() as puppet:
        fd = puppet(f"os.open({__file__!r}, os.O_RDONLY)")
        target = puppet.target(fd)
        median("pidfd_getfd", rounds, 0.001, lambda: GETFD.acquire(target))
        identity = listed_identity(puppet.pid, fd)
        for via in ("self", *helper_process.tools()[:1]):
            helper = helper_process.start(via)
            with OwnedFd(syscalls.pidfd_open(puppet.pid)) as pidfd:
                pull = partial(helper.client.steal, pidfd, fd, identity)
                median(f"{helper.status().words}, through {via}", rounds, 0.001, pull)
            helper.close()
        INJECTION.acquire(target).close()
        median("injection", rounds, 0.010, lambda: INJECTION.acquire(target))
        send_to_arrival()


def send_to_arrival() -> None:
    """Time `fdtui send` from the shell's start of it to the gift in the session."""
    base = tempfile.mkdtemp(prefix="fp-", dir="/tmp")
    os.environ["XDG_RUNTIME_DIR"] = base
    arrived: list[float] = []

    def receive(gift: Gift) -> None:
        arrived.append(time.perf_counter())
        for fd in gift.fds:
            fd.close()

    inbox = Inbox(receive)
    thread = threading.Thread(target=inbox.serve)
    thread.start()
    took = []
    for _ in range(10):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-m", "fdtui", "send", "0"], check=True)
        took.append(arrived[-1] - begin)
    inbox.stop()
    thread.join()
    inbox.close()
    shutil.rmtree(base)
    print(f"{'fdtui send, to the session':<28}{1000 * statistics.median(took):>9.1f} ms, goal 500")


def injections(count: int) -> None:
    """Inject into a sleeping, a spinning, a threaded and a signalled target, a quarter each."""
    for kind in ("sleeping", *BUSY):
        each, done, begin = count // 4, 0, time.perf_counter()
        with Puppet() as puppet:
            target = puppet.target(0)
            if kind != "sleeping":
                puppet(f"exec({BUSY[kind]!r}, globals())")
                seconds = max(2.0, each / 40)
                puppet.start(f"work(time.monotonic() + {seconds})")
            while done < each and (kind == "sleeping" or time.perf_counter() < begin + seconds):
                with INJECTION.acquire(target) as fd:
                    assert same_description(fd, puppet.pid, 0)
                done += 1
            took = time.perf_counter() - begin
            errors, rounds = (0, 0) if kind == "sleeping" else puppet.answer()
            alive = puppet("1 + 1") == 2
        words = f"{errors} errors in {rounds:,} rounds, {'alive' if alive else 'DEAD'}"
        print(f"{done:>5} injections, {kind:<13}{1000 * took / done:>6.1f} ms each  {words}")


def mutated(good: list[bytes]) -> bytes:
    """Return a right frame, one with a few bytes changed, cut or grown, or pure noise."""
    frame = bytearray(random.choice(good))
    match random.randrange(5):
        case 0:
            frame = bytearray(random.randbytes(random.randrange(1, 80)))
        case 1:
            del frame[random.randrange(1, len(frame)) :]
        case 2:
            frame += random.randbytes(random.randrange(1, 5000))
        case 3:
            for _ in range(random.randrange(1, 4)):
                frame[random.randrange(len(frame))] = random.randrange(256)
    return bytes(frame)


def fuzz_parser(count: int) -> None:
    """Give the helper's parser junk: a request or a refusal, never anything else."""
    head = [wire.REQUEST.pack(verb, 3) for verb in (b"H", b"L", b"S")]
    good = [
        head[0] + wire.HELLO.pack(wire.VERSION),
        head[1] + b"C" + struct.pack("=3i", 1, 2, 3),
        head[1] + b"T" + struct.pack("=3i", -4, 9, 1),
        head[1] + b"K" + struct.pack("=4i", 1, 0, 1, 0),
        head[2] + wire.STEAL.pack(3, 3, 8, 1, 77) + b"/path",
    ]
    requests = 0
    for _ in range(count):
        try:
            wire.parse(mutated(good), random.randrange(3))
            requests += 1
        except wire.Refused:
            pass
    print(f"{count:,} frames to the helper's parser: {requests:,} requests, the rest refused")


def fuzz_helper(count: int) -> None:
    """Send junk to live helpers, a new one whenever one has had enough."""
    good = [
        wire.REQUEST.pack(b"L", 2) + b"C" + struct.pack("=2i", os.getpid(), 1),
        wire.REQUEST.pack(b"L", 4) + b"K" + struct.pack("=4i", 1, 0, 1, 0),
        wire.REQUEST.pack(b"S", 5) + wire.STEAL.pack(0, 1, 0, 0, 0),
    ]
    sent = helpers = came = 0
    codes: set[int] = set()
    while sent < count:
        helper = helper_process.start("self")
        helpers += 1
        sock = helper.client.release()
        sock.settimeout(5)
        while sent < count:
            sent += 1
            rights = array.array("i", [0] * random.choice([0, 0, 0, 1, 2]))
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if rights else []
            try:
                sock.sendmsg([mutated(good)], ancillary)
                data, got, *_ = sock.recvmsg(1 << 17, 256, socket.MSG_CMSG_CLOEXEC)
            except (BrokenPipeError, ConnectionResetError):
                break
            came += sum(kind == socket.SCM_RIGHTS for _, kind, _ in got)
            if not data:
                break
        sock.close()
        codes.add(helper.process.wait(5))
    words = f"{came} descriptors came, exit codes {sorted(codes)}"
    print(f"{sent:,} frames to {helpers:,} live helpers: {words}")


def fuzz_inbox(count: int) -> None:
    """Send junk and descriptors to the inbox; none may stay."""
    base = tempfile.mkdtemp(prefix="fp-", dir="/tmp")
    os.environ["XDG_RUNTIME_DIR"] = base
    gifts = 0

    def receive(gift: Gift) -> None:
        nonlocal gifts
        gifts += 1
        for fd in gift.fds:
            fd.close()
        inbox.released(len(gift.fds))

    inbox = Inbox(receive)
    before = len(os.listdir("/proc/self/fd"))
    sent = 0
    while sent < count:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
            sock.connect(str(inbox.session.socket))
            for _ in range(random.randrange(1, 12)):
                sent += 1
                rights = array.array("i", [0] * random.choice([0, 1, 1, 2, 16, 17, 253]))
                ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if rights else []
                try:
                    sock.sendmsg([random.randbytes(random.randrange(0, 400))], ancillary)
                except OSError:
                    break
                inbox.handle()
            inbox.handle()
        inbox.handle()
    left = len(os.listdir("/proc/self/fd")) - before
    inbox.close()
    shutil.rmtree(base)
    print(f"{sent:,} messages to the inbox: {gifts:,} gifts, {left} descriptors left")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--injections", type=int, default=1000)
    parser.add_argument("--frames", type=int, default=100_000)
    options = parser.parse_args()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    random.seed(4)
    os.chdir(Path(__file__).parents[2])
    print(f"{os.uname().release}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    roads(options.rounds)
    injections(options.injections)
    WORKERS.close()
    fuzz_parser(options.frames)
    fuzz_inbox(options.frames)
    fuzz_helper(options.frames // 50)


if __name__ == "__main__":
    main()
