"""Reading: windows of bytes, queues, directories, and the state behind them."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import NamedTuple

from fdtui.errors import CallFailed
from fdtui.keeper.api import BadBlock, Window
from fdtui.keeper.codec import entry_json, only, whole, window_json
from fdtui.keeper.custody import Custody, Seen
from fdtui.keeper.operations import Call, Handler, Reply
from fdtui.keeper.room import Room
from fdtui.kinds.base import Unseen, View
from fdtui.linux.json_types import Json
from fdtui.linux.peek import Peek

MAX_OFFSET = 2**63 - 1  # off_t
MAX_WINDOW = 16 << 20  # bytes
BLOCK = 4096

# A bad spot on a medium: the rest of the file may be well.
_BAD_SPOT = frozenset(
    {errno.EIO, errno.ENODATA, errno.EBADMSG, errno.EUCLEAN, errno.EREMOTEIO, errno.EILSEQ}
)

Read = Callable[[int, int], "bytes | Unseen"]  # offset, length


class Stretch(NamedTuple):
    """Bytes with the unreadable blocks zero-filled; `why` when none may be seen."""

    data: bytes
    errors: tuple[BadBlock, ...] = ()
    why: str = ""


def read_stretch(read: Read, offset: int, length: int, size: int | None = None) -> Stretch:
    """Read up to the end of the file, stepping over blocks of 4 KiB that cannot be read.

    `size` in bytes ends the stepping where only bad blocks are left.  CallFailed for errors that
    are not about a spot.
    """
    if offset >= MAX_OFFSET:
        return Stretch(b"")
    end = min(offset + length, MAX_OFFSET)
    chunks: list[bytes] = []
    bad: list[BadBlock] = []
    at = offset
    while at < end:
        if bad and size is not None and at >= size:
            return _cut(b"".join(chunks), bad, offset, max(size - offset, 0))
        try:
            chunk = read(at, end - at)
        except OSError as error:
            if error.errno not in _BAD_SPOT:
                raise CallFailed(f"pread at {at:#x}", error) from error
            chunk = _isolate(read, at, min(end, (at // BLOCK + 1) * BLOCK), bad)
        if isinstance(chunk, Unseen):
            return Stretch(b"", (), chunk.why)
        if not chunk:
            break
        chunks.append(chunk)
        at += len(chunk)
    return Stretch(chunks[0] if len(chunks) == 1 else b"".join(chunks), tuple(bad))


def _isolate(read: Read, at: int, end: int, bad: list[BadBlock]) -> bytes | Unseen:
    """Read one block alone; zeros and a note when it is this one that cannot be read."""
    try:
        return read(at, end - at)
    except OSError as error:
        if error.errno not in _BAD_SPOT:
            raise CallFailed(f"pread at {at:#x}", error) from error
        code = error.errno or 0
    last = bad[-1] if bad else None
    if last and last.errno == code and last.offset + last.length == at:
        bad[-1] = last._replace(length=last.length + end - at)
    else:
        bad.append(BadBlock(at, end - at, code))
    return bytes(end - at)


def _cut(data: bytes, bad: list[BadBlock], offset: int, length: int) -> Stretch:
    kept = [block for block in bad if block.offset < offset + length]
    if kept:
        last = kept[-1]
        kept[-1] = last._replace(length=min(last.length, offset + length - last.offset))
    return Stretch(data[:length], tuple(kept))


def read_seen(custody: Custody, seen: Seen, offset: int, length: int) -> Stretch:
    """Read bytes of one look through the description that was chosen for it."""
    if custody.why:
        return Stretch(b"", (), custody.why)
    kind, peek = custody.kind, seen.peek

    def read(at: int, count: int) -> bytes | Unseen:
        return kind.read(peek, at, count)

    if kind.view is View.BYTES:
        # Files of procfs say 0 and have bytes all the same.
        return read_stretch(read, offset, length, kind.size(seen.entry, seen.info) or None)
    try:
        found = read(0, length + offset)
    except OSError as error:
        raise CallFailed(f"look at the {kind.name}", error) from error
    return Stretch(b"", (), found.why) if isinstance(found, Unseen) else Stretch(found[offset:])


def window(call: Call, room: Room) -> Reply:
    """Bytes at an offset (or of the queue), with size and the target's offset as they are now."""
    offset = max(0, whole(only(call.args, "offset")))
    length = min(max(0, whole(only(call.args, "length"))), MAX_WINDOW)
    custody = room.opened()
    with custody.seen() as seen:
        stretch = read_seen(custody, seen, offset, length)
        entry, kind = seen.entry, custody.kind
        size = kind.size(entry, seen.info)
        if size is None and kind.view is View.QUEUE and not stretch.why:
            size = offset + len(stretch.data)
        view = Window(
            offset=offset,
            data=stretch.data,
            size=size,
            pos=kind.position(entry) if entry.info else None,
            entry=entry,
            errors=stretch.errors,
            why=stretch.why,
        )
    return Reply(window_json(view), view.data)


def state(call: Call, room: Room) -> Reply:
    """Look once more: entry and everything decoded."""
    with room.opened().seen() as seen:
        return Reply({"entry": entry_json(seen.entry), "info": seen.info})


def entries(call: Call, room: Room) -> Reply:
    """List a directory through a description of our own, so that nobody's offset moves."""
    limit = whole(only(call.args, "limit"))
    found: list[Json] = []
    with (
        room.opened().borrowed() as owned,
        Peek(owned).open_directory() as directory,
        os.scandir(directory.fileno()) as names,
    ):
        for name in names:
            if len(found) >= limit:
                break
            found.append([name.name, _ls_type(name), name.inode()])
            room.breathe(call, done=len(found), total=limit)
    return Reply({"entries": found})


def _ls_type(entry: os.DirEntry[str]) -> str:
    """Return the mark of `ls -F`, from the directory alone: no entry is opened or asked."""
    if entry.is_symlink():
        return "@"
    return "/" if entry.is_dir(follow_symlinks=False) else ""


OPERATIONS: dict[str, Handler] = {"window": window, "state": state, "entries": entries}
