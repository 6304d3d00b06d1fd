"""A regular expression is matched in a process of its own, which can be killed at any moment.

Python's `re` can take exponentially long, and lets nothing else run while it does.
"""

from __future__ import annotations

import json
import os
import re
import resource
import select
import signal
import socket
import sys
import time
from pathlib import Path

from fdtui.errors import CallFailed, FdtuiError
from fdtui.keeper.api import Match
from fdtui.keeper.codec import error_from, error_json, items, match_from, table, text, whole
from fdtui.keeper.reading import read_stretch
from fdtui.keeper.scan import Regex, Source, Tick, search
from fdtui.linux import nursery, syscalls
from fdtui.linux.json_types import Info
from fdtui.linux.owned import OwnedFd
from fdtui.linux.peek import Peek
from fdtui.linux.private import PrivatePeek
from fdtui.linux.spawn import Child

ROOT = Path(__file__).resolve().parent.parent.parent
PERIOD = 0.1  # seconds between two looks whether to stop
STARTS_WITHIN = 5.0  # seconds
MAX_MESSAGE = 1 << 18
_NO_START = (
    f"the process for the expression does not start within {STARTS_WITHIN:.0f} s",
    "search for plain text, which needs no process, or try it again",
)
PR_SET_PDEATHSIG = 1
_BOOT = f"import sys; sys.path.append(sys.argv[1]); from {__name__} import main; main()"


class Range(Source):
    """A file read by pread from the descriptor given."""

    def __init__(self, fd: OwnedFd, private: bool, size: int) -> None:
        self._peek = PrivatePeek(fd) if private else Peek(fd)
        self._size = size

    def size(self) -> int:
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        peek = self._peek
        return read_stretch(lambda at, count: peek.pread(count, at), offset, length).data

    def next_data(self, offset: int) -> int | None:
        return self._peek.next_data(offset) if isinstance(self._peek, PrivatePeek) else offset


def compiled(pattern: bytes) -> None:
    """Refuse what is no regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise FdtuiError(f"not a regular expression: {error}") from error


def search_apart(
    reader: OwnedFd,
    private: bool,
    size: int,
    pattern: bytes,
    ignore_case: bool,
    start: int,
    backwards: bool,
    tick: Tick,
) -> Match:
    """Search in a child that has `reader` and nothing else; `tick` raises to stop it."""
    compiled(pattern)
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with near:
        with far:
            child = _spawn(reader, far)
        try:
            request: Info = {
                "pattern": pattern.hex(),
                "private": private,
                "size": size,
                "ignore_case": ignore_case,
                "start": start,
                "backwards": backwards,
            }
            near.send(json.dumps(request).encode())
            return _await(near, size, tick)
        finally:
            child.kill()
            child.close()


def _spawn(reader: OwnedFd, sock: socket.socket) -> Child:
    with OwnedFd(os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)) as null:
        return nursery.start(
            [sys.executable, "-I", "-S", "-c", _BOOT, str(ROOT)],
            {0: reader, 1: sock, 2: null},
            environment={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        )


def _await(near: socket.socket, size: int, tick: Tick) -> Match:
    poller = select.poll()
    poller.register(near.fileno(), select.POLLIN)
    done, total = 0, size
    latest: float | None = time.monotonic() + STARTS_WITHIN
    while True:
        if not poller.poll(PERIOD * 1000):
            if latest is not None and time.monotonic() > latest:
                raise FdtuiError(*_NO_START)
            tick(done, total)
            continue
        latest = None
        message = near.recv(MAX_MESSAGE)
        if not message:
            raise FdtuiError("the search has ended without an answer")
        it = table(json.loads(message))
        if "error" in it:
            raise error_from(it["error"])
        if "ready" in it:
            continue
        if "done" in it:
            done, total = map(whole, items(it["done"], 2))
            tick(done, total)
        else:
            return match_from(it)


def main() -> None:
    """Search, as the child: the file is descriptor 0, the keeper at the other end of 1."""
    syscalls.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with socket.socket(fileno=os.dup(1)) as sock:
        sock.send(b'{"ready": true}')
        message = sock.recv(MAX_MESSAGE)
        if message:
            sock.send(json.dumps(_answer(table(json.loads(message)), sock)).encode())
    os._exit(0)


def _answer(it: Info, sock: socket.socket) -> Info:
    told = 0.0

    def tick(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told >= PERIOD:
            told = time.monotonic()
            sock.send(json.dumps({"done": [done, total]}).encode())

    source = Range(OwnedFd(0), bool(it["private"]), whole(it["size"]))
    matcher = Regex(bytes.fromhex(text(it["pattern"])), bool(it["ignore_case"]))
    try:
        match = search(source, matcher, whole(it["start"]), bool(it["backwards"]), tick)
    except FdtuiError as error:
        return {"error": error_json(error)}
    except OSError as error:
        return {"error": error_json(CallFailed("search", error))}
    return match._asdict()
