"""Frames between the UI and the keeper: a JSON header and raw bytes, over a stream socket.

Neither end ever receives with a control buffer, so no descriptor can cross here.
"""

from __future__ import annotations

import json
import struct
from typing import NamedTuple

from fdtui.errors import FdtuiError
from fdtui.linux.json_types import Info

MAGIC = b"fdk1"
MAX_HEADER = 64 << 20  # a directory of 100,000 names
MAX_PAYLOAD = 64 << 20

_PREFIX = struct.Struct("!4sII")  # magic, bytes of JSON, bytes of payload


class WireError(FdtuiError):
    """What arrived is no frame: the other end is broken or is not fdtui."""


class Frame(NamedTuple):
    """One message."""

    header: Info
    payload: bytes = b""


def encode(frame: Frame) -> bytes:
    """Return the bytes of a frame; WireError when it is larger than the other end would take."""
    header = json.dumps(frame.header, separators=(",", ":")).encode("ascii")
    if len(header) > MAX_HEADER or len(frame.payload) > MAX_PAYLOAD:
        raise WireError(f"a message of {len(header) + len(frame.payload)} bytes is too large")
    return _PREFIX.pack(MAGIC, len(header), len(frame.payload)) + header + frame.payload


class FrameReader:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Take what arrived and return the frames it completes; WireError for junk."""
        self._buffer += data
        frames = []
        start = 0
        while (end := self._end(start)) is not None:
            frames.append(self._frame(start, end))
            start = end
        if start:
            del self._buffer[:start]
        return frames

    def _end(self, start: int) -> int | None:
        """Return where the frame at `start` ends, None while it is not complete."""
        if len(self._buffer) - start < _PREFIX.size:
            return None
        magic, header, payload = _PREFIX.unpack_from(self._buffer, start)
        if magic != MAGIC or header > MAX_HEADER or payload > MAX_PAYLOAD:
            raise WireError(f"not a frame: {bytes(self._buffer[start : start + 16])!r}")
        end: int = start + _PREFIX.size + header + payload
        return end if len(self._buffer) >= end else None

    def _frame(self, start: int, end: int) -> Frame:
        _, length, _ = _PREFIX.unpack_from(self._buffer, start)
        split = start + _PREFIX.size + length
        try:
            header = json.loads(self._buffer[start + _PREFIX.size : split])
        except ValueError as error:
            raise WireError(f"not JSON in a frame: {error}") from error
        if not isinstance(header, dict):
            raise WireError("the header of a frame is not an object")
        return Frame(header, bytes(self._buffer[split:end]))
