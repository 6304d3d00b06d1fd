"""Scanning: matchers over a buffer, and the walk over a file that feeds them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, Protocol

from fdtui.keeper.api import Match
from fdtui.linux.memmem import memmem

CHUNK = 256 << 10  # bytes whose matches are looked for at once
REGEX_REACH = 64 << 10  # the longest match that is sure to be found whole
MAX_OFFSET = 2**63 - 1

Tick = Callable[[int, int], None]  # bytes searched, bytes in all; raises to stop


class Found(NamedTuple):
    """A match in a buffer."""

    start: int
    length: int


class Matcher(Protocol):
    """Finds the first or last match that starts in buffer[low:high].

    `behind` and `reach` are how many bytes before and after that stretch the buffer should have.
    `of_zeros`: a hole could match, so that holes may not be skipped.
    """

    behind: int
    reach: int
    of_zeros: bool

    def first(self, buffer: bytes, low: int, high: int) -> Found | None:
        """Return the first match."""

    def last(self, buffer: bytes, low: int, high: int) -> Found | None:
        """Return the last match."""


class Literal(Matcher):
    """Bytes as they are; with `ignore_case`, ASCII letters of either case."""

    behind = 0

    def __init__(self, needle: bytes, ignore_case: bool) -> None:
        self._fold = ignore_case and needle.lower() != needle.upper()
        self._needle = needle.lower() if self._fold else needle
        self.reach = len(needle) - 1
        self.of_zeros = not needle.strip(b"\0")

    def first(self, buffer: bytes, low: int, high: int) -> Found | None:
        text = buffer.lower() if self._fold else buffer
        at = memmem(text, self._needle, low, high + self.reach)
        return None if at < 0 else Found(at, len(self._needle))

    def last(self, buffer: bytes, low: int, high: int) -> Found | None:
        text = buffer.lower() if self._fold else buffer
        at = text.rfind(self._needle, low, high + self.reach)
        return None if at < 0 else Found(at, len(self._needle))


class Regex(Matcher):
    """A regular expression of re; `^` and `$` are ends of lines; empty matches do not count."""

    behind = reach = REGEX_REACH

    def __init__(self, pattern: bytes, ignore_case: bool) -> None:
        self._regex = re.compile(pattern, re.MULTILINE | (re.IGNORECASE if ignore_case else 0))
        self.of_zeros = any(match.end() > match.start() for match in self._all(bytes(64), 0))

    def _all(self, buffer: bytes, low: int) -> list[re.Match[bytes]]:
        return [match for match in self._regex.finditer(buffer, low) if match.group()]

    def first(self, buffer: bytes, low: int, high: int) -> Found | None:
        for match in self._regex.finditer(buffer, low):
            if match.start() >= high:
                return None
            if match.group():
                return Found(match.start(), match.end() - match.start())
        return None

    def last(self, buffer: bytes, low: int, high: int) -> Found | None:
        inside = [match for match in self._all(buffer, low) if match.start() < high]
        return Found(inside[-1].start(), len(inside[-1].group())) if inside else None


class Source(Protocol):
    """What is searched."""

    def size(self) -> int:
        """Return its length in bytes, MAX_OFFSET when only reading can tell."""

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes, short only at the end."""

    def next_data(self, offset: int) -> int | None:
        """Return where the next bytes begin that are no hole, None when none follow."""


def search(source: Source, matcher: Matcher, start: int, backwards: bool, tick: Tick) -> Match:
    """Find the first match that starts at or after `start`; backwards, the last one before it."""
    return (_backwards if backwards else _forwards)(source, matcher, start, tick)


def _forwards(source: Source, matcher: Matcher, start: int, tick: Tick) -> Match:
    size = source.size()
    at = start
    while at < size:
        tick(at - start, size - start)
        if not matcher.of_zeros:
            data = source.next_data(at)
            if data is None:
                break
            # A match may begin with the zeros of the hole in front of the data.
            at = max(at, data - matcher.reach)
        high = min(at + CHUNK, size)
        low = max(at - matcher.behind, 0)
        buffer = source.read(low, high + matcher.reach - low)
        if found := matcher.first(buffer, at - low, high - low):
            offset = low + found.start
            return Match(offset, found.length, offset - start)
        if len(buffer) < high - low:
            break  # the end, where the size was not known
        at = high
    return Match(None, 0, max(min(at, size) - start, 0))


def _backwards(source: Source, matcher: Matcher, start: int, tick: Tick) -> Match:
    begin = high = min(start, source.size())
    stride = CHUNK
    while high > 0:
        tick(begin - high, begin)
        low = max(high - stride, 0)
        if not matcher.of_zeros:
            data = source.next_data(low)
            if data is None or data >= high + matcher.reach:
                high, stride = low, stride * 2  # a hole: stride over it in growing steps
                continue
            if stride > CHUNK:
                stride = max(stride // 2, CHUNK)
                continue
        edge = max(low - matcher.behind, 0)
        buffer = source.read(edge, high + matcher.reach - edge)
        if found := matcher.last(buffer, low - edge, high - edge):
            offset = edge + found.start
            return Match(offset, found.length, begin - offset)
        high = low
    return Match(None, 0, begin)
