"""What kernel programs have in common: bpf(2) objects with an id, told by fdinfo and bpf(2)."""

from __future__ import annotations

import struct

from fdtui.errors import errno_name
from fdtui.kinds._anon import AnonKind
from fdtui.kinds.base import PROGRAM, Family
from fdtui.linux.json_types import Info
from fdtui.linux.lean import TYPE_CHECKING
from fdtui.linux.peek import Peek
from fdtui.linux.peek_handle import bpf_info
from fdtui.linux.procfs import Entry

if TYPE_CHECKING:
    from typing import ClassVar


_NAME = struct.Struct("=16s")
NAME_LENGTH = 16  # BPF_OBJ_NAME_LEN


def fdinfo_numbers(entry: Entry) -> Info:
    """Return fdinfo's lines as they are named there, numbers as numbers."""
    found: Info = {}
    for key, value in entry.info.lines if entry.info else ():
        try:
            found[key] = int(value, 0)
        except ValueError:
            found[key] = value
    return found


def object_name(raw: bytes, offset: int) -> str:
    """Return the object's name out of its info struct; empty when it has none."""
    if len(raw) < offset + NAME_LENGTH:
        return ""
    packed: bytes = _NAME.unpack_from(raw, offset)[0]
    return packed.rstrip(b"\0").decode(errors="surrogateescape")


class BpfKind(AnonKind):
    """OBJ_GET_INFO_BY_FD adds the name that fdinfo lacks."""

    family: ClassVar[Family] = PROGRAM
    examines = True

    def parse(self, raw: bytes) -> Info:
        """Take the kind's info struct apart."""
        return {}

    def examine(self, peek: Peek, entry: Entry) -> Info:
        found = self.describe(entry)
        try:
            return {**found, **self.parse(bpf_info(peek))}
        except OSError as error:
            return {**found, "bpf_error": errno_name(error.errno or 0)}
