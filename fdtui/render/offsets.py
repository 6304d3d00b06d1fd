"""What a person types to say where in a file: `0x1f0`, `12M`, `50%`, `+64K`, `@`, `@-16`."""

from __future__ import annotations

import re
from decimal import Decimal

from fdtui.linux.lean import NamedTuple

SYNTAX = "1024  0x400  12M  50%  +64K  -16  @ the target"
LARGEST = 2**63 - 1
_NUMBER = re.compile(
    r"(?:0x(?P<hex>[0-9a-f_]+)|(?P<dec>[0-9][0-9_,]*)(?P<part>\.[0-9]+)?)\s*"
    r"(?:(?P<unit>[kmgtpe])(?:i?b)?|(?P<percent>%)|b)?",
    re.IGNORECASE,
)
_UNITS = {unit: 1024 ** (index + 1) for index, unit in enumerate("kmgtpe")}


class Place(NamedTuple):
    """An offset, or why the text means none."""

    offset: int = 0
    mistake: str = ""


def parse_offset(text: str, *, cursor: int, size: int | None, target: int | None) -> Place:
    """Read an offset in bytes; what lies beyond the ends is brought back to them."""
    words = text.strip()
    base = 0
    if words.startswith("@"):
        if target is None:
            return Place(mistake="the target has no offset here")
        base, words = target, words[1:].lstrip()
        if not words:
            return _within(base, size)
        if words[0] not in "+-":
            return Place(mistake="after @ comes + or -")
    elif words[:1] in ("+", "-"):
        base = cursor
    sign = -1 if words.startswith("-") else 1
    found = _NUMBER.fullmatch(words[1:].lstrip() if words[:1] in ("+", "-") else words)
    if found is None:
        return Place(mistake=f"not an offset; {SYNTAX}" if words else SYNTAX)
    if found["hex"] and found["part"]:
        return Place(mistake="no fractions in hexadecimal")
    if found["percent"] and size is None:
        return Place(mistake="no size to take a share of")
    value = _value(found, size or 0)
    return _within(base + sign * value, size)


def _value(found: re.Match[str], size: int) -> int:
    if found["hex"]:
        number = Decimal(int(found["hex"].replace("_", "") or "0", 16))
    else:
        digits = found["dec"].replace("_", "").replace(",", "")
        number = Decimal(digits[:40] + (found["part"] or "")[:40])
    if found["percent"]:
        return int(number * size / 100)
    if found["unit"]:
        number *= _UNITS[found["unit"].lower()]
    return int(number)


def _within(offset: int, size: int | None) -> Place:
    return Place(max(0, min(offset, LARGEST if size is None else size)))
