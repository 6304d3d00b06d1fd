"""What the bytes at the cursor could mean: numbers of both byte orders, times, characters."""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime, timedelta

from fdtui.linux.lean import TYPE_CHECKING, NamedTuple
from fdtui.render.safe import safe
from fdtui.render.spans import Role

if TYPE_CHECKING:
    from typing import Literal


SPAN = 8
"""Bytes that are looked at."""

_NOTHING = "-"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LIKELY_YEARS = range(2000, 2040)
_LAST_SECOND = 253_402_300_799  # the end of the year 9999
_LIKELY_MAGNITUDE = 1e30
_LIKELY_BITS = 56


class Reading(NamedTuple):
    """A way to read the bytes, and what they say then; muted when that is hardly meant."""

    label: str
    value: str
    role: Role


def _number(data: bytes, size: int, order: Literal["little", "big"], signed: bool) -> Reading:
    label = f"{'i' if signed else 'u'}{size * 8}"
    if len(data) < size:
        return Reading(label, _NOTHING, "muted")
    value = int.from_bytes(data[:size], order, signed=signed)
    plain = signed and value >= 0  # the unsigned row says the same
    huge = abs(value) >> _LIKELY_BITS
    return Reading(label, f"{value:,}", "muted" if plain or huge else "text")


def _float(data: bytes, size: int, order: str) -> Reading:
    label = f"f{size * 8}"
    if len(data) < size:
        return Reading(label, _NOTHING, "muted")
    code = "f" if size == 4 else "d"
    value: float = struct.unpack(order + code, data[:size])[0]
    least = 1.1754943508222875e-38 if size == 4 else 2.2250738585072014e-308
    size_of = abs(value)
    odd = not math.isfinite(value) or (
        value != 0 and not (max(least, 1 / _LIKELY_MAGNITUDE) <= size_of <= _LIKELY_MAGNITUDE)
    )
    return Reading(label, f"{value:.6g}", "muted" if odd else "text")


def _time(data: bytes, size: int, order: Literal["little", "big"]) -> Reading:
    label = f"time{size * 8}"
    if len(data) < size:
        return Reading(label, _NOTHING, "muted")
    seconds = int.from_bytes(data[:size], order, signed=size == 8)
    if not 0 <= seconds <= _LAST_SECOND:
        return Reading(label, _NOTHING, "muted")
    moment = _EPOCH + timedelta(seconds=seconds)
    role: Role = "text" if moment.year in _LIKELY_YEARS else "muted"
    return Reading(label, f"{moment:%Y-%m-%d %H:%M:%S}", role)


def ordered(data: bytes, order: Literal["little", "big"]) -> list[Reading]:
    """The eleven rows of one byte order: u16 i16 u32 i32 u64 i64 f32 f64 time32 time64."""
    mark = "<" if order == "little" else ">"
    rows = [_number(data, size, order, signed) for size in (2, 4, 8) for signed in (False, True)]
    rows += [_float(data, size, mark) for size in (4, 8)]
    rows += [_time(data, size, order) for size in (4, 8)]
    return rows


def single(data: bytes) -> list[Reading]:
    """The rows of one byte: u8 i8 bits."""
    if not data:
        return [Reading(label, _NOTHING, "muted") for label in ("u8", "i8", "bits")]
    byte = data[0]
    bits = f"{byte:08b}"
    signed = byte - 256 if byte > 127 else byte
    return [
        Reading("u8", str(byte), "text"),
        Reading("i8", str(signed), "text" if signed < 0 else "muted"),
        Reading("bits", f"{bits[:4]} {bits[4:]}", "text"),
    ]


def _named(char: str) -> str:
    """A character and its number, what cannot be shown by number alone."""
    shown = safe(char)
    code = f"U+{ord(char):04X}"
    return f"{shown} {code}" if shown == char and char != " " else code


def utf8(data: bytes) -> Reading:
    """The character that starts here in UTF-8; `-` for NUL and for what starts none."""
    for size in range(1, 5):
        try:
            char = data[:size].decode("utf-8")
        except UnicodeDecodeError:
            continue
        if len(char) == 1 and char != "\0":
            return Reading("utf-8", _named(char), "text")
        break
    return Reading("utf-8", _NOTHING, "muted")


def utf16(data: bytes, order: Literal["little", "big"]) -> Reading:
    """The character that starts here in UTF-16 of one byte order."""
    codec = "utf-16-le" if order == "little" else "utf-16-be"
    for size in (2, 4):
        try:
            char = data[:size].decode(codec)
        except UnicodeDecodeError:
            continue
        if len(char) == 1 and char != "\0":
            return Reading(codec, _named(char), "text" if char.isprintable() else "muted")
        break
    return Reading(codec, _NOTHING, "muted")
