"""Who has this: a file, everything below a directory or mount, a port, a pipe, a process's name.

Besides descriptors it looks at cwd, root, exe and mapped files, which keep a mount busy as well.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator

from fdtui.errors import CallFailed, FdtuiError
from fdtui.linux import syscalls
from fdtui.linux.lean import NamedTuple
from fdtui.linux.mountinfo import mounts_of
from fdtui.linux.owned import OwnedFd
from fdtui.linux.record import Owner, Wants
from fdtui.linux.syscalls import Statx
from fdtui.survey import whomatch
from fdtui.survey.decoding import decoded
from fdtui.survey.facts import Facts
from fdtui.survey.mapped import MappedFile, held_by
from fdtui.survey.reach import absolute, answers, device_of
from fdtui.survey.scan import Cancelled, Engine, never
from fdtui.survey.socks import Socks
from fdtui.survey.specials import specials
from fdtui.survey.whomatch import Sought

# As long as numbers of 64 bits can be, of digits as the kernel writes them.
_NUMBER = re.compile(r"[0-9]{1,20}")
_NUMBERED = re.compile(r"(pipe|socket):\[?([0-9]{1,20})\]?")
_PORT = re.compile(r"(?:(?:port|tcp|udp)?:([0-9]{1,5}))|(?:([0-9]{1,5})/(?:tcp|udp))")
_INODE = re.compile(r"(?:ino|inode):([0-9]{1,20})")
_OPEN = os.O_PATH | os.O_CLOEXEC
_DELETED = " (deleted)"


class File(NamedTuple):
    """A path that is there: by its own name, and what it is."""

    path: str
    status: Statx

    @property
    def dev(self) -> int:
        return os.makedev(*self.status.dev)

    @property
    def rdev(self) -> int:
        return os.makedev(*self.status.rdev)

    @property
    def type(self) -> int:
        return stat.S_IFMT(self.status.mode)


def find(query: str, engine: Engine, cancelled: Cancelled = never) -> list[Facts]:
    """Return who has it, in order of pid and descriptor, listening sockets first.

    `special` of a row says how, where it is no descriptor.  FdtuiError: a path that is refused.
    """
    return _Search(engine, cancelled).find(query)


def is_question(text: str) -> bool:
    """Is it a path, a port, an inode or a pipe, and not the name of something that runs?"""
    numbered = (_NUMBER, _NUMBERED, _PORT, _INODE)
    return "/" in text or any(one.fullmatch(text) for one in numbered)


class _Search:
    def __init__(self, engine: Engine, cancelled: Cancelled) -> None:
        self._engine = engine
        self._cancelled = cancelled
        self._socks = Socks()

    def find(self, query: str) -> list[Facts]:
        if match := _NUMBERED.fullmatch(query):
            return self._links([f"{match[1]}:[{match[2]}]"])
        if match := _PORT.fullmatch(query):
            return self._port(int(match[1] or match[2]))
        if match := _INODE.fullmatch(query):
            return self._inode(int(match[1]))
        if not answers(query):
            return self._unanswered(absolute(query))
        file = _opened(query)
        if file is not None:
            return self._file(file)
        if _NUMBER.fullmatch(query):
            port = self._port(int(query)) if int(query) < 1 << 16 else []
            return port or self._inode(int(query))
        if "/" in query:
            return self._gone(absolute(query))
        return self._name(query)

    # Sockets and pipes

    def _links(self, links: list[str]) -> list[Facts]:
        return self._scan(Sought(links=links), Wants.ALL)

    def _port(self, port: int) -> list[Facts]:
        inodes = self._socks.of_port(port) if port else []  # 0: a socket that has none
        if not inodes:
            return []
        rows = self._links([f"socket:[{ino}]" for ino in inodes])
        return sorted(rows, key=lambda one: one.info.get("state") != "LISTEN")

    def _inode(self, ino: int) -> list[Facts]:
        sought = Sought(inodes=[ino])
        return self._scan(sought, Wants.ALL, self._held_otherwise(sought))

    # Files

    def _file(self, file: File) -> list[Facts]:
        if file.type == stat.S_IFDIR:
            return self._below(file)
        if file.type == stat.S_IFSOCK:
            if _NUMBERED.fullmatch(file.path):  # a link in /proc/PID/fd
                return self._links([file.path])
            numbers = self._socks.bound_to(file.path, file.status.dev, file.status.ino)
            return self._links([f"socket:[{ino}]" for ino in numbers]) if numbers else []
        if file.type in (stat.S_IFCHR, stat.S_IFBLK):
            whole = [file.rdev] if file.type == stat.S_IFBLK else []
            sought = Sought(rdev=file.rdev, whole=whole)
            return self._scan(sought, Wants.ALL, self._held_otherwise(sought) if whole else ())
        rows: list[Facts] = []

        def holders() -> None:
            owners: dict[int, Owner | None] = {}
            for record in self._engine.holders(file.dev, file.status.ino, self._cancelled):
                if record.pid not in owners:
                    owners[record.pid] = self._engine.owner(record.pid)
                owner = owners[record.pid]
                if owner is not None:
                    rows.append(decoded(owner, record, self._socks))

        mount = mounts_of("self").get(file.status.mnt_id)
        one = MappedFile(
            file.path, file.dev, file.status.ino, mount.fstype if mount is not None else ""
        )
        for pid in self._engine.mappers(one, self._cancelled, holders):
            owner = self._engine.owner(pid)
            if owner is not None:
                rows += held_by(owner, one)
        return _ordered(rows)

    def _below(self, folder: File) -> list[Facts]:
        """Everything in a directory, or on the file system that is mounted there."""
        mounts = mounts_of("self")
        prefix = folder.path.rstrip("/") + "/"
        inside = {mount.id: mount for mount in mounts.values() if mount.point.startswith(prefix)}
        here = {mount.id: mount for mount in mounts.values() if mount.point == folder.path}
        devices = {folder.dev, *(os.makedev(*mount.dev) for mount in inside.values())}
        whole: set[int] = set()
        ids: list[int] = []
        if here:
            ids = [*here, *inside]
            # Other namespaces have mounts of their own of it; a bind mount shows a part only.
            whole = {os.makedev(*mount.dev) for mount in here.values() if mount.root == "/"}
            whole -= {
                os.makedev(*mount.dev)
                for mount in mounts.values()
                if mount.id not in ids and mount.point != folder.path
            }
        sought = Sought(
            folder=folder.path, devices=sorted(devices), mounts=ids, whole=sorted(whole)
        )
        return self._scan(sought, Wants.ALL, self._held_otherwise(sought))

    def _gone(self, path: str) -> list[Facts]:
        """A path that is not there any more: by what the kernel still calls it."""
        sought = Sought(links=[path, path + _DELETED])
        return self._scan(sought, Wants.ALL, self._held_otherwise(sought))

    def _unanswered(self, path: str) -> list[Facts]:
        """A path whose server is dead: by what the kernel calls what was opened before."""
        device = device_of(path)
        sought = Sought(
            links=[path, path + _DELETED],
            folder=path,
            devices=[] if device is None else [device],
        )
        return self._scan(sought, Wants.ALL, self._held_otherwise(sought))

    # Processes

    def _name(self, name: str) -> list[Facts]:
        """Everything that processes of this name, or in this container, have."""
        from fdtui.survey.containers import Containers  # 7 ms that few questions need

        containers = Containers()
        comm = os.fsdecode(os.fsencode(name)[:15])  # what the kernel keeps, in bytes
        pids = []
        for pid in self._engine.pids():
            owner = self._engine.owner(pid)
            if owner is None or owner.kernel:
                continue
            container = containers.of(pid)
            known = container and (
                name in (container.name, container.label)
                or (len(name) >= 12 and container.id.startswith(name))
            )
            if known or owner.comm == comm:
                pids.append(pid)
        rows = []
        for table in self._engine.tables(pids, cancelled=self._cancelled) if pids else ():
            rows += [decoded(table.owner, record, self._socks) for record in table.records]
            rows += specials(table.owner)
        return _ordered(rows)

    # Scanning

    def _scan(self, sought: Sought, wants: Wants, more: Iterable[Facts] = ()) -> list[Facts]:
        parts = self._engine.transform(
            whomatch.find, tuple(sought), wants=wants, cancelled=self._cancelled
        )
        rows = [decoded(owner, record, self._socks) for owner, record in whomatch.found(parts)]
        return _ordered([*rows, *more])

    def _held_otherwise(self, sought: Sought) -> Iterator[Facts]:
        for pid in self._engine.pids():
            if self._cancelled():
                return
            owner = self._engine.owner(pid)
            if owner is not None:
                for row in specials(owner):
                    if whomatch.matches(row.record, sought):
                        yield row


def _opened(path: str) -> File | None:
    """Look at what a path leads to; None when it is not there, CallFailed when it is refused."""
    try:
        with OwnedFd(os.open(path, _OPEN)) as opened:
            name = os.readlink(f"/proc/self/fd/{opened.fileno()}")
            return File(name, syscalls.statx(opened.fileno(), "", _STATX))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        raise FdtuiError("a path has no NUL in it") from error
    except OSError as error:
        raise CallFailed(f"open({path})", error) from error


_STATX = syscalls.AT_EMPTY_PATH | syscalls.AT_STATX_DONT_SYNC


def _ordered(rows: Iterable[Facts]) -> list[Facts]:
    return sorted(rows, key=lambda one: (one.owner.pid, bool(one.special), one.record.fd))
