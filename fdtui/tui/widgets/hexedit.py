"""Bytes that are being overwritten in the hex view: nothing is written before it is confirmed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

_DIGITS = "0123456789abcdef"


class Stretch(NamedTuple):
    """Neighbouring bytes that differ: what was there, and what shall be."""

    offset: int
    old: bytes
    new: bytes


@dataclass(slots=True)
class ByteEdits:
    """Old and new value of each byte that was typed over, by offset."""

    _bytes: dict[int, tuple[int, int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(old != new for old, new in self._bytes.values())

    def type_nibble(self, offset: int, now: int, digit: int, *, low: bool) -> None:
        """Overwrite half of a byte, which is `now` when it was not typed over before."""
        old, new = self._bytes.get(offset, (now, now))
        new = (new & 0xF0 | digit) if low else (digit << 4 | new & 0x0F)
        self._bytes[offset] = (old, new)

    def drop(self, offset: int) -> None:
        """Leave a byte as it was."""
        self._bytes.pop(offset, None)

    def over(self, offset: int, data: bytes) -> bytes:
        """What the bytes from `offset` on would be."""
        out = bytearray(data)
        for at, (_, new) in self._bytes.items():
            if offset <= at < offset + len(data):
                out[at - offset] = new
        return bytes(out)

    def touched(self, offset: int, length: int) -> list[int]:
        """Offsets in a range of bytes that would be others."""
        return [
            at
            for at, (old, new) in self._bytes.items()
            if offset <= at < offset + length and old != new
        ]

    def stretches(self) -> list[Stretch]:
        """All that differs, neighbours together, in the order of offsets."""
        out: list[Stretch] = []
        for at in sorted(self._bytes):
            old, new = self._bytes[at]
            if old == new:
                continue
            one = Stretch(at, bytes([old]), bytes([new]))
            if out and out[-1].offset + len(out[-1].old) == at:
                last = out.pop()
                one = Stretch(last.offset, last.old + one.old, last.new + one.new)
            out.append(one)
        return out


class HexEdit:
    """What keys do while bytes are edited; the view asks it first."""

    def __init__(self, done: Callable[[], object], dropped: Callable[[], object]) -> None:
        """`done` is called by enter, `dropped` by escape."""
        self.edits = ByteEdits()
        self._done, self._dropped = done, dropped
        self._half = -1  # the byte whose first digit was just typed

    def key(self, key: str, cursor: int, now: bytes) -> int | None:
        """Take a key at the cursor, under which `now` (one byte, or none) is.

        Returns where the cursor goes then; None when the key is not meant for the edit.
        """
        if key == "enter":
            self._done()
            return cursor
        if key == "escape":
            self._dropped()
            return cursor
        if key == "backspace":
            self.edits.drop(cursor if self._half == cursor else cursor - 1)
            back = cursor if self._half == cursor else max(0, cursor - 1)
            self._half = -1
            return back
        if key == "q":
            return cursor  # what was typed is not lost by a slip
        digit = _DIGITS.find(key.lower()) if len(key) == 1 else -1
        if digit < 0 or not now:
            return None
        low = self._half == cursor
        self.edits.type_nibble(cursor, now[0], digit, low=low)
        self._half = -1 if low else cursor
        return cursor + 1 if low else cursor
