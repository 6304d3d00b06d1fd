"""The other end: of pipes, FIFOs, sockets, terminals, eventfds, message queues and pidfds."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

from fdtui.linux import syscalls
from fdtui.linux.lean import TYPE_CHECKING, NamedTuple
from fdtui.linux.mountinfo import mounts_of
from fdtui.linux.pseudofs import mqueue_device
from fdtui.linux.record import Record
from fdtui.survey.lookup import FileId, Lookup
from fdtui.survey.relation import Relation
from fdtui.survey.socket_peers import SocketPeers

if TYPE_CHECKING:
    from typing import TypeAlias


_READ, _WRITE = 4, 2
_PTMX = os.makedev(5, 2)
_PTS_MAJOR = 136
MQUEUE_SIZE = 80  # st_size of every message queue (FILENT_SIZE of ipc/mqueue.c)
EVENTFD = "anon_inode:[eventfd]"
PIDFDS = ("anon_inode:[pidfd]", "pidfd:[")


_Found: TypeAlias = tuple[Record, Relation]


class _Ends(NamedTuple):
    """The holders of one pipe, FIFO or queue."""

    readers: list[_Found]
    writers: list[_Found]
    all: list[_Found]


class Peer(NamedTuple):
    """A descriptor at the other end; `fd` None: the process itself (of a pidfd)."""

    pid: int
    fd: int | None
    comm: str
    relation: Relation  # what it is to the descriptor asked about


class PeerIndex:
    """Finds the peers among the rows of one scan; dumps of sockets tell which sockets belong."""

    def __init__(self, sockets: SocketPeers, lookup: Lookup) -> None:
        self._sockets = sockets
        self._lookup = lookup
        self._socket: dict[int, Record] = {}  # by inode, the first holder
        self._shared_socket: dict[int, list[Record]] = {}  # all of them, when there are several
        self._pipes: dict[str, list[Record]] = {}
        self._ends: dict[str | tuple[int, int], _Ends] = {}
        self._files: dict[str | tuple[int, int], list[Record]] = {}  # FIFOs and queues
        self._masters: list[Record] = []
        self._slaves: list[Record] = []
        self._eventfds: list[Record] = []
        self._by_counter: dict[str, list[Record]] | None = None
        self._queue_devices: dict[int, bool] = {}
        self._records: Iterable[Record] = ()
        self._by_number: dict[tuple[int, int], Record] | None = None

    @classmethod
    def build(
        cls, records: Iterable[Record], sockets: SocketPeers, lookup: Lookup | None = None
    ) -> PeerIndex:
        """Sort the rows by what they can be the end of; `records` is kept for `of`."""
        index = cls(sockets, lookup or Lookup())
        index._records = records
        index.add(records)
        return index

    def add(self, records: Iterable[Record]) -> None:
        """Take more rows of the scan, all before the first question."""
        one_socket, sockets_shared = self._socket.setdefault, self._shared_socket
        pipes, files = self._pipes, self._files
        for record in records:
            link = record.link
            first = link[:1]
            if first == "s":
                ino = int(link[8:-1])
                holder = one_socket(ino, record)
                if holder is not record:
                    sockets_shared.setdefault(ino, [holder]).append(record)
            elif first == "/":
                if record.nlink >= 0:
                    if may_have_ends(record):
                        files.setdefault((record.dev, record.ino), []).append(record)
                        continue
                    if not stat.S_ISCHR(record.mode):
                        continue
                else:
                    files.setdefault(link, []).append(record)
                if "/pts/" in link and not link.endswith("/ptmx"):
                    self._slaves.append(record)
                elif link.endswith("ptmx"):
                    self._masters.append(record)
            elif first == "p":
                pipes.setdefault(link, []).append(record)
            elif link == EVENTFD:
                self._eventfds.append(record)

    def of(self, pid: int, fd: int) -> tuple[Peer, ...]:
        """Return the peers of a descriptor, in order of pid and fd; nothing for an unknown one."""
        if self._by_number is None:
            self._by_number = {(one.pid, one.fd): one for one in self._records}
        record = self._by_number.get((pid, fd))
        return () if record is None else self.of_record(record)

    def of_record(self, record: Record) -> tuple[Peer, ...]:
        """Return the peers of a row, which need not be one of the rows of the scan."""
        link = record.link
        if link[:1] == "s":
            found = self._of_socket(link)
        elif link.startswith("pipe:["):
            found = self._facing(record, link, self._pipes.get(link, ()))
        elif link == EVENTFD:
            found = self._of_eventfd(record)
        elif link.startswith(PIDFDS):
            return self._of_pidfd(record)
        elif link.startswith("/"):
            found = self._of_file(record)
        else:
            return ()
        comm = self._lookup.comm
        if len(found) == 1:
            one, what = found[0]
            return (Peer(one[0], one[1], comm(one[0]), what),)
        found.sort(key=_order)
        return tuple([Peer(one.pid, one.fd, comm(one.pid), what) for one, what in found])

    def _of_socket(self, link: str) -> list[_Found]:
        found: list[_Found] = []
        for ino, relation in self._sockets.of(int(link[8:-1])):
            if ino in self._shared_socket:
                found += [(holder, relation) for holder in self._shared_socket[ino]]
            elif ino in self._socket:
                found.append((self._socket[ino], relation))
        return found

    def _facing(
        self, record: Record, key: str | tuple[int, int], holders: Iterable[Record]
    ) -> list[_Found]:
        """Readers face writers; who opened for both faces everybody."""
        own = self._lookup.access(record)
        if own <= 0:
            return []
        ends = self._ends.get(key)
        if ends is None:
            ends = self._ends[key] = _Ends([], [], [])
            for holder in holders:
                access = self._lookup.access(holder)
                if access > 0:
                    what = _END[access]
                    ends.all.append((holder, what))
                    if access & _READ:
                        ends.readers.append((holder, what))
                    if access & _WRITE:
                        ends.writers.append((holder, what))
        facing = {_READ: ends.writers, _WRITE: ends.readers}.get(own, ends.all)
        itself = (record.pid, record.fd)
        return [found for found in facing if (found[0].pid, found[0].fd) != itself]

    def _of_file(self, record: Record) -> list[_Found]:
        file = self._lookup.file(record)
        kind = stat.S_IFMT(file.mode)
        if kind == stat.S_IFCHR:
            if file.rdev == _PTMX:
                return self._of_master(record)
            if os.major(file.rdev) == _PTS_MAJOR:
                return self._of_slave(file)
            return []
        if kind == stat.S_IFIFO or (kind == stat.S_IFREG and self._is_queue(record, file)):
            known = self._files.get((file.dev, file.ino), [])
            same = [
                other
                for other in self._files.get(record.link, ())
                if self._lookup.file(other)[:2] == file[:2]
            ]
            return self._facing(record, (file.dev, file.ino), [*known, *same])
        return []

    def _is_queue(self, record: Record, file: FileId) -> bool:
        """Is it on a file system of message queues, ours or one its holder has mounted?"""
        if file.size != MQUEUE_SIZE or record.link.count("/") != 1 or os.major(file.dev):
            return False
        known = self._queue_devices.get(file.dev)
        if known is None:
            device = (os.major(file.dev), os.minor(file.dev))
            known = device == mqueue_device() or any(
                mount.dev == device and mount.fstype == "mqueue"
                for mount in mounts_of(record.pid).values()
            )
            self._queue_devices[file.dev] = known
        return known

    def _of_master(self, record: Record) -> list[_Found]:
        index = self._lookup.line(record, "tty-index")
        if not index:
            return []  # before Linux 6.x only an acquired master tells
        slaves = []
        for slave in self._slaves:
            if slave.link.endswith(f"/{index}"):
                file = self._lookup.file(slave)
                if file.rdev == os.makedev(_PTS_MAJOR, int(index)):
                    slaves.append((slave, file.dev))
        instance = self._instance(record)
        if instance < 0 and len({dev for _, dev in slaves}) > 1:
            return []
        return [(slave, "slave") for slave, dev in slaves if instance in (-1, dev)]

    def _of_slave(self, file: FileId) -> list[_Found]:
        index = str(os.minor(file.rdev))
        masters = [one for one in self._masters if self._lookup.line(one, "tty-index") == index]
        # Opened through one node of one mount they are of one instance, seen or not.
        nodes = {(*self._lookup.file(one)[:2], one.mnt_id) for one in masters}
        alone = len(masters) == 1 or (len(nodes) == 1 and masters[0].mnt_id >= 0)
        return [
            (master, "master")
            for master in masters
            if self._instance(master) in (file.dev, *((-1,) if alone else ()))
        ]

    def _instance(self, master: Record) -> int:
        """Return the device of the devpts a master belongs to, -1 when that cannot be seen.

        Every container numbers its terminals from 0.
        """
        if master.link.endswith("/pts/ptmx"):
            return self._lookup.file(master).dev
        try:
            pts = syscalls.statx(syscalls.AT_FDCWD, f"/proc/{master.pid}/root/dev/pts")
        except OSError:
            return -1
        return os.makedev(pts.dev_major, pts.dev_minor)

    def _of_eventfd(self, record: Record) -> list[_Found]:
        if self._by_counter is None:
            self._by_counter = {}
            for one in self._eventfds:
                if counter := self._lookup.line(one, "eventfd-id"):
                    self._by_counter.setdefault(counter, []).append(one)
        counter = self._lookup.line(record, "eventfd-id")
        return [
            (other, "same counter")
            for other in self._by_counter.get(counter, ())
            if (other.pid, other.fd) != (record.pid, record.fd)
        ]

    def _of_pidfd(self, record: Record) -> tuple[Peer, ...]:
        pid = self._lookup.line(record, "Pid")
        if not pid.isdigit() or int(pid) <= 0:
            return ()  # -1: reaped; 0: not in our pid namespace
        return (Peer(int(pid), None, self._lookup.comm(int(pid)), "process"),)


_END: dict[int, Relation] = {_READ: "reader", _WRITE: "writer", 6: "reader and writer"}


def may_have_ends(record: Record) -> bool:
    """Is it a FIFO, or could it be a message queue, as far as the row tells?"""
    mode = record.mode
    return stat.S_ISFIFO(mode) or (stat.S_ISREG(mode) and record.size == MQUEUE_SIZE)


def has_no_peer(record: Record) -> bool:
    """Is it a file, directory or device that nobody could be at the other end of?"""
    if record.nlink < 0 or record.link[:1] != "/":
        return False
    form = stat.S_IFMT(record.mode)
    if form == stat.S_IFCHR:
        return record.rdev != _PTMX and os.major(record.rdev) != _PTS_MAJOR
    return form == stat.S_IFDIR or (form == stat.S_IFREG and record.size != MQUEUE_SIZE)


def _order(found: _Found) -> tuple[int, int]:
    return found[0].pid, found[0].fd
