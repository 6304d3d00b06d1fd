"""Rows as JSON objects: the fields that `ls --json` promises."""

from __future__ import annotations

import json
import json.encoder
import os
from collections.abc import Callable, Mapping, Sequence

from fdtui.kinds import classify
from fdtui.kinds.base import FdKind
from fdtui.linux.abi import access_mode, open_flag_names
from fdtui.linux.json_types import Info, Json
from fdtui.linux.procfs import Entry
from fdtui.render.safe import safe

_encoder = json.JSONEncoder(separators=(",", ":"))
_MODES = {4: "r", 2: "w", 6: "rw", 0: "path"}


def mode_of(entry: Entry) -> str | None:
    """Return `r`, `w`, `rw` or `path`: from fdinfo, else from the mode of the link itself."""
    if entry.info is not None:
        return access_mode(entry.info.flags)
    return _MODES.get(entry.access)


def raw_bytes(text: str) -> str:
    """Return the bytes of a name, reversibly: everything but printable ASCII as `\\xNN`."""
    return "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte != 0x5C else f"\\x{byte:02x}"
        for byte in os.fsencode(text)
    )


def _maker() -> Callable[[Json], str]:
    """The encoder in C, made once: JSONEncoder makes another one for each call (4 us)."""
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # an interpreter without the accelerator
        return _encoder.encode
    text = json.encoder.encode_basestring_ascii
    in_c = make(None, _encoder.default, text, None, ":", ",", False, False, True)
    return lambda value: "".join(in_c(value, 0))


compact: Callable[[Json], str] = _maker()  # JSON in ASCII, without blanks


def safe_json(value: Json) -> Json:
    """Return the same with every text in it safe to print."""
    if isinstance(value, str):
        return safe(value)
    if isinstance(value, Mapping):
        return {key: safe_json(one) for key, one in value.items()}
    if isinstance(value, Sequence):
        return [safe_json(one) for one in value]
    return value


def as_object(
    entry: Entry,
    *,
    start_time: int,
    comm: str,
    uid: int,
    kind: FdKind | None = None,
    info: Info | None = None,
) -> Info:
    """Return the JSON object of one row; `info` adds what an acquired descriptor told."""
    kind = kind or classify(entry)
    decoded = kind.describe(entry) if info is None else info
    stat, fdinfo, error = entry.stat, entry.info, entry.error
    mnt_id = fdinfo.mnt_id if fdinfo else stat.mnt_id if stat else -1
    target = safe(entry.link)
    row: Info = {
        "pid": entry.pid,
        "start_time": start_time,
        "comm": safe(comm),
        "uid": uid,
        "fd": entry.fd,
        "kind": kind.name,
        "mode": mode_of(entry),
        "flags": open_flag_names(fdinfo.flags) if fdinfo else None,
        "pos": kind.position(entry),
        "size": kind.size(entry, decoded),
        "dev": f"{stat.dev_major}:{stat.dev_minor}" if stat else None,
        "ino": stat.ino if stat else None,
        "mnt_id": mnt_id if mnt_id >= 0 else None,
        "deleted": entry.deleted,
        "target": target,
        "info": safe_json(decoded),
        "error": None
        if error is None
        else {"call": error.call, "errno": error.errno, "name": error.name},
    }
    if target != entry.link:
        row["target_raw"] = raw_bytes(entry.link)
    return row
