"""Numbers, sizes and times in words: what both the kinds and the screen print."""

from __future__ import annotations

_LETTERS = "KMGTPEZ"


def _scaled(value: float, base: int) -> tuple[float, str]:
    """`value` in the largest unit that leaves it under 1000 once rounded, and the unit's letter."""
    value /= base
    unit = 0
    while round(value, 1 if value < 99.95 else 0) >= 1000:
        value /= base
        unit += 1
    return value, _LETTERS[unit]


def size_cell(size: int) -> str:
    """`size` bytes in at most 5 cells, base 1024 as in df -h: `0` `512` `12.0K` `4.2G` `301M`."""
    if size < 0:
        return "-" + size_cell(-size)
    if size < 1000:
        return str(size)
    value, letter = _scaled(size, 1024)
    return f"{value:.1f}{letter}" if value < 99.95 else f"{value:.0f}{letter}"


def size_words(size: int) -> str:
    """`size` bytes for a sentence, same base: `0 bytes` `1 byte` `512 bytes` `4.2 GB` `116 KB`."""
    if abs(size) < 1000:
        return f"{size} byte" if size == 1 else f"{size} bytes"
    cell = size_cell(size)
    return f"{cell[:-1]} {cell[-1]}B"


def count(value: int) -> str:
    """An exact count, grouped: `19,316,224`. Never for descriptors, pids, inodes, ports."""
    return f"{value:,}"


def plural(value: int, word: str, words: str = "") -> str:
    """`1 descriptor`, `24,318 descriptors`."""
    return f"{value:,} {word if value == 1 else words or word + 's'}"


def short_time(seconds: float) -> str:
    """A short duration: `3 µs` `38.2 ms` `240 ms` `0.42 s` `1 s` `12.5 s`."""
    if seconds < 0:
        return "-" + short_time(-seconds)
    if seconds == 0:
        return "0 s"
    if seconds < 0.000_999_5:
        return f"{max(1, round(seconds * 1e6))} µs"
    if seconds < 0.249_5:
        value = seconds * 1e3
        return f"{value:.1f} ms".replace(".0 ms", " ms") if value < 99.95 else f"{value:.0f} ms"
    digits = 2 if seconds < 1 else 1
    return f"{seconds:.{digits}f}".rstrip("0").rstrip(".") + " s"


def age(seconds: float) -> str:
    """How long ago, two units at most: `12s` `3m20s` `6h40m` `2d11h`."""
    whole = max(0, int(seconds))
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days}d{hour:02d}h"
    if hours:
        return f"{hours}h{minute:02d}m"
    if minutes:
        return f"{minutes}m{second:02d}s"
    return f"{whole}s"


def duration(seconds: float) -> str:
    """A time that may be short or long: `38.2 ms` `12.5 s` `3m20s` `2d11h`."""
    return short_time(seconds) if abs(seconds) < 99.95 else age(seconds)
