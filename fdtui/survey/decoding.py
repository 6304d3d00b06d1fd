"""Kind and decoded facts of a scan's rows, with no more work than the kind has to decode."""

from __future__ import annotations

from fdtui.kinds.base import FdKind
from fdtui.kinds.sock_facts import sock_facts
from fdtui.linux.json_types import Info
from fdtui.linux.mountinfo import Mount, mounts_of
from fdtui.linux.record import Owner, Record, Sock
from fdtui.survey.facts import Facts
from fdtui.survey.kinding import kind_of
from fdtui.survey.socks import Socks

_FILES = frozenset({"regular", "directory"})  # `describe` is mount, blocks and locks
_NOTHING = frozenset({"pipe"})  # `describe` is "packet mode" alone
_O_DIRECT = 0o40000 | 0o200000  # of any architecture


def info_of(kind: FdKind, record: Record, socks: Socks | None) -> Info:
    """Return what `kind.describe` says, and of sockets what the kernel's dumps tell."""
    if kind.name in _FILES:
        if record.nlink >= 0 and "lock:" not in record.extra:
            return {**mount_info(record), "blocks": record.blocks, "nlink": record.nlink}
    elif kind.name in _NOTHING:
        if not record.flags & _O_DIRECT:
            return {}
    elif record.link.startswith("socket:["):
        return _socket(kind, record, socks)
    return kind.describe(record.entry)


def _socket(kind: FdKind, record: Record, socks: Socks | None) -> Info:
    sock = record.sock
    if socks is not None and record.ino >= 0:
        sock = sock_of(record, socks)
    described = kind.describe(record.entry) if record.extra or sock is None else {}
    return described if sock is None else {**described, **sock_facts(sock)}


def sock_of(record: Record, socks: Socks) -> Sock | None:
    """Return the state of a socket; the iterator cannot count what a unix socket has received."""
    sock = record.sock
    if sock is None:
        return socks.of(record.ino)
    if sock.recv_queue is None:
        known = socks.unix(record.ino)
        if known is not None:
            return sock._replace(recv_queue=known.recv_queue)
    return sock


def mount_of(record: Record) -> Mount | None:
    """Return the mount it was opened through, in its process's view."""
    return mounts_of(record.pid).get(record.mnt_id) if record.mnt_id >= 0 else None


def mount_info(record: Record) -> Info:
    """Return `mount_point fstype source`, as the kinds of files have it."""
    mount = mount_of(record)
    if mount is None:
        return {}
    return {"mount_point": mount.point, "fstype": mount.fstype, "source": mount.source}


def decoded(owner: Owner, record: Record, socks: Socks | None = None) -> Facts:
    """Classify and decode a row."""
    kind = kind_of(record)
    return Facts(owner, record, kind.name, info_of(kind, record, socks))
