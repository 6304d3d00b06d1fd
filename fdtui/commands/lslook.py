"""Rows of a few processes, with what only an acquired descriptor tells: one look, then closed.

Nothing here can be hung by a dead server: files and directories are not acquired.
"""

from __future__ import annotations

import errno

from fdtui.acquire.base import Target
from fdtui.acquire.pidfd_getfd import open_process
from fdtui.commands import lswork
from fdtui.commands.lswork import Job
from fdtui.errors import CallFailed, FdtuiError
from fdtui.kinds import BY_NAME
from fdtui.kinds.base import FdKind, decode
from fdtui.linux import syscalls
from fdtui.linux.fdtable import read_record
from fdtui.linux.owned import OwnedFd
from fdtui.linux.peek import Peek
from fdtui.linux.record import Record, Table
from fdtui.survey.decoding import decoded
from fdtui.survey.facts import Facts
from fdtui.survey.socks import Socks


def looked(table: Table, job: Job, socks: Socks) -> list[Facts]:
    """Decode a table; what refuses is the row's error, the rest of the row stands."""
    # Sockets are asked themselves; the dumps are for those that may not be acquired.
    rows = list(lswork.facts(table, job, _NO_DUMPS))
    if not any(map(_worth, rows)):
        return rows
    owner = table.owner
    try:
        pidfd = open_process(Target(owner.pid, owner.start_time, -1))
    except FdtuiError as error:
        code = error.errno if isinstance(error, CallFailed) else errno.ESRCH
        return [_refused(one, "pidfd_open", code, socks) if _worth(one) else one for one in rows]
    with pidfd:
        return [_look(pidfd, one, socks) if _worth(one) else one for one in rows]


class _Nothing(Socks):
    """Knows no socket, and dumps none."""

    def of(self, ino: int) -> None:
        return None

    def unix(self, ino: int) -> None:
        return None


_NO_DUMPS = _Nothing()


def _worth(facts: Facts) -> bool:
    """Does acquiring it tell more, and is closing it sure to return?"""
    kind: FdKind = BY_NAME[facts.kind]
    if not kind.examines or facts.special or facts.record.fd < 0:
        return False
    if kind.name == "char":
        return "iff" in facts.info  # a device of CUSE asks its server at close(2)
    if kind.name == "symlink":
        from fdtui.linux.fstype import IN_KERNEL

        return facts.info.get("fstype") in IN_KERNEL
    return True


def _look(pidfd: OwnedFd, facts: Facts, socks: Socks) -> Facts:
    record = facts.record
    try:
        owned = OwnedFd(syscalls.pidfd_getfd(pidfd.fileno(), record.fd))
    except OSError as error:
        return _refused(facts, "pidfd_getfd", error.errno or 0, socks)
    with owned:
        if not _is(owned, record):
            # The number was closed and used again since the table was read.
            again = read_record(record.pid, record.fd)
            if again is None or not _is(owned, again):
                return facts
            facts = decoded(facts.owner, again)._replace(
                container=facts.container, mount=facts.mount
            )
        entry, info = decode(BY_NAME[facts.kind], Peek(owned), facts.record.entry)
    if entry.error is not None:
        facts = facts._replace(
            record=facts.record._replace(error=(entry.error.call, entry.error.errno))
        )
    return facts._replace(info=info)


def _is(owned: OwnedFd, record: Record) -> bool:
    if record.nlink < 0:
        return True  # nothing to compare with
    status = syscalls.statx(owned.fileno(), "", syscalls.AT_EMPTY_PATH)
    return status.ino == record.ino


def _refused(facts: Facts, call: str, code: int, socks: Socks) -> Facts:
    """The row as /proc and the dumps of sockets tell it, and what refused to tell more."""
    if code in (errno.ESRCH, errno.EBADF):
        return facts
    record = facts.record
    if record.link.startswith("socket:["):
        facts = facts._replace(info=decoded(facts.owner, record, socks).info)
    return facts._replace(record=record._replace(error=record.error or (call, code)))
