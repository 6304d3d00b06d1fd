"""The zoo seen from a test: starts the child, acquires from it, tells it what to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from fdtui.linux import syscalls
from fdtui.linux.owned import OwnedFd
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry, ProcFs
from tests.specimens.registry import SPECIMENS, Specimen
from tests.zoo import FAMILIES

assert FAMILIES  # imported for their specimens
ROOT = Path(__file__).resolve().parent.parent


class ZooProcess:
    """One child with every specimen open."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="fdtui-zoo-")
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.zoo"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "FDTUI_ZOO": self._folder},
        )
        hello = self._answer()
        self.pid: int = hello["pid"]
        self.fds: dict[str, int] = hello["fds"]
        self.missing: dict[str, str] = hello["missing"]
        self.broken: dict[str, str] = hello["broken"]
        self.procfs = ProcFs()

    def _answer(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        assert line, "the zoo died"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _order(self, **order: str) -> dict[str, Any]:
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(order) + "\n")
        self._child.stdin.flush()
        return self._answer()

    def __enter__(self) -> ZooProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        self._child.stdout.close()
        self._child.kill()
        self._child.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def require(self, name: str) -> Specimen:
        """Return the specimen, or end the test: it is not here, and the report says why.

        Not a skip: what a machine cannot have is no hole in what was tested.
        """
        if name in self.missing:
            pytest.xfail(f"{name} is not here: {self.missing[name]}")
        assert name not in self.broken, self.broken[name]
        return SPECIMENS[name]

    def entry(self, name: str) -> Entry:
        """The row as /proc tells it."""
        return self.procfs.entry(self.pid, self.fds[name])

    def fdinfo(self, name: str) -> str:
        """The target's own fdinfo as it stands."""
        return Path(f"/proc/{self.pid}/fdinfo/{self.fds[name]}").read_text(errors="replace")

    def acquire(self, name: str) -> OwnedFd:
        """Take a duplicate that shares the specimen's open file description."""
        with OwnedFd(syscalls.pidfd_open(self.pid)) as pidfd:
            return OwnedFd(syscalls.pidfd_getfd(pidfd.fileno(), self.fds[name]))

    def consume(self, name: str) -> bytes:
        """Have the target read its own descriptor."""
        return bytes.fromhex(self._order(do="consume", name=name)["read"])

    def remake(self, name: str) -> None:
        """Have the target open a fresh one."""
        self.fds[name] = self._order(do="remake", name=name)["fd"]


def acquired_entry(zoo: ZooProcess, name: str, peek: Peek) -> Entry:
    """The row as an acquired descriptor tells it, of the target's pid and number."""
    listed = zoo.entry(name)
    return Entry(
        zoo.pid,
        zoo.fds[name],
        listed.access,
        peek.link(),
        peek.fdinfo(),
        peek.statx(),
        listed.sockproto,
        None,
    )


@pytest.fixture(scope="module")
def zoo() -> Iterator[ZooProcess]:
    """One child with all specimens for the tests of a module."""
    with ZooProcess() as process:
        yield process
