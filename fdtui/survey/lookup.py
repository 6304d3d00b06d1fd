"""What a row of a scan did not ask for, fetched when it turns out to matter."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from fdtui.linux.fdtable import fdinfo_extra, stat_fields
from fdtui.linux.lean import NamedTuple
from fdtui.linux.procfs import read_file
from fdtui.linux.record import Record


class FileId(NamedTuple):
    """Which file: numbers of os.stat_result; -1 where it is gone or refused."""

    dev: int
    ino: int
    mode: int
    rdev: int
    size: int


_UNKNOWN = FileId(-1, -1, 0, -1, -1)


class Lookup:
    """Reads /proc once for each descriptor and question; what a record knows costs nothing."""

    def __init__(self, names: dict[int, str] | None = None) -> None:
        self._names = dict(names or {})
        self._access: dict[tuple[int, int], int] = {}
        self._files: dict[tuple[int, int], FileId] = {}
        self._extra: dict[tuple[int, int], str] = {}

    def access(self, record: Record) -> int:
        """Return 4 read, 2 write, 6 both, 0 O_PATH; -1 when it is gone or refused."""
        if record.access >= 0:
            return record.access
        key = (record.pid, record.fd)
        if key not in self._access:
            try:
                mode = os.lstat(f"/proc/{record.pid}/fd/{record.fd}").st_mode
                self._access[key] = mode >> 6 & 6
            except OSError:
                self._access[key] = -1
        return self._access[key]

    def know_access(self, descriptors: Iterable[tuple[int, int]], access: int) -> None:
        """Spare the question: all of one description have the same access."""
        self._access.update(dict.fromkeys(descriptors, access))

    def file(self, record: Record) -> FileId:
        """Return the file behind it."""
        if record.nlink >= 0:
            return FileId(record.dev, record.ino, record.mode, record.rdev, record.size)
        key = (record.pid, record.fd)
        found = self._files.get(key)
        if found is None:
            fields = stat_fields(*key)
            if fields is None:
                found = _UNKNOWN
            else:
                _, _, mode, ino, size, _, rdev, dev = fields
                found = FileId(dev, ino, mode, rdev, size)
            self._files[key] = found
        return found

    def line(self, record: Record, name: str) -> str:
        """Return the value of the first fdinfo line of that name, "" when there is none."""
        return next(self.lines(record, name), "")

    def lines(self, record: Record, name: str) -> Iterator[str]:
        """Yield the values of the fdinfo lines of that name."""
        extra = record.extra
        if not extra and record.flags < 0:
            key = (record.pid, record.fd)
            if key not in self._extra:
                self._extra[key] = fdinfo_extra(*key)
            extra = self._extra[key]
        for line in extra.split("\n"):
            head, colon, value = line.partition(":")
            if colon and head == name:
                yield value.strip()

    def know_names(self, names: dict[int, str]) -> None:
        """Spare the question."""
        self._names.update(names)

    def comm(self, pid: int) -> str:
        """Return the name of a process; "" once it is gone."""
        name = self._names.get(pid)
        if name is None:
            try:
                name = os.fsdecode(read_file(f"/proc/{pid}/comm").removesuffix(b"\n"))
            except OSError:
                name = ""
            self._names[pid] = name
        return name
