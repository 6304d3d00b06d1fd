"""Dump: everything behind a descriptor into a new file, holes as holes, complete or `.part`."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from fdtui.errors import CallFailed, FdtuiError
from fdtui.keeper.custody import Custody, Seen
from fdtui.keeper.reading import read_seen
from fdtui.kinds.base import View
from fdtui.linux import copying
from fdtui.linux.owned import OwnedFd
from fdtui.render.units import size_words

PART = ".part"
STEP = 8 << 20  # bytes between two looks at whether to stop
READ = 1 << 20
_BLOCK = 4096
_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

Step = Callable[[int, int], None]  # bytes done, bytes in all (0 unknown); raises to stop


class Dumped(NamedTuple):
    """What came of it: `data` bytes were copied, the rest of `size` are holes."""

    path: str
    size: int
    data: int
    bad: int  # bytes that could not be read and are zeros
    by: str  # reflink, copy_file_range, sendfile, read
    seconds: float


def dump(custody: Custody, path: str, *, overwrite: bool, step: Step) -> Dumped:
    """Write it to `path` (absolute).  CallFailed EEXIST `open(path)` when a file is there.

    A failure leaves what came so far as `path.part` and says how much; `step` raising removes it.
    """
    with custody.seen() as seen:
        _check_target(custody, seen, path, overwrite)
        begin = time.monotonic()
        with _part(path) as part:
            writer = Writer(part, path + PART, step)
            by = copy_all(custody, seen, writer)
            _complete(writer, path, overwrite)
        took = time.monotonic() - begin
        return Dumped(path, writer.size, writer.data, writer.bad, by, took)


class Writer:
    """The new file, how far it came, and what stopped it."""

    def __init__(self, part: OwnedFd, name: str, step: Step) -> None:
        self.part = part
        self.name = name
        self.size = 0  # of the file when it is complete
        self.total = 0  # bytes to copy, 0 unknown
        self.data = 0
        self.bad = 0
        self._step = step

    def went(self, count: int) -> None:
        """Count bytes; raises what `step` raises."""
        self.data += count
        self._step(self.data, self.total)

    def write(self, data: bytes, offset: int) -> None:
        """Write all of it; zeros become holes."""
        at = 0
        while at < len(data):
            chunk = data[at : at + _BLOCK]
            if chunk.count(0) != len(chunk):
                end = at + _BLOCK
                while end < len(data) and data[end : end + _BLOCK].count(0) < _BLOCK:
                    end += _BLOCK
                chunk = data[at:end]
                self._write(chunk, offset + at)
            at += len(chunk)
        self.size = max(self.size, offset + len(data))

    def _write(self, data: bytes, offset: int) -> None:
        try:
            while data:
                count = os.pwrite(self.part.fileno(), data, offset)
                data, offset = data[count:], offset + count
        except OSError as error:
            raise self.stopped("write", error) from error

    def stopped(self, call: str, error: OSError) -> CallFailed:
        """Make the error that says how far it came."""
        whole = f" of {size_words(self.total)}" if self.total else ""
        cause = f"{os.strerror(error.errno or 0)}; {size_words(self.data)}{whole} are in it"
        remedy = "the target is untouched"
        if error.errno in _ROOM:
            remedy = "make room, or dump to another file system; " + remedy
        return CallFailed(f"{call}({self.name})", error, cause, remedy)


def _check_target(custody: Custody, seen: Seen, path: str, overwrite: bool) -> None:
    if not path.startswith("/"):
        raise FdtuiError(f"not an absolute path: {path}")
    if custody.why:
        raise FdtuiError(f"no bytes: {custody.why}")
    if custody.kind.view not in (View.BYTES, View.QUEUE):
        raise FdtuiError(f"a {custody.kind.name} has no bytes to dump")
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise CallFailed(f"stat({path})", error) from error
    mine = seen.entry.stat
    if mine and (found.st_dev, found.st_ino) == (os.makedev(*mine.dev), mine.ino):
        raise FdtuiError(f"{path} is the file itself")
    if not stat.S_ISREG(found.st_mode):
        raise FdtuiError(f"{path} is there and no regular file")
    if not overwrite:
        raise _exists(path, "it exists")


def _exists(path: str, cause: str) -> CallFailed:
    return CallFailed(f"open({path})", errno.EEXIST, cause, "choose another name, or overwrite it")


@contextmanager
def _part(path: str) -> Iterator[OwnedFd]:
    """Yield the new file; it stays after a failure of the disk, and goes when one stopped it."""
    name = path + PART
    try:
        part = copying.create_new(name)
    except FileExistsError as error:
        raise CallFailed(
            f"open({name})",
            error,
            "another dump is writing it, or was interrupted",
            "remove it, or choose another name",
        ) from error
    except OSError as error:
        raise CallFailed(f"open({name})", error) from error
    with part, ExitStack() as undo:
        undo.callback(os.unlink, name)
        try:
            yield part
        except CallFailed:
            undo.pop_all()
            raise
        undo.pop_all()


def _complete(writer: Writer, path: str, overwrite: bool) -> None:
    """Give it its size, bring it to the disk, and give it its name last."""
    call = "ftruncate"
    try:
        os.ftruncate(writer.part.fileno(), writer.size)
        call = "fsync"
        os.fsync(writer.part.fileno())
        call = "rename"
        if overwrite:
            os.replace(writer.name, path)
        else:
            copying.rename_new(writer.name, path)
    except FileExistsError as error:
        raise _exists(path, f"a file came there meanwhile; it is in {writer.name}") from error
    except OSError as error:
        raise writer.stopped(call, error) from error


def copy_all(custody: Custody, seen: Seen, writer: Writer) -> str:
    """Copy everything into an empty file; returns by what.  The size is the caller's to set."""
    size = custody.kind.size(seen.entry, seen.info) if custody.kind.view is View.BYTES else None
    mode = seen.entry.stat.mode if seen.entry.stat else 0
    if not seen.private or not size or not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
        return _by_reading(custody, seen, writer, 0, size or None)
    try:
        if copying.clone(seen.reader, writer.part):
            writer.size = os.fstat(writer.part.fileno()).st_size
            writer.total = writer.size
            writer.went(writer.size)
            return "reflink"
        stretches = list(copying.extents(seen.reader, size))
        writer.total = sum(end - start for start, end in stretches)
        by = "hole"
        for start, end in stretches:
            by = _stretch(custody, seen, writer, start, end)
        writer.size = size
        if stat.S_ISREG(mode):  # one that became shorter meanwhile is as long as it is now
            writer.size = min(size, os.fstat(seen.reader.fileno()).st_size)
    except OSError as error:
        raise writer.stopped("write", error) from error
    return by


def _stretch(custody: Custody, seen: Seen, writer: Writer, start: int, end: int) -> str:
    """Copy one stretch without holes by the first way that works."""
    at = start
    for name, how in (
        ("copy_file_range", copying.copy_range),
        ("sendfile", copying.send_range),
    ):
        while at < end:
            count = how(seen.reader, writer.part, at, min(STEP, end - at))
            if not count:
                break
            at += count
            writer.went(count)
        if at >= end:
            return name
    return _by_reading(custody, seen, writer, at, end)


def _by_reading(custody: Custody, seen: Seen, writer: Writer, at: int, end: int | None) -> str:
    """Copy by reading as the viewer does: over bad blocks, from a queue, from procfs."""
    queue = custody.kind.view is View.QUEUE
    if end is not None and not writer.total:
        writer.total = end
    while end is None or at < end:
        length = READ if end is None else min(READ, end - at)
        stretch = read_seen(custody, seen, at, length)
        if stretch.why:
            raise FdtuiError(f"no bytes: {stretch.why}")
        writer.bad += sum(block.length for block in stretch.errors)
        writer.write(stretch.data, at)
        writer.went(len(stretch.data))
        at += len(stretch.data)
        if not stretch.data or queue:
            break
    return "read"
