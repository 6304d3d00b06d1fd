"""Files whose names look like something else."""

from __future__ import annotations

import os
import time

from tests.specimens.files import folder, new_file
from tests.specimens.paths import new_tmpfs
from tests.specimens.registry import Keep, Make, reads, specimen

_IN_FOLDER = (
    "socket:[1]",
    "pipe:[1]",
    "anon_inode:[eventfd]",
    "memfd:x (deleted)",
    "a (deleted)",
    "new\nline\neventfd-count: 1 (deleted)",
    "\x1b[31m\x1b]0;owned\x07[red][@click=app.quit]",
)
# At the root of a mount of their own, so that the link text is exactly that.
_AT_ROOT = ("memfd:x (deleted)", "secretmem (deleted)", "dmabuf:x", "queue", "dev", "SYSV0")


def _in_folder(name: str) -> Make:
    def make(keep: Keep) -> int:
        return os.open(new_file(b"spoof", name), os.O_RDWR)

    return make


def _at_root(name: str) -> Make:
    def make(keep: Keep) -> int:
        mount = new_tmpfs()
        keep.append(mount)
        fd = os.open(name, os.O_RDWR | os.O_CREAT, 0o600, dir_fd=mount)
        os.pwrite(fd, b"spoof".ljust(80, b"."), 0)  # the size of a message queue's file
        return fd

    return make


for _name in _IN_FOLDER:
    specimen(f"spoof {_name!r}", "regular", content=b"spoof", consume=reads(99))(_in_folder(_name))
for _name in _AT_ROOT:
    specimen(
        f"spoof {'/' + _name!r}",
        "regular",
        content=b"spoof".ljust(80, b"."),
        consume=reads(99),
    )(_at_root(_name))


@specimen("spoof directory", "directory")
def _directory(keep: Keep) -> int:
    path = folder() / f"anon_inode:[eventpoll]{time.monotonic_ns()}"
    path.mkdir()
    return os.open(path, os.O_RDONLY)


@specimen("spoof fifo", "fifo", content=b"named", consume=reads(99))
def _fifo(keep: Keep) -> int:
    path = folder() / f"pipe:[{time.monotonic_ns()}]"
    os.mkfifo(path)
    fd = os.open(path, os.O_RDWR)
    os.write(fd, b"named")
    return fd
