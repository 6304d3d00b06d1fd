"""What FakeKeeper reads: windows, states, folders, searches, over invented things."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import Future

from fdtui.acquire.base import Target
from fdtui.keeper.api import DirEntry, Match, Progress, Window
from fdtui.kinds import classify
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from tests.fake_answers import FakeAnswers
from tests.fake_things import Thing

_SEARCHED_AT_ONCE = 1 << 20  # bytes of a file that a search looks through


class FakeReading(FakeAnswers):
    """The part of the keeper that looks at bytes and states."""

    def __init__(self) -> None:
        super().__init__()
        self.searching: list[Progress] = []  # of searches that were held back

    def window(self, id: int, offset: int, length: int) -> Future[Window]:
        self.asked.append(f"window {offset} {length}")
        return self._later(lambda: self._window(self.thing(id), offset, length))

    def _window(self, thing: Thing, offset: int, length: int) -> Window:
        entry, kind = thing.entry, classify(thing.entry)
        size = kind.size(entry, thing.info)
        endless = size is None or kind.view != "bytes" or thing.says_nothing_of_size
        known = length if endless else max(0, (size or 0) - offset)
        data = b"" if thing.why else thing.read(offset, min(length, known))
        for block in thing.bad:
            start = max(0, block.offset - offset)
            end = min(len(data), block.offset + block.length - offset)
            if end > start:
                data = data[:start] + bytes(end - start) + data[end:]
        if kind.view == "queue" and not size:
            size = offset + len(data)
        pos = kind.position(entry)
        return Window(offset, data, size, pos, entry, tuple(thing.bad), thing.why)

    def state(self, id: int) -> Future[tuple[Entry, Info]]:
        self.asked.append("state")

        def look() -> tuple[Entry, Info]:
            thing = self.thing(id)
            return thing.entry, thing.info or classify(thing.entry).describe(thing.entry)

        return self._later(look)

    def entries(self, id: int, limit: int = 100_000) -> Future[list[DirEntry]]:
        self.asked.append("entries")
        return self._later(lambda: self.thing(id).entries[:limit])

    def search(
        self,
        id: int,
        pattern: bytes,
        *,
        regex: bool,
        ignore_case: bool,
        start: int,
        backwards: bool,
        progress: Progress | None = None,
    ) -> Future[Match]:
        self.asked.append(f"search {pattern!r} from {start}{' backwards' if backwards else ''}")
        if progress is not None and self.waiting is not None:
            self.searching.append(progress)

        def find() -> Match:
            flags = (re.IGNORECASE if ignore_case else 0) | re.DOTALL
            wanted = re.compile(pattern if regex else re.escape(pattern), flags)
            thing = self.thing(id)
            entry = thing.entry
            size = classify(entry).size(entry, thing.info) or 0
            high = min(start, size) if backwards else min(size, start + _SEARCHED_AT_ONCE)
            low = max(0, high - _SEARCHED_AT_ONCE) if backwards else start
            data = thing.read(low, max(0, high - low))
            found = list(wanted.finditer(data))
            if not found:
                return Match(None, 0, len(data))
            match = found[-1 if backwards else 0]
            return Match(low + match.start(), len(match[0]), len(data))

        return self._later(find)

    def glance(self, targets: Sequence[Target]) -> Future[list[tuple[Entry, Info] | None]]:
        def see(target: Target) -> tuple[Entry, Info] | None:
            thing = self.things.get((target.pid, target.fd))
            if thing is None or target.fd not in thing.procfs.tables[target.pid]:
                return None
            return thing.entry, thing.info or classify(thing.entry).describe(thing.entry)

        return self._later(lambda: [see(target) for target in targets])
