"""Acting as screens and commands do it: take custody, preview, confirm, perform; what a file is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from fdtui.acquire.base import Target
from fdtui.keeper.actions.arguments import parse_words
from fdtui.keeper.actions.base import Outcome, Preview
from fdtui.keeper.actions.codec import action_named
from fdtui.keeper.actions.doing import perform, preview
from fdtui.keeper.custody import Custody
from fdtui.keeper.looks import open_custody
from fdtui.linux.procfs import FdInfo, ProcFs
from tests.puppets import Puppet

ACT = [sys.executable, "-m", "fdtui", "act"]
TEXT = b"0123456789" * 10
# What each action changes of a File, by the names of State.
CHANGES = [
    (("write", "ab"), {"pos": 42, "content": TEXT[:40] + b"ab" + TEXT[42:]}),
    (("pwrite", "0x2", r"\x00b"), {"content": TEXT[:2] + b"\0b" + TEXT[4:]}),
    (("pwrite", "98", "abcd"), {"content": TEXT[:98] + b"abcd", "size": 102}),
    (("pwrite", "100", "ab"), {"content": TEXT + b"ab", "size": 102}),
    (("append", "ab"), {"content": TEXT + b"ab", "size": 102}),
    (("edit", "1", "1", "x", "3", "34", "yz"), {"content": b"0x2yz" + TEXT[5:]}),
    (("truncate",), {"content": b"", "size": 0}),
    (("truncate", "50"), {"content": TEXT[:50], "size": 50}),
    (("truncate", "102"), {"content": TEXT + b"\0\0", "size": 102}),
    (("truncate-rewind",), {"content": b"", "size": 0, "pos": 0}),
    (("seek", "7"), {"pos": 7}),
    (("seek", "end"), {"pos": 100}),
    (("set-append", "on"), {"flags": 0o2102002}),
    (("sync",), {}),
    (("punch", "0", "10"), {"content": bytes(10) + TEXT[10:]}),
]


@contextmanager
def custody_of(pid: int, fd: int) -> Iterator[Custody]:
    """Take a descriptor by pidfd_getfd, and let go of it at the end."""
    custody = open_custody(Target(pid, ProcFs().start_time(pid), fd), None)
    try:
        yield custody
    finally:
        custody.close()


def show(custody: Custody, name: str, *words: str) -> Preview:
    """Preview one action, given as the words of a command line."""
    action = action_named(name)
    return preview(custody, action, parse_words(action.arguments, words))


def confirm(custody: Custody, shown: Preview, name: str, *words: str) -> Outcome:
    """Do what a preview showed."""
    action = action_named(name)
    return perform(custody, action, parse_words(action.arguments, words), shown.token)


def do(custody: Custody, name: str, *words: str) -> Outcome:
    """Preview and do at once."""
    return confirm(custody, show(custody, name, *words), name, *words)


def undo(custody: Custody, outcome: Outcome) -> Outcome:
    """Do what the outcome says undoes it."""
    return do(custody, *outcome.undo)


def act(
    pid: int, fd: int, *words: str, data: str | None = None, yes: bool = True
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*ACT, f"{pid}:{fd}", *words, *(["--yes"] if yes else [])],
        capture_output=True,
        text=True,
        input=data,
        timeout=30,
        check=False,
        stdin=None if data is not None else subprocess.DEVNULL,
    )


class State(NamedTuple):
    """Everything a sharer of a file could notice."""

    info: FdInfo
    size: int
    blocks: int
    content: bytes


class File:
    """A file that a puppet has open, its offset at 40."""

    def __init__(self, puppet: Puppet, path: Path, flags: str = "os.O_RDWR") -> None:
        path.write_bytes(TEXT)
        self.path = path
        self.puppet = puppet
        self.fd: int = puppet(f"os.open({str(path)!r}, {flags})")
        puppet(f"os.lseek({self.fd}, 40, 0)")

    def state(self) -> State:
        status = self.path.stat()
        return State(
            self.puppet.fdinfo(self.fd), status.st_size, status.st_blocks, self.path.read_bytes()
        )

    def changed(self, before: State) -> dict[str, Any]:
        """Return what differs, by the names of State and FdInfo."""
        now = self.state()
        pairs = (
            {**before._asdict(), **before.info._asdict()},
            {**now._asdict(), **now.info._asdict()},
        )
        return {
            k: v for k, v in pairs[1].items() if v != pairs[0][k] and k not in ("info", "blocks")
        }
