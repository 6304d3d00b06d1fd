"""The neighbours of one process from one pass of the kernel's iterator: 0.7 us a descriptor.

The iterator says which file each number holds, so only likely sharers are compared by kcmp(2).
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Collection, Iterable
from contextlib import suppress

from fdtui.errors import CallFailed
from fdtui.linux.bpf.layout import HEAD, TAIL, struct_of
from fdtui.linux.lean import TYPE_CHECKING, NamedTuple
from fdtui.survey.dealing import Dealer
from fdtui.survey.links import ProcessLinks
from fdtui.survey.scan import BPF_PAYS_FROM, Cancelled, counts
from fdtui.survey.sharing import Descriptor
from fdtui.survey.watchers import EPOLL

if TYPE_CHECKING:
    from fdtui.linux.bpf.iterator import TaskFile

_ROW = struct_of(HEAD, ("ofd", "ino", "pid", "tid", "fd", "dev", "rdev", "length", "is_sock"))
_EPOLL = EPOLL.encode() + b"\0"
_PTMX, _PTS_MAJOR = 5 << 20 | 2, 136 << 20  # as the kernel numbers devices


class _Shared:
    """One program for this process, loaded when it first pays and kept to the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: TaskFile | None = None
        self._tried = False

    def get(self, pids: Iterable[int]) -> TaskFile | None:
        """Load it when these processes have many descriptors; None where it cannot be had."""
        with self._lock:
            if not self._tried:
                if sum(counts(pids).values()) < BPF_PAYS_FROM:
                    return None
                from fdtui.linux.bpf.iterator import TaskFile, available

                self._tried = True
                if available() is None:
                    with suppress(CallFailed):
                        self._loaded = TaskFile.load()
            return self._loaded


_program = _Shared()


class _Wanted:
    """What rows of other processes are worth a look, by what the kernel says of them."""

    def __init__(self, links: Collection[str]) -> None:
        self.links = links
        self.sharers: dict[int, str] = {}  # link by identity of a description of ours
        self.files: dict[tuple[int, int], list[str]] = {}  # links by file: pipes and paths
        # Watched epolls have what most anonymous files have: the inode of all of them.
        with select.epoll() as epoll:
            self.inodes = {os.fstat(epoll.fileno()).st_ino}
        self.inodes.update(int(link[8:-1]) for link in links if link.startswith("socket:["))
        self.devices = {
            _PTMX if link.endswith("ptmx") else _PTS_MAJOR | int(link.rpartition("/")[2])
            for link in links
            if link.startswith("/dev/") and (link.endswith("ptmx") or _is_slave(link))
        }

    def learn(self, table: TaskFile, mine: ProcessLinks) -> bool:
        """Ask the kernel about our own numbers; False when it does not list them all alike."""
        from fdtui.linux.bpf.decode import link_of, walk

        links = {
            int(fd): link
            for fd, link in zip(mine.fds, mine.links, strict=True)
            if link in self.links
        }
        left = set(links)
        for chunk in table.chunks(mine.pid):
            for row, tail in walk(chunk):
                if row.pid != mine.pid or row.tid != mine.pid or row.fd not in left:
                    continue
                link = links[row.fd]
                if link_of(row, tail) != link:
                    return False
                left.discard(row.fd)
                self.inodes.add(row.ino)
                self.sharers[row.ofd] = link
                if link[:1] == "/" or link.startswith("pipe:["):
                    known = self.files.setdefault((row.dev, row.ino), [])
                    if link not in known:
                        known.append(link)
        return not left


def _is_slave(link: str) -> bool:
    return link.rpartition("/pts/")[2].isdigit()


class _Found(NamedTuple):
    """What a pass brought."""

    tables: list[ProcessLinks]  # of likely sharers and of sockets, in part
    alone: list[tuple[str, Descriptor]]  # with the link we know the file by: surely no sharers
    listed: dict[int, int]  # descriptors by process


def iterated(
    dealer: Dealer, mine: ProcessLinks, others: list[int], cancelled: Cancelled
) -> list[int]:
    """Tell `dealer` of everybody's rows; returns the processes of which it was told nothing.

    All of them where the iterator cannot be had, does not pay, or does not list the process itself
    as /proc does; else those that it lists in part.
    """
    table = _program.get(others)
    if table is None:
        return others
    try:
        found = iterate(table, mine, dealer.links, cancelled)
    except OSError:
        return others
    if found is None:
        return others
    rest = unlisted(others, found.listed)
    left_out = set(rest)
    for one in found.tables:
        if one.pid not in left_out:
            dealer.take(one)
    for link, other in found.alone:
        if other[0] not in left_out:
            dealer.know(link, other)
    return rest


def iterate(
    table: TaskFile, mine: ProcessLinks, links: Collection[str], cancelled: Cancelled
) -> _Found | None:
    """Go through all rows once; one turn of the loop per descriptor, all in locals."""
    wanted = _Wanted(links)
    if not wanted.learn(table, mine):
        return None
    found = _Found([], [], {})
    current = number = 0
    fds: list[int] = []
    texts: list[str] = []
    inodes, devices, sharers, alone = wanted.inodes, wanted.devices, wanted.sharers, found.alone
    unpack = _ROW.unpack_from
    for chunk in table.chunks():
        if cancelled():
            return None
        at, end = 0, len(chunk)
        while at < end:
            ofd, ino, pid, tid, fd, dev, rdev, length, is_sock = unpack(chunk, at)
            start = at + TAIL
            at = start + length + 7 & -8
            if pid != current:
                found.listed[current] = number
                current, number, fds, texts = pid, 0, [], []
                found.tables.append(ProcessLinks(pid, fds, texts, None))
            if tid != pid:
                continue
            number += 1
            if (ino not in inodes and rdev not in devices) or pid == mine.pid:
                continue
            if ofd in sharers:
                fds.append(fd)
                texts.append(sharers[ofd])
            elif is_sock:
                fds.append(fd)
                texts.append(f"socket:[{ino}]")
            elif chunk[start : start + length] == _EPOLL:
                alone.append((EPOLL, (pid, fd)))
            else:
                known = wanted.files.get((dev, ino), ())
                alone += [(link, (pid, fd)) for link in known]
                if rdev in devices:
                    link = os.fsdecode(chunk[start : start + length - 1])
                    if link in links and link not in known:
                        alone.append((link, (pid, fd)))
    found.listed[current] = number
    return found


def unlisted(pids: Collection[int], listed: dict[int, int]) -> list[int]:
    """Return the processes whose rows are not all listed, by their counts now (2 us each)."""
    rest = []
    for pid in pids:
        known = listed.get(pid, 0)
        try:
            size = os.stat(f"/proc/{pid}/fd").st_size
        except PermissionError:
            size = -1
        except OSError:
            continue
        # Before Linux 6.2 there is no count to compare with.
        if size != known and (size or not known):
            rest.append(pid)
    return rest
