"""Search: in files through pread, in queues through what is queued now."""

from __future__ import annotations

import os

from fdtui.errors import FdtuiError
from fdtui.keeper.codec import only, whole
from fdtui.keeper.custody import Custody, Seen
from fdtui.keeper.operations import Call, Handler, Reply
from fdtui.keeper.reading import MAX_WINDOW, read_seen
from fdtui.keeper.regex_apart import search_apart
from fdtui.keeper.room import Room
from fdtui.keeper.scan import MAX_OFFSET, Literal, Source, Tick, search
from fdtui.kinds.base import View
from fdtui.linux.owned import OwnedFd
from fdtui.linux.private import PrivatePeek


class Bytes(Source):
    """What is queued, copied once."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def size(self) -> int:
        return len(self._data)

    def read(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]

    def next_data(self, offset: int) -> int | None:
        return offset


class File(Source):
    """A file of one look; holes are asked for only through a description of our own."""

    def __init__(self, custody: Custody, seen: Seen) -> None:
        self._custody = custody
        self._seen = seen

    def size(self) -> int:
        # Files of procfs say 0 and have bytes all the same.
        return self._custody.kind.size(self._seen.entry, self._seen.info) or MAX_OFFSET

    def read(self, offset: int, length: int) -> bytes:
        stretch = read_seen(self._custody, self._seen, offset, length)
        if stretch.why:
            raise FdtuiError(f"cannot be searched: {stretch.why}")
        return stretch.data

    def next_data(self, offset: int) -> int | None:
        peek = self._seen.peek
        return peek.next_data(offset) if isinstance(peek, PrivatePeek) else offset


def find(call: Call, room: Room) -> Reply:
    """Find the next match; the payload is the pattern."""

    def tick(done: int, total: int) -> None:
        room.breathe(call, done=done, total=total)

    custody = room.opened()
    with custody.seen() as seen:
        queue = custody.kind.view is not View.BYTES
        # Of a file one byte, which tells whether its kind lets any be read at all.
        stretch = read_seen(custody, seen, 0, MAX_WINDOW if queue else 1)
        if stretch.why:
            raise FdtuiError(f"cannot be searched: {stretch.why}")
        if not queue:
            return _search(call, File(custody, seen), seen.reader, seen.private, tick)
    with OwnedFd(os.memfd_create("queued", os.MFD_CLOEXEC)) as copy:
        os.pwrite(copy.fileno(), stretch.data, 0)
        return _search(call, Bytes(stretch.data), copy, True, tick)


def _search(call: Call, source: Source, reader: OwnedFd, private: bool, tick: Tick) -> Reply:
    pattern, start = call.payload, max(0, whole(only(call.args, "start")))
    backwards = bool(only(call.args, "backwards"))
    ignore_case = bool(only(call.args, "ignore_case"))
    if not pattern:
        raise FdtuiError("nothing to search for")
    if bool(only(call.args, "regex")):
        size = source.size()
        match = search_apart(reader, private, size, pattern, ignore_case, start, backwards, tick)
    else:
        match = search(source, Literal(pattern, ignore_case), start, backwards, tick)
    return Reply({"offset": match.offset, "length": match.length, "searched": match.searched})


OPERATIONS: dict[str, Handler] = {"search": find}
