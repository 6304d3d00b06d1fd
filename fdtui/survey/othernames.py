"""Files that have several names (hard links), found under the other ones: one look per name."""

from __future__ import annotations

import stat
from collections.abc import Container, Iterable, Iterator

from fdtui.linux.record import Record
from fdtui.survey.links import ProcessLinks, bare_record
from fdtui.survey.lookup import Lookup
from fdtui.survey.sharing import Descriptor


class OtherNames:
    """Is empty, and collects nothing, where no file has a second name.

    A name stands for one file: where it is another one in another mount namespace, the first
    holder decides.  A name that was removed counts no more (st_nlink), so it is not looked for.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self.same: dict[str, str] = {}  # names of ours -> the first one of that file
        self._files: dict[tuple[int, int], str] = {}
        for one in records:
            if stat.S_ISREG(one.mode) and one.nlink > 1:
                self.same[one.link] = self._files.setdefault((one.dev, one.ino), one.link)
        self.holders: dict[str, list[Descriptor]] = {}  # by path

    def __bool__(self) -> bool:
        return bool(self._files)

    def take(self, table: ProcessLinks, known: Container[str]) -> None:
        """Note who holds which other path, if any file has a second name."""
        if self._files:
            self.collect(table, known)

    def collect(self, table: ProcessLinks, known: Container[str]) -> None:
        """Note it in any case."""
        for fd, link in zip(table.fds, table.links, strict=True):
            if link[:1] == "/" and link not in known:
                self.holders.setdefault(link, []).append((table.pid, int(fd)))

    def merge(self, holders: dict[str, list[Descriptor]]) -> None:
        """Add what another has noted."""
        for link, found in holders.items():
            self.holders.setdefault(link, []).extend(found)

    def found(self, lookup: Lookup) -> Iterator[tuple[str, Descriptor]]:
        """Yield the link we know a file by, and who holds it under another (4 us a path)."""
        for link, holders in self.holders.items():
            file = lookup.file(bare_record(*holders[0], link))
            ours = self._files.get((file.dev, file.ino))
            if ours is not None:
                yield from ((ours, one) for one in holders)
