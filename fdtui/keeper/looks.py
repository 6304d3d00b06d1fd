"""Opening: acquire, identify, and decide which description bytes are read through."""

from __future__ import annotations

import stat
from contextlib import ExitStack
from typing import NamedTuple

from fdtui.acquire.base import Target
from fdtui.acquire.identity import identity_of
from fdtui.acquire.pidfd_getfd import open_process
from fdtui.errors import errno_name
from fdtui.keeper.acquiring import acquire
from fdtui.keeper.custody import Custody
from fdtui.keeper.seeing import entry_of, fdinfo_refused
from fdtui.kinds import classify
from fdtui.kinds.base import Borrow, FdKind, View
from fdtui.linux.fstype import READING_CONSUMES, VIRTUAL, fs_type
from fdtui.linux.locks import parse_lock
from fdtui.linux.owned import OwnedFd
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry, ProcFs


class Reading(NamedTuple):
    """A description of our own where there is one, or why no byte may be read."""

    private: OwnedFd | None
    why: str = ""


def open_custody(target: Target, via: str | None) -> Custody:
    """Acquire; FdtuiError tells what refused."""
    with ExitStack() as undo:
        pidfd = undo.enter_context(open_process(target))
        method, owned = acquire(target, via)
        custody = take(owned, target, method.name, method.shares_description, pidfd)
        undo.pop_all()  # the custody closes them
    return custody


def take(
    owned: OwnedFd,
    target: Target,
    via: str,
    shares_description: bool,
    pidfd: OwnedFd | None,
    label: str = "",
) -> Custody:
    """Take charge of a descriptor that was acquired; closed here when that fails.

    `label` stands for the name of the process where its sender gave one.
    """
    private: OwnedFd | None = None
    with ExitStack() as undo:
        undo.enter_context(owned)
        entry = entry_of(owned, target)
        kind = classify(entry)
        shared: OwnedFd | None = owned
        why = ""
        if not shares_description and kind.borrow is Borrow.VIEW:
            shared, private = None, owned
        elif kind.view is View.BYTES:
            private, why = choose_reading(owned, kind, entry)
            if private is not None:
                undo.enter_context(private)
        custody = Custody(
            target=target,
            comm=label or comm_of(target.pid),
            via=via,
            shares_description=shares_description,
            kind=kind,
            identity=identity_of(owned),
            entry=entry,
            shared=shared,
            private=private,
            why=why,
            pidfd=pidfd,
        )
        undo.pop_all()
    return custody


def borrow_only(custody: Custody) -> None:
    """For a view: let go of the shared description unless the view cannot do without it."""
    shared = custody.shared
    if shared is not None and not _needed(custody):
        custody.shared = None
        shared.let_go()


def _needed(custody: Custody) -> bool:
    """Must a view keep the shared description open between two looks?"""
    if custody.via == "injection":
        return True  # the person agreed to it once, not for every look
    if custody.kind.borrow is Borrow.LOOK:
        return False
    if custody.private is None:
        return True
    # With a reader of our own only the target's offset is missing: its fdinfo tells, if it may.
    return fdinfo_refused(custody.target)


def choose_reading(owned: OwnedFd, kind: FdKind, entry: Entry) -> Reading:
    """Decide how bytes are read without the target noticing.

    A description of our own moves no access time and serves write-only descriptors; opening it
    would break a lease.  On virtual file systems pread(2) through the shared description changes
    what the target reads next, so there is no other way there.
    """
    if not kind.private_reader():
        return Reading(None)
    magic = fs_type(owned.fileno()) if entry.file_type == stat.S_IFREG else 0
    if magic in READING_CONSUMES or (magic in VIRTUAL and entry.link.endswith("/kmsg")):
        return Reading(None, "reading it would take the bytes from whoever reads them now")
    if leased(entry):
        readable = bool(entry.access & 4)
        return Reading(None, "" if readable else "write-only, and opening it would break its lease")
    try:
        return Reading(Peek(owned).open_anew())
    except OSError as error:
        refused = f"opening it anew is refused ({errno_name(error.errno or 0)})"
    if magic in VIRTUAL:
        return Reading(None, f"{refused}, and reading here would change what the target reads next")
    return Reading(None, "" if entry.access & 4 else f"write-only, and {refused}")


def leased(entry: Entry) -> bool:
    """Has somebody a lease through this description?  fcntl(2) F_SETLEASE; fdinfo `lock:`."""
    locks = [parse_lock(line) for line in entry.info.all("lock")] if entry.info else []
    return any(lock is not None and lock.type in ("lease", "delegation") for lock in locks)


def comm_of(pid: int) -> str:
    """Return the command name, empty once the process is gone."""
    try:
        return ProcFs().stat(pid).comm
    except OSError:
        return ""
