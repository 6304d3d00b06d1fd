"""An invented machine, db-3, that never moves by itself: for snapshots and screenshots.

`World()` is its procfs, its clock and its keeper; `World().machine()` is what FdtuiApp takes.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable, Iterator

from fdtui.kinds._info import integer, text
from fdtui.linux import mountinfo
from fdtui.linux.abi import TCP_STATES
from fdtui.linux.abi_net import FAMILIES, IP_PROTOCOLS, TYPES
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import SPECIALS, Entry, Failure, ProcFs, ProcStat
from fdtui.linux.record import Owner, Record, Sock, Table, Wants
from fdtui.survey.deleted import Accounting, FileSystem, deleted_files
from fdtui.survey.fsusage import Usage
from fdtui.survey.neighbours import Neighbour, Neighbours, Sharer
from fdtui.survey.scan import Cancelled, Engine, Payload, Transform, batched, never
from fdtui.survey.sharing import Descriptor
from fdtui.tui.machine import Machine
from tests.fakes import FakeKeeper
from tests.invented_files import FOLDER, contents
from tests.invented_processes import MIRA, Process, processes
from tests.invented_table import INGESTD, MOUNTS, NEIGHBOURS, Invention, others, row, table

NOON = 1_763_820_743.0  # 2025-11-22 14:12:23 UTC


class InventedProcFs(ProcFs):
    """Answers from tables.  What a test changes in `processes` and `tables` is seen next time."""

    def __init__(self) -> None:
        super().__init__("/invented")
        self.processes: dict[int, Process] = processes()
        self.tables: dict[int, dict[int, Invention]] = {INGESTD: table(), **others()}
        self.hidden = True  # False: as with a helper, all but pid 1 may be looked into
        self._counted: dict[int, int] = {}

    def _process(self, pid: int) -> Process:
        if pid not in self.processes:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), f"/invented/{pid}")
        return self.processes[pid]

    def pids(self) -> list[int]:
        return list(self.processes)

    def stat(self, pid: int) -> ProcStat:
        process = self._process(pid)
        return ProcStat(pid, process.name, "S", process.ppid, process.start_time, 1)

    def uid(self, pid: int) -> int:
        return self._process(pid).uid

    def cmdline(self, pid: int) -> str:
        return self._process(pid).command

    def limit_nofile(self, pid: int) -> int:
        return self._process(pid).limit

    def fd_count(self, pid: int) -> int:
        """One sample further each time, up to the last."""
        process = self._process(pid)
        count = self._counted[pid] = self._counted.get(pid, -1) + 1
        if pid in self.tables and count >= len(process.samples) - 1:
            return len(self.tables[pid])
        return process.samples[min(count, len(process.samples) - 1)]

    def refusal(self, pid: int) -> int:
        process = self._process(pid)
        refused = process.uid != MIRA if self.hidden else pid == 1
        return errno.EACCES if refused else 0

    def fds(self, pid: int) -> list[int]:
        if code := self.refusal(pid):
            raise PermissionError(code, os.strerror(code))
        return sorted(self.tables.get(pid, {}))

    def entry(self, pid: int, fd: int | str) -> Entry:
        known = self.tables.get(pid, {})
        if isinstance(fd, int) and fd in known:
            return known[fd].entry
        if isinstance(fd, str) and fd in SPECIALS:
            path = {"cwd": "/", "root": "/", "exe": self._process(pid).command.split(" ")[0]}[fd]
            return Entry(pid, fd, 4, path, None, None, "", None)
        return Entry(pid, fd, -1, "", None, None, "", Failure("readlink", errno.ENOENT))


class InventedNeighbours(Neighbours):
    """Peers and sharers of ingestd."""

    def of_process(
        self, pid: int, entries: Iterable[Entry], cancelled: Cancelled = never
    ) -> dict[int, Neighbour]:
        if pid != INGESTD:
            return {}
        # Of the others it is known that nobody shares them.
        alone = {entry.fd: Neighbour((), (), (), None, "") for entry in entries}
        return {fd: one for fd, one in alone.items() if isinstance(fd, int)} | NEIGHBOURS

    def opened_apart(self, entry: Entry, neighbour: Neighbour) -> tuple[Descriptor, ...]:
        return neighbour.same_path

    def sharers(self, pid: int, fd: int, others: Iterable[Descriptor]) -> tuple[Sharer, ...]:
        names = {4190: "ingest-worker", 3885: "bash"}
        return tuple(
            Sharer(*other, names[other[0]], "inherited" if other[1] == fd else "passed")
            for other in others
        )


class InventedEngine(Engine):
    """Scans of the same tables, for the Machine place."""

    name = "invented"

    def __init__(self, procfs: InventedProcFs) -> None:
        super().__init__("nothing else would stand still")
        self._procfs = procfs

    def pids(self) -> list[int]:
        return sorted(self._procfs.pids())

    def owner(self, pid: int) -> Owner | None:
        process = self._procfs.processes.get(pid)
        if process is None:
            return None
        code = self._procfs.refusal(pid)
        error = (f"listdir /proc/{pid}/fd", code) if code else None
        fds = len(self._procfs.tables.get(pid, ()))
        return Owner(
            pid, process.start_time, process.name, process.uid, fds, error, process.ppid, False
        )

    def tables(
        self,
        pids: Iterable[int] | None = None,
        wants: Wants = Wants.ALL,
        cancelled: Cancelled = never,
    ) -> Iterator[Table]:
        for pid in self.pids() if pids is None else pids:
            owner = self.owner(pid)
            if owner is not None:
                known = {} if owner.error else self._procfs.tables.get(pid, {})
                yield Table(owner, [_record(*one) for one in known.values()])

    def transform(
        self,
        function: Transform,
        argument: Payload = None,
        pids: Iterable[int] | None = None,
        wants: Wants = Wants.ALL,
        cancelled: Cancelled = never,
    ) -> Iterator[bytes]:
        yield from batched(self.tables(pids, wants, cancelled), function, argument)

    def holders(self, dev: int, ino: int, cancelled: Cancelled = never) -> Iterator[Record]:
        for found in self.tables():
            yield from (one for one in found.records if (one.dev, one.ino) == (dev, ino))

    def close(self) -> None:
        """Nothing is held."""


def _record(entry: Entry, told: Info) -> Record:
    """The row as scans have it."""
    info, st = entry.info, entry.stat
    assert isinstance(entry.fd, int)
    return Record(
        pid=entry.pid,
        fd=entry.fd,
        link=entry.link,
        access=entry.access,
        flags=info.flags if info else -1,
        pos=info.pos if info else -1,
        mnt_id=info.mnt_id if info else -1,
        ino=st.ino if st else info.ino if info else -1,
        dev=os.makedev(*st.dev) if st else 0,
        rdev=os.makedev(*st.rdev) if st else 0,
        mode=st.mode if st else 0,
        size=st.size if st else -1,
        blocks=st.blocks if st else -1,
        nlink=st.nlink if st else -1,
        uid=st.uid if st else -1,
        extra="\n".join(f"{key}:\t{value}" for key, value in info.lines) if info else "",
        sockproto=entry.sockproto,
        ofd=0,
        sock=_sock(told) if entry.sockproto else None,
        error=(entry.error.call, entry.error.errno) if entry.error else None,
    )


def _sock(told: Info) -> Sock:
    """As sweeps have it; the numbers of words as the kernel has them."""
    numbers = {word: number for table in (FAMILIES, TYPES) for number, word in table.items()}
    protocols = {word: number for number, word in IP_PROTOCOLS.items()}
    states = {word: number for number, word in TCP_STATES.items()}
    return Sock(
        numbers[text(told, "family")],
        numbers[text(told, "type")],
        protocols.get(text(told, "protocol"), 0),
        states.get(text(told, "state"), 7),
        text(told, "laddr"),
        integer(told, "lport") or 0,
        text(told, "raddr"),
        integer(told, "rport") or 0,
        integer(told, "recv_queue"),
        integer(told, "send_queue"),
        0,
        integer(told, "peer_ino") or 0,
        text(told, "path"),
    )


_G = 1 << 30
_FILE_SYSTEMS = (
    # mount point, type, device, GiB in all, used, available
    ("/var", "ext4", (253, 2), 98.0, 91.4, 6.6),
    ("/", "xfs", (253, 0), 59.1, 31.6, 27.5),
    ("/tmp", "tmpfs", (0, 39), 15.6, 2.9, 12.7),
    ("/srv", "btrfs", (253, 5), 931.0, 403.0, 528.0),
)


def account(records: Iterable[Record]) -> Accounting:
    """Deleted files of these rows on the invented file systems."""
    files = deleted_files(records)
    lines = []
    for point, kind, device, size, used, free in _FILE_SYSTEMS:
        here = [file for file in files if file.filesystem == device]
        usage = Usage(int(size * _G), int(used * _G), int(free * _G))
        held = sum(file.blocks for file in here)
        holders = sum(len(file.holders) for file in here)
        lines.append(FileSystem(device, point, kind, True, usage, "", held, len(here), holders))
    blocks = sum(file.blocks for file in files)
    return Accounting(tuple(files), tuple(lines), sum(len(file.holders) for file in files), blocks)


class World:
    """The machine and what a test may do with it."""

    def __init__(self) -> None:
        self.now = NOON
        self.procfs = InventedProcFs()
        self.keeper = FakeKeeper(self.clock)
        for pid, known in self.procfs.tables.items():
            for fd, one in known.items():
                if one.entry.error is None:
                    self.keeper.add(self.procfs, pid, fd, one.info, contents(pid, fd))
        self.keeper.things[INGESTD, 18].entries = FOLDER
        # Kinds ask for the mounts of a process by its pid: for the next minute these have ours.
        for pid in self.procfs.tables:
            mountinfo._by_pid[pid] = (time.monotonic() + 60, MOUNTS)

    def clock(self) -> float:
        """Seconds since the epoch; they pass when a test says so."""
        return self.now

    def machine(self) -> Machine:
        """What FdtuiApp takes."""
        return Machine(
            procfs=self.procfs,
            clock=self.clock,
            hostname="db-3",
            user="mira",
            uid=MIRA,
            start_keeper=lambda: self.keeper,
            engine=lambda: InventedEngine(self.procfs),
            neighbours=InventedNeighbours,
            account=account,
            raising=list,
            live=False,
        )

    def open(self, fd: int, link: str, flags: int, pid: int = INGESTD) -> None:
        """Give a process one more descriptor."""
        self.procfs.tables[pid][fd] = row(fd, link, flags, pid=pid)

    def close(self, fd: int, pid: int = INGESTD) -> None:
        """Have a process close one."""
        del self.procfs.tables[pid][fd]
