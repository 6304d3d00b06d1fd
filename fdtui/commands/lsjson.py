"""Rows as lines of JSON, written by hand: what `render.objects.as_object` says, ten times faster.

Texts of strangers are made safe first, then everything but ASCII is escaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from fdtui.commands.lssockets import info_and_size
from fdtui.errors import errno_name
from fdtui.kinds import BY_NAME
from fdtui.kinds.base import FdKind
from fdtui.linux.abi import access_mode, open_flag_names
from fdtui.linux.json_types import Info
from fdtui.linux.lean import TYPE_CHECKING, NamedTuple, cache, cast, lru_cache
from fdtui.linux.mountinfo import mounts_of
from fdtui.linux.record import Owner, Record
from fdtui.render.objects import compact as _encode
from fdtui.render.objects import raw_bytes, safe_json
from fdtui.render.safe import safe
from fdtui.survey import values
from fdtui.survey.decoding import info_of, sock_of
from fdtui.survey.facts import Facts
from fdtui.survey.kinding import kind_of
from fdtui.survey.socks import Socks

if TYPE_CHECKING:
    from fdtui.survey.peers import Peer

_text = json.encoder.encode_basestring_ascii
_MOST = 1 << 16
_FILES = ("regular", "directory")
_MODES = {4: "r", 2: "w", 6: "rw", 0: "path"}
_NUMBERED = ("socket:[", "pipe:[")


class _Texts(dict[str, str]):
    """Text -> JSON of it made safe, remembered: many descriptors have few names."""

    def __missing__(self, text: str) -> str:
        if len(self) >= _MOST:
            self.clear()
        found = self[text] = _text(safe(text))
        return found


class _Targets(dict[str, str]):
    """Link -> its members from `target` on; what could not be shown as it is has `target_raw`."""

    def __missing__(self, link: str) -> str:
        if len(self) >= _MOST:
            self.clear()
        shown = safe(link)
        found = f'"target":{_text(shown)}'
        raw = "" if shown == link else f',"target_raw":{_text(raw_bytes(link))}'
        said = self[link] = found + raw
        return said


_texts, _targets = _Texts(), _Targets()
text_of = _texts.__getitem__  # JSON of a text that is made safe


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
    members: dict[str, object] = {
        "kind": kind,
        "mode": access_mode(flags) if flags >= 0 else _MODES.get(access),
        "flags": open_flag_names(flags) if flags >= 0 else None,
        "dev": None if dev is None else values.device(dev),
        "mnt_id": mnt_id if mnt_id >= 0 else None,
        "deleted": deleted,
        "error": failed,
    }
    return _encode(cast("Info", members))[1:-1]


@cache
def _plain(kind: FdKind) -> tuple[bool, bool]:
    """(it has positions, it has sizes), as far as the kind answers for itself."""
    own = type(kind)
    return own.position is not FdKind.position, own.size is not FdKind.size


def _info(info: Info) -> str:
    text = _encode(info)
    # Without a backslash everything in it is printable ASCII.
    return text if "\\" not in text else _encode(safe_json(info))


class _Shape(NamedTuple):
    """What rows have in common that differ in nothing but numbers and names."""

    common: str
    form: int  # _FILE, _CONSTANT, _SOCKET, _OTHER
    kind: FdKind
    info: str  # the first members of a file's, all of a constant one's


_FILE, _CONSTANT, _SOCKET, _OTHER = range(4)
_PREFIX = 5  # of a link: tells the kernel's own names apart, pipe: socke anon_ /memf /secr /dmab
_MQUEUE_SIZE = 80  # a file of this size may be a queue, which more than its shape tells


def rows(owner: Owner, records: list[Record], socks: Socks) -> Iterator[str]:
    """Yield an object for each row, without the brace that closes it.

    All the time is spent here: rows of a shape that was seen before in this process are filled in.
    """
    head = _head(owner)
    shapes = _shapes_of(owner.pid)
    for record in records:
        # fmt: off
        (
            _, fd, link, _, flags, pos, mnt_id, ino, dev, rdev, mode, size, blocks, nlink, _,
            extra, proto, _, _, error,
        ) = record
        # fmt: on
        prefix = link[:_PREFIX]
        if nlink >= 0 and size != _MQUEUE_SIZE and (not extra or proto) and error is None:
            key = (mode, flags, dev, rdev, mnt_id, prefix, proto, nlink == 0)
            shape = shapes.get(key)
            if shape is None:
                shape = shapes[key] = _shape(record)
            common, form, kind, info = shape
            if form == _FILE:
                yield (
                    f'{head}{fd},{common},"pos":{pos},"size":{size},"ino":{ino},{_targets[link]},'
                    f'"info":{{{info}"blocks":{blocks},"nlink":{nlink}}}'
                )
                continue
            if form == _CONSTANT:
                yield (
                    f'{head}{fd},{common},"pos":null,"size":null,"ino":{ino},{_target(link)},'
                    f'"info":{info}'
                )
                continue
            if form == _SOCKET:
                sock = sock_of(record, socks)
                told = info_and_size(kind, record, sock) if sock is not None else None
                if told is not None:
                    yield (
                        f'{head}{fd},{common},"pos":null,"size":{_null_or(told[1])},"ino":{ino},'
                        f'"target":"{link}","info":{told[0]}'
                    )
                    continue
        yield _any_row(head, record, socks)


_Shapes = dict[tuple[object, ...], _Shape]
_MOST_VIEWS = 64  # of the mounts
_views: dict[int, tuple[object, _Shapes]] = {}  # by id of the mounts, which are kept for that


def _shapes_of(pid: int) -> _Shapes:
    """The shapes known for processes that see the same mounts."""
    mounts = mounts_of(pid)
    known = _views.get(id(mounts))
    if known is None:
        if len(_views) >= _MOST_VIEWS:
            _views.clear()
        known = _views[id(mounts)] = mounts, {}
    elif len(known[1]) >= _MOST:
        known[1].clear()
    return known[1]


def _shape(record: Record) -> _Shape:
    """What this row has in common with others that have the same key."""
    kind = kind_of(record)
    common = _members(record, kind.name, deleted=record.nlink == 0 and values.deleted(record))
    if record.link.startswith("anon_") or record.flags < 0:
        return _Shape(common, _OTHER, kind, "")
    if kind.name in _FILES:
        return _Shape(common, _FILE, kind, _mount(record))
    if kind.name == "char":
        return _Shape(common, _CONSTANT, kind, _info(kind.describe(record.entry)))
    if kind.name == "pipe":
        return _Shape(common, _CONSTANT, kind, _info(info_of(kind, record, None)))
    if record.sockproto and record.link.startswith("socket:[") and kind.name != "o-path":
        return _Shape(common, _SOCKET, kind, "")
    return _Shape(common, _OTHER, kind, "")


def _any_row(head: str, record: Record, socks: Socks) -> str:
    kind = kind_of(record)
    decoded = info_of(kind, record, socks)
    pos, size = _numbers(kind, record, decoded)
    return _row(head, record, kind.name, pos, size, _info(decoded) if decoded else "{}")


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
    entry = record.entry
    return kind.position(entry), kind.size(entry, info)


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
    deleted = record.nlink == 0 and values.deleted(record)
    common = _members(record, kind, deleted=deleted)
    return (
        f"{head}{_encode(special) if special else record.fd},{common},"
        f'"pos":{_null_or(pos)},"size":{_null_or(size)},'
        f'"ino":{record.ino if record.nlink >= 0 else "null"},{_target(record.link)},"info":{info}'
    )


def _members(record: Record, kind: str, *, deleted: bool) -> str:
    dev = record.dev if record.nlink >= 0 else None
    return _common(kind, record.flags, record.access, dev, record.mnt_id, deleted, record.error)


def _null_or(number: int | None) -> str:
    return "null" if number is None else str(number)
