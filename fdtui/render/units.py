"""Numbers, sizes, times and offsets in words and cells, for the screen and the command line."""

from __future__ import annotations

from collections.abc import Sequence

_LETTERS = "KMGTPEZ"
_MIDDLE = "…"


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


def offset_words(offset: int) -> str:
    """A byte offset both ways: `0x28 = 40`."""
    return f"{offset:#x} = {offset:,}"


def offset_digits(size: int) -> int:
    """Hex digits that the offsets of `size` bytes need in the margin: 8, or more."""
    return max(8, (max(size, 1).bit_length() + 3) // 4)


def percent(part: float, whole: float) -> str:
    """`part` of `whole`, whole per cents: `0` `<1` `42`; empty when there is no whole."""
    if whole <= 0:
        return ""
    value = 100 * part / whole
    if 0 < value < 1:
        return "<1"
    return str(int(value))


def rate_cell(per_second: float) -> str:
    """Bytes per second with a sign, for tables: `+41.2K/s`."""
    sign = "-" if per_second < 0 else "+"
    return f"{sign}{size_cell(round(abs(per_second)))}/s"


def rate_words(per_second: float) -> str:
    """Bytes per second with a sign, for sentences: `+41.2 KB/s`."""
    sign = "-" if per_second < 0 else "+"
    return f"{sign}{size_words(round(abs(per_second)))}/s"


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


_LEVELS = "▁▂▃▄▅▆"
_FINEST = 8


def trend(samples: Sequence[int], width: int = 12) -> str:
    """The last `width` samples as six levels, flush right; one `·` when flat.

    The scale is never finer than 8 descriptors, so that noise does not look like a leak; the two
    highest blocks are not used, so that rows do not touch.
    """
    last = samples[-width:]
    if not last or min(last) == max(last):
        return "·".rjust(width)
    low = min(last)
    span = max(max(last) - low, _FINEST)
    top = len(_LEVELS) - 1
    return "".join(_LEVELS[(value - low) * top // span] for value in last).rjust(width)


def trend_change(samples: Sequence[int], width: int = 12) -> int:
    """What was gained or lost over the samples that `trend` draws."""
    last = samples[-width:]
    return last[-1] - last[0] if last else 0


def bar(part: float, whole: float, width: int, *, fill: str = "━", rest: str = "·") -> str:
    """`part` of `whole` in `width` cells: some is never drawn as nothing, nor as all."""
    if whole <= 0 or part <= 0:
        return rest * width
    cells = min(width, round(width * part / whole))
    if cells == 0:
        cells = 1
    elif cells == width and part < whole and width > 1:
        cells -= 1
    return fill * cells + rest * (width - cells)


def stacked(parts: Sequence[tuple[float, str]], whole: float, width: int, rest: str = "·") -> str:
    """Several amounts after one another in `width` cells: `[(54.2, "━"), (37.2, "■")]` of 98."""
    out, done, total = "", 0, 0.0
    for amount, glyph in parts:
        total += max(0.0, amount)
        end = min(width, round(width * total / whole)) if whole > 0 else 0
        if amount > 0 and end == done < width:
            end += 1
        out += glyph * (end - done)
        done = max(done, end)
    return out + rest * (width - done)


def shorten_end(text: str, width: int) -> str:
    """`text` in at most `width` characters; its end gives way to `…`."""
    if len(text) <= width:
        return text
    return text[: max(0, width - 1)] + _MIDDLE if width > 0 else ""


def shorten_start(text: str, width: int) -> str:
    """`text` in at most `width` characters; its start gives way to `…`."""
    if len(text) <= width:
        return text
    return _MIDDLE + text[len(text) - width + 1 :] if width > 1 else _MIDDLE[:width]


def shorten_path(path: str, width: int) -> str:
    """`path` in at most `width` characters; its middle gives way, the file name goes last.

    `/var/li…/spool-0417.seg`: as much of the start as there is room for, then the last component.
    """
    if len(path) <= width:
        return path
    slash = path.rstrip("/").rfind("/")
    name = path[slash:] if slash > 0 else ""
    room = width - len(name) - 1
    if name and room >= 0:
        return path[:room] + _MIDDLE + name
    # Not even the name fits: its own end stays, for extensions and counters stand there.
    return shorten_start(name[1:] or path, width)
