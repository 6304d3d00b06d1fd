"""What a process holds without a descriptor: cwd, root, exe, and the files it has mapped."""

from __future__ import annotations

import os
from collections.abc import Iterator

from fdtui.kinds import classify
from fdtui.linux import syscalls
from fdtui.linux.lean import NamedTuple
from fdtui.linux.mountinfo import unescape
from fdtui.linux.procfs import SPECIALS, read_file
from fdtui.linux.record import Owner, Record
from fdtui.linux.syscalls import Statx
from fdtui.survey.facts import Facts

MAPS_LIMIT = 64 << 20  # bytes


class Mapping(NamedTuple):
    """A file that is mapped, once however many parts of it are."""

    span: str  # address range of the first part, the name in /proc/PID/map_files
    access: int  # of all parts together: 4 read, 2 write (where it is shared)
    dev: int
    ino: int
    path: str


def specials(owner: Owner) -> Iterator[Facts]:
    """Yield the rows of a process; what is refused or has ended is left out, or an error."""
    if owner.kernel:
        return
    for name in SPECIALS:
        found = special(owner, name)
        if found is not None:
            yield found
    for mapping in mappings(owner.pid):
        yield mapped(owner, mapping)


def special(owner: Owner, name: str) -> Facts | None:
    """Return the row of cwd, root or exe; None when there is none."""
    path = f"/proc/{owner.pid}/{name}"
    try:
        link = os.readlink(path)
    except FileNotFoundError:
        return None  # a zombie, or it ended
    except OSError as error:
        record = _record(owner.pid, "", 4, None)._replace(error=("readlink", error.errno or 0))
        return _facts(owner, record, name)
    try:
        status = syscalls.statx(syscalls.AT_FDCWD, path)
    except OSError as error:
        record = _record(owner.pid, link, 4, None)._replace(error=("statx", error.errno or 0))
        return _facts(owner, record, name)
    return _facts(owner, _record(owner.pid, link, 4, status), name)


def mapped(owner: Owner, mapping: Mapping) -> Facts:
    """Return the row of a mapped file, with what may be known of it."""
    status = status_of(owner.pid, mapping)
    record = _record(owner.pid, mapping.path, mapping.access, status)
    if status is None:
        record = record._replace(dev=mapping.dev, ino=mapping.ino)
    return _facts(owner, record, "mem")


def status_of(pid: int, mapping: Mapping) -> Statx | None:
    """statx of the file itself (map_files, CAP_CHECKPOINT_RESTORE), or of what has its path now."""
    for place in (f"/proc/{pid}/map_files/{mapping.span}", f"/proc/{pid}/root{mapping.path}"):
        try:
            status = syscalls.statx(syscalls.AT_FDCWD, place)
        except OSError:
            continue
        if "/map_files/" in place or status.ino == mapping.ino:
            return status
    return None


def mappings(pid: int) -> list[Mapping]:
    """Return the mapped files in order of address; none when it is gone or refused."""
    try:
        return parse_maps(read_file(f"/proc/{pid}/maps", limit=MAPS_LIMIT))
    except OSError:
        return []


def parse_maps(text: bytes) -> list[Mapping]:
    """Parse proc_pid_maps(5); only newlines are escaped in its paths."""
    first: dict[tuple[bytes, bytes, bytes], bytes] = {}
    access: dict[tuple[bytes, bytes, bytes], int] = {}
    for line in text.split(b"\n"):
        words = line.split(None, 5)
        if len(words) < 6 or words[4] == b"0":
            continue
        span, rights, _, dev, ino, path = words
        key = (dev, ino, path)
        first.setdefault(key, span)
        reads = 4 if b"r" in rights or b"x" in rights else 0
        writes = 2 if b"w" in rights and b"s" in rights else 0
        access[key] = access.get(key, 0) | reads | writes
    found = []
    for key, span in first.items():
        dev, ino, path = key
        major, _, minor = dev.partition(b":")
        number = os.makedev(int(major, 16), int(minor, 16))
        found.append(Mapping(span.decode(), access[key], number, int(ino), unescape(path)))
    return found


def _facts(owner: Owner, record: Record, name: str) -> Facts:
    entry = record.entry._replace(fd=name)
    kind = classify(entry)
    return Facts(owner, record, kind.name, kind.describe(entry), special=name)


def _record(pid: int, link: str, access: int, st: Statx | None) -> Record:
    # fmt: off
    if st is None:
        return Record(
            pid, -1, link, access, -1, -1, -1, -1, -1, -1, 0, -1, -1, -1, -1, "", "", 0, None,
            None,
        )
    return Record(
        pid, -1, link, access, -1, -1, st.mnt_id, st.ino, os.makedev(*st.dev),
        os.makedev(*st.rdev), st.mode, st.size, st.blocks, st.nlink, st.uid, "", "", 0, None, None,
    )
    # fmt: on
