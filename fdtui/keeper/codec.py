"""Facts <-> JSON for the wire: one pair of functions per type, checked when decoding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, cast

from fdtui.acquire.base import State, Target, Verdict
from fdtui.errors import CallFailed, FdtuiError, WrongUsage
from fdtui.keeper.api import Acquired, BadBlock, DirEntry, Hold, Match, Window
from fdtui.keeper.wire import WireError
from fdtui.linux.json_types import Info, Json
from fdtui.linux.procfs import Entry, Failure, FdInfo
from fdtui.linux.syscalls import Statx

InTarget = Literal["open", "closed", "exited", "unknown"]


def whole(value: Json) -> int:
    """Return an int that must be one."""
    if isinstance(value, int):
        return value
    raise WireError(f"a number was expected, not {value!r:.80}")


def number(value: Json) -> float:
    """Return a float that must be a number."""
    if isinstance(value, int | float):
        return float(value)
    raise WireError(f"a number was expected, not {value!r:.80}")


def text(value: Json) -> str:
    """Return a str that must be one."""
    if isinstance(value, str):
        return value
    raise WireError(f"text was expected, not {value!r:.80}")


def items(value: Json, length: int | None = None) -> Sequence[Json]:
    """Return a list, of so many items where a length is given."""
    if isinstance(value, list) and length in (None, len(value)):
        return value
    raise WireError(f"a list was expected, not {value!r:.80}")


def table(value: Json) -> Info:
    """Return an object."""
    if isinstance(value, dict):
        return value
    raise WireError(f"an object was expected, not {value!r:.80}")


def optional_whole(value: Json) -> int | None:
    """Return an int or None."""
    return None if value is None else whole(value)


def target_json(target: Target) -> Json:
    return list(target)


def target_from(value: Json) -> Target:
    return Target(*map(whole, items(value, 3)))


def entry_json(entry: Entry) -> Json:
    info = entry.info
    return [
        entry.pid,
        entry.fd,
        entry.access,
        entry.link,
        [info.pos, info.flags, info.mnt_id, info.ino, [list(line) for line in info.lines]]
        if info
        else None,
        list(entry.stat) if entry.stat else None,
        entry.sockproto,
        list(entry.error) if entry.error else None,
    ]


def _info_from(value: Json) -> FdInfo:
    pos, flags, mnt_id, ino, lines = items(value, 5)
    pairs = [items(line, 2) for line in items(lines)]
    return FdInfo(
        whole(pos),
        whole(flags),
        whole(mnt_id),
        whole(ino),
        tuple((text(key), text(what)) for key, what in pairs),
    )


def entry_from(value: Json) -> Entry:
    pid, fd, access, link, info, stat, proto, error = items(value, 8)
    return Entry(
        pid=whole(pid),
        fd=fd if isinstance(fd, str) else whole(fd),
        access=whole(access),
        link=text(link),
        info=None if info is None else _info_from(info),
        stat=None if stat is None else Statx(*map(whole, items(stat, len(Statx._fields)))),
        sockproto=text(proto),
        error=None if error is None else _failure_from(error),
    )


def _failure_from(value: Json) -> Failure:
    call, code = items(value, 2)
    return Failure(text(call), whole(code))


def acquired_json(a: Acquired) -> Json:
    return {
        "id": a.id,
        "target": target_json(a.target),
        "comm": a.comm,
        "via": a.via,
        "shares": a.shares_description,
        "kind": a.kind,
        "view": a.view,
        "reads": a.reads,
        "entry": entry_json(a.entry),
        "info": a.info,
        "held": a.held,
    }


def acquired_from(value: Json) -> Acquired:
    it = table(value)
    return Acquired(
        id=whole(it["id"]),
        target=target_from(it["target"]),
        comm=text(it["comm"]),
        via=text(it["via"]),
        shares_description=bool(it["shares"]),
        kind=text(it["kind"]),
        view=text(it["view"]),
        reads=text(it["reads"]),
        entry=entry_from(it["entry"]),
        info=table(it["info"]),
        held=bool(it["held"]),
    )


def window_json(window: Window) -> Info:
    """Everything but the bytes, which are the payload."""
    return {
        "offset": window.offset,
        "size": window.size,
        "pos": window.pos,
        "entry": entry_json(window.entry),
        "errors": [list(block) for block in window.errors],
        "why": window.why,
    }


def window_from(it: Info, data: bytes) -> Window:
    return Window(
        offset=whole(it["offset"]),
        data=data,
        size=optional_whole(it["size"]),
        pos=optional_whole(it["pos"]),
        entry=entry_from(it["entry"]),
        errors=tuple(BadBlock(*map(whole, items(block, 3))) for block in items(it["errors"])),
        why=text(it["why"]),
    )


def hold_json(hold: Hold) -> Json:
    return {
        "acquired": acquired_json(hold.acquired),
        "since": hold.since,
        "pinned": hold.pinned,
        "in_target": hold.in_target,
        "changed_at": hold.changed_at,
        "cost": hold.cost,
    }


def hold_from(value: Json) -> Hold:
    it = table(value)
    return Hold(
        acquired=acquired_from(it["acquired"]),
        since=number(it["since"]),
        pinned=bool(it["pinned"]),
        in_target=cast(InTarget, text(it["in_target"])),
        changed_at=number(it["changed_at"]),
        cost=text(it["cost"]),
    )


def match_from(it: Info) -> Match:
    return Match(optional_whole(it["offset"]), whole(it["length"]), whole(it["searched"]))


def dir_entry_from(value: Json) -> DirEntry:
    name, kind, ino = items(value, 3)
    return DirEntry(text(name), text(kind), whole(ino))


def verdict_from(value: Json) -> tuple[str, Verdict]:
    name, state, why, remedy = items(value, 4)
    return text(name), Verdict(cast(State, text(state)), text(why), text(remedy))


def seen_from(value: Json) -> tuple[Entry, Info] | None:
    """Decode one row of a glance."""
    if value is None:
        return None
    entry, info = items(value, 2)
    return entry_from(entry), table(info)


def error_json(error: FdtuiError) -> Json:
    told: Info = {"message": error.message, "remedy": error.remedy}
    if notes := getattr(error, "__notes__", None):
        told["notes"] = notes
    if isinstance(error, WrongUsage):
        told["usage"] = True
    if isinstance(error, CallFailed):
        told |= {"call": error.call, "errno": error.errno, "cause": error.cause}
    return told


def error_from(value: Json) -> FdtuiError:
    it = table(value)
    remedy = text(it["remedy"])
    error = (WrongUsage if it.get("usage") else FdtuiError)(text(it["message"]), remedy)
    if "call" in it:
        error = CallFailed(text(it["call"]), whole(it["errno"]), text(it["cause"]), remedy)
    for note in items(it.get("notes", [])):
        error.add_note(text(note))
    return error


def only(value: Mapping[str, Json], key: str) -> Json:
    """Return an argument that must be there."""
    if key not in value:
        raise WireError(f"the request lacks {key!r}")
    return value[key]
