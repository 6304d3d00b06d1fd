"""Puppets: real processes that do what a test tells them, one Python expression at a time."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from fdtui.acquire.base import Target
from fdtui.linux.procfs import FdInfo, ProcFs, parse_fdinfo, read_file

HERE = Path(__file__).parent
MNT_FORCE, MNT_DETACH = 1, 2

_PROGRAM = r"""
import ctypes, fcntl, json, os, select, signal, socket, sys, threading, time
names = dict(globals())
for line in sys.stdin:
    code = json.loads(line)
    try:
        try:
            said = eval(code, names)
        except SyntaxError:
            said = exec(code, names)
        if isinstance(said, (bytes, bytearray)):
            said = said.decode("latin-1")
        answer = {"ok": said}
    except Exception as error:
        answer = {"error": repr(error)}
    print(json.dumps(answer, default=repr), flush=True)
"""


class Puppet:
    """A target."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self.process.pid
        self("0")
        self.start_time = ProcFs().start_time(self.pid)

    def __call__(self, code: str) -> Any:
        """Run an expression (bytes come back as latin-1 text) or statements in it."""
        self.start(code)
        return self.answer()

    def start(self, code: str) -> None:
        """Have it begin something; `answer` fetches what came of it."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(code) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        """Wait for the answer."""
        assert self.process.stdout is not None
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["ok"]

    def target(self, fd: int) -> Target:
        """Name one of its descriptors."""
        return Target(self.pid, self.start_time, fd)

    def fdinfo(self, fd: int) -> FdInfo:
        """Return its own fdinfo."""
        return parse_fdinfo(read_file(f"/proc/{self.pid}/fdinfo/{fd}"))

    def fds(self) -> list[int]:
        """Return its descriptor numbers."""
        return ProcFs().fds(self.pid)

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.__exit__(None, None, None)


def until(condition: Callable[[], object], seconds: float = 15.0, what: str = "") -> float:
    """Wait until it is true; returns the seconds it took, fails when it never is."""
    begin = time.monotonic()
    while not condition():
        waited = time.monotonic() - begin
        assert waited < seconds, f"not within {seconds} s: {what or condition}"
        time.sleep(0.002)
    return time.monotonic() - begin


def ended(pid: int) -> bool:
    """Has the process ended?  A zombie that nobody reaped has."""
    try:
        return ProcFs().stat(pid).state in "ZX"
    except OSError:
        return True


@contextmanager
def hangfs(folder: Path) -> Iterator[Path]:
    """Mount the file system of tests/hangfs.py there (needs root), and end it afterwards."""
    with served(folder):
        yield folder


@contextmanager
def served(folder: Path) -> Iterator[Callable[[], None]]:
    """The same; yields what makes its server answer nothing at all any more."""
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(HERE / "hangfs.py"), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "mounted\n"
        try:
            yield lambda: server.send_signal(signal.SIGSTOP)
        finally:
            # Killing the server answers everybody who hangs: ENOTCONN.
            server.send_signal(signal.SIGKILL)
            server.wait()
            ctypes.CDLL(None).umount2(os.fsencode(folder), MNT_FORCE | MNT_DETACH)
