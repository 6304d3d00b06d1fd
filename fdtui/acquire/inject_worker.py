"""Started by injection: `python -I -S .../inject_worker.py`, a SOCK_SEQPACKET socket on stdin.

It only forks: each order is carried out by a child that ends right after it, because the end of
the tracer is the one detach that cannot fail.  The order and its descriptors go to that child: if
the server of a held file hangs, so does who closes it.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parent.parent.parent))

import errno
import json
import os
import resource
import signal
import socket
from collections.abc import Sequence
from threading import Thread

from fdtui.acquire.detours import Order, refused, run
from fdtui.errors import CallFailed
from fdtui.linux import scm, syscalls
from fdtui.linux.detour import Hangs, block_signals
from fdtui.linux.nursery import serve
from fdtui.linux.owned import OwnedFd
from fdtui.linux.spawn import wait_for_children

READY = b"ready"
MAX_ORDER = 8192
_MAX_FDS = 2  # what to give, what is expected
_LET_GO = 0.2  # seconds


def main() -> None:
    """Fork per order until the socket closes."""
    sock = socket.socket(fileno=OwnedFd.duplicate_of(0).release())
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    wait_for_children()
    os.chdir("/")
    sock.send(READY)
    serve(sock, carry_out)


def carry_out(door: socket.socket) -> None:
    """Carry out the one order that comes, and answer it."""
    message = scm.receive(door, MAX_ORDER, _MAX_FDS)
    if not message.data:
        return
    block_signals()
    os.setsid()
    others = list(message.fds)
    body = json.loads(message.data)
    given = others.pop(0) if body.pop("given") else None
    expected = others.pop(0) if body.pop("expected") else None
    order = Order(**body)
    said: dict[str, str | int] = {}
    taken: list[OwnedFd] = []
    try:
        fd = run(order, given, expected)
        taken = [fd] if fd else []
    except CallFailed as error:
        said = {"errno": error.errno, "cause": error.cause, "remedy": error.remedy}
    except OSError as error:
        said = explain(order, error)
    scm.send(door, json.dumps(said).encode(), taken)
    door.close()
    let_go_of([*message.fds, *taken])


def let_go_of(fds: Sequence[OwnedFd]) -> None:
    """Close each in a thread: one that hangs keeps none of the others when this process ends."""
    threads = [Thread(target=fd.let_go, daemon=True) for fd in fds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_LET_GO)


def explain(order: Order, error: OSError) -> dict[str, str | int]:
    """Put an errno of ptrace(2), or of a call in the target, into words."""
    code = error.errno or errno.EIO
    cause, remedy = "", ""
    if isinstance(error, Hangs):
        cause = f"{error.strerror} waits in it: for the other end of a FIFO, or for a file server"
        remedy = "it was interrupted there, and the target goes on as before"
    elif isinstance(error, TimeoutError):
        cause = "it does not stop: frozen, or in an uninterruptible wait"
        remedy = "pidfd_getfd and the helper need no stop"
    elif isinstance(error, ProcessLookupError):
        cause = "the target has ended"
    elif code == errno.ENOEXEC:
        cause = "it runs 32-bit code"
        remedy = "pidfd_getfd and the helper take from it"
    elif code == errno.EMFILE:
        cause = "the target's own table is full"
    elif code == errno.EBADF:
        cause = f"the target has closed {order.fd}"
    failed = refused(order, code, cause, remedy)
    return {"errno": failed.errno, "cause": failed.cause, "remedy": failed.remedy}


if __name__ == "__main__":
    main()
