"""Rows as lines of JSON, written by hand: what `render.objects.as_object` says, ten times faster.

Texts of strangers are made safe first, then everything but ASCII is escaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, cast

from fdtui.commands.lssockets import info_and_size
from fdtui.errors import errno_name
from fdtui.kinds import BY_NAME
from fdtui.kinds.base import FdKind
from fdtui.linux.abi import access_mode, open_flag_names
from fdtui.linux.json_types import Info
from fdtui.linux.mountinfo import mounts_of
from fdtui.linux.record import Owner, Record
from fdtui.render.objects import raw_bytes, safe_json
from fdtui.render.safe import safe
from fdtui.survey import values
from fdtui.survey.decoding import info_of, sock_of
from fdtui.survey.facts import Facts
from fdtui.survey.kinding import kind_of
from fdtui.survey.socks import Socks

if TYPE_CHECKING:
    from fdtui.linux.procfs import Entry
    from fdtui.survey.peers import Peer

_encode = json.JSONEncoder(separators=(",", ":")).encode
_MOST = 1 << 16
_FILES = ("regular", "directory")
_MODES = {4: "r", 2: "w", 6: "rw", 0: "path"}
_NUMBERED = ("socket:[", "pipe:[")


class _Texts(dict[str, str]):
    """Text -> JSON of it made safe, remembered: many descriptors have few names."""

    def __missing__(self, text: str) -> str:
        if len(self) >= _MOST:
            self.clear()
        found = self[text] = _encode(safe(text))
        return found


class _Targets(dict[str, str]):
    """Link -> its members from `target` on; what could not be shown as it is has `target_raw`."""

    def __missing__(self, link: str) -> str:
        if len(self) >= _MOST:
            self.clear()
        shown = safe(link)
        found = f'"target":{_encode(shown)}'
        raw = "" if shown == link else f',"target_raw":{_encode(raw_bytes(link))}'
        said = self[link] = found + raw
        return said


_texts, _targets = _Texts(), _Targets()


def _target(link: str) -> str:
    # The kernel's own texts are all different, and need no care.
    return f'"target":"{link}"' if link.startswith(_NUMBERED) else _targets[link]


@lru_cache(_MOST)
def _common(
    kind: str,
    flags: int,
    access: int,
    dev: int | None,
    mnt_id: int,
    deleted: bool,
    error: tuple[str, int] | None,
) -> str:
    """The members that are the same for many rows."""
    failed = None
    if error is not None:
        failed = {"call": error[0], "errno": error[1], "name": errno_name(error[1])}
    members = {
        "kind": kind,
        "mode": access_mode(flags) if flags >= 0 else _MODES.get(access),
        "flags": open_flag_names(flags) if flags >= 0 else None,
        "dev": None if dev is None else values.device(dev),
        "mnt_id": mnt_id if mnt_id >= 0 else None,
        "deleted": deleted,
        "error": failed,
    }
    return _encode(members)[1:-1]


@cache
def _plain(kind: FdKind) -> tuple[bool, bool]:
    """(it has positions, it has sizes), as far as the kind answers for itself."""
    own = type(kind)
    return own.position is not FdKind.position, own.size is not FdKind.size


def _info(info: Info) -> str:
    text = _encode(info)
    # Without a backslash everything in it is printable ASCII.
    return text if "\\" not in text else _encode(safe_json(info))


def rows(owner: Owner, records: list[Record], socks: Socks) -> Iterator[str]:
    """Yield an object for each row, without the brace that closes it."""
    head = _head(owner)
    mounts: dict[int, str] = {}
    for record in records:
        kind = kind_of(record)
        name = kind.name
        if name in _FILES and "lock:" not in record.extra and record.nlink >= 0:
            mount = mounts.get(record.mnt_id)
            if mount is None:
                mount = mounts[record.mnt_id] = _mount(record)
            info = f'{{{mount}"blocks":{record.blocks},"nlink":{record.nlink}}}'
            pos = record.pos if record.flags >= 0 else None
            yield _row(head, record, name, pos, record.size, info)
            continue
        if name == "char" and not record.extra:
            yield _row(head, record, name, None, None, _char(kind, record))
            continue
        if record.link.startswith("socket:[") and record.ino >= 0:
            sock = sock_of(record, socks)
            told = info_and_size(kind, record, sock) if sock is not None else None
            if told is not None:
                yield _row(head, record, name, None, told[1], told[0])
                continue
        decoded = info_of(kind, record, socks)
        pos, size = _numbers(kind, record, decoded)
        yield _row(head, record, name, pos, size, _info(decoded) if decoded else "{}")


_chars: dict[int, str] = {}


def _char(kind: FdKind, record: Record) -> str:
    """`info` of a device that has no lines of its own in fdinfo: its number says all."""
    found = _chars.get(record.rdev)
    if found is None:
        found = _chars[record.rdev] = _info(kind.describe(record.entry))
    return found


def row(facts: Facts) -> str:
    """Return the object of one row with everything that is known of it, closed."""
    record = facts.record
    kind = BY_NAME[facts.kind]
    pos, size = _numbers(kind, record, facts.info)
    head = _head(facts.owner)
    text = _row(head, record, facts.kind, pos, size, _info(facts.info), facts.special)
    return f"{text}{related(facts)}}}"


def related(facts: Facts) -> str:
    """Return the members `sharing` and `peers`, those that were asked for, each after a comma."""
    text = ""
    if facts.sharing is not None or facts.sharing_reason:
        text = sharing_of(facts.sharing, facts.sharing_reason)
    if facts.peers is not None:
        text += f',"peers":{peers_of(facts.peers)}'
    return text


def sharing_of(id: str | None, reason: str) -> str:
    """Return the member `sharing`, and why it is null."""
    if id is not None:
        return f',"sharing":"{id}"'
    return f',"sharing":null,"sharing_reason":{_texts[reason]}'


def peers_of(peers: Sequence[Peer]) -> str:
    """Return the peers as a list of objects."""
    said = [
        f'{{"pid":{one.pid},"fd":{"null" if one.fd is None else one.fd},'
        f'"comm":{_texts[one.comm]},"relation":"{one.relation}"}}'
        for one in peers
    ]
    return f"[{','.join(said)}]"


def _numbers(kind: FdKind, record: Record, info: Info) -> tuple[int | None, int | None]:
    """(pos, size) as the kind means them."""
    has_pos, has_size = _plain(kind)
    if not has_pos and not has_size:
        return None, None
    entry = cast("Entry", _LazyEntry(record))
    return kind.position(entry), kind.size(entry, info)


class _LazyEntry:
    """An entry that is made when it is looked into: most kinds tell their size without."""

    __slots__ = ("_record",)

    def __init__(self, record: Record) -> None:
        self._record = record

    def __getattr__(self, name: str) -> object:
        return getattr(self._record.entry, name)


def _head(owner: Owner) -> str:
    return (
        f'{{"pid":{owner.pid},"start_time":{owner.start_time},"comm":{_texts[owner.comm]},'
        f'"uid":{owner.uid},"fd":'
    )


def _mount(record: Record) -> str:
    """The first members of a file's `info`."""
    mount = mounts_of(record.pid).get(record.mnt_id) if record.mnt_id >= 0 else None
    if mount is None:
        return ""
    return (
        f'"mount_point":{_texts[mount.point]},"fstype":{_texts[mount.fstype]},'
        f'"source":{_texts[mount.source]},'
    )


def _row(
    head: str,
    record: Record,
    kind: str,
    pos: int | None,
    size: int | None,
    info: str,
    special: str = "",
) -> str:
    nlink = record.nlink
    deleted = nlink == 0 and values.deleted(record)
    dev = record.dev if nlink >= 0 else None
    common = _common(kind, record.flags, record.access, dev, record.mnt_id, deleted, record.error)
    return (
        f"{head}{_encode(special) if special else record.fd},{common},"
        f'"pos":{"null" if pos is None else pos},"size":{"null" if size is None else size},'
        f'"ino":{"null" if dev is None else record.ino},{_target(record.link)},"info":{info}'
    )
