"""Numbers, sizes, times and offsets in words and cells, for the screen and the command line."""

from __future__ import annotations

from collections.abc import Sequence

from fdtui.linux.units import age, count, plural, short_time, size_cell, size_words

__all__ = [
    "age",
    "bar",
    "count",
    "offset_digits",
    "offset_words",
    "percent",
    "plural",
    "rate_cell",
    "rate_words",
    "short_time",
    "shorten_end",
    "shorten_path",
    "shorten_start",
    "size_cell",
    "size_words",
    "stacked",
    "trend",
    "trend_change",
]

_MIDDLE = "…"


def offset_words(offset: int) -> str:
    """A byte offset both ways: `0x28 = 40`."""
    return f"{offset:#x} = {offset:,}"


def offset_digits(last: int) -> int:
    """Hex digits that offsets up to `last` need in the margin: 8, or more."""
    return max(8, (last.bit_length() + 3) // 4)


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
        end = max(done, min(width, round(width * total / whole))) if whole > 0 else done
        if amount > 0 and whole > 0 and end == done < width:
            end += 1
        out += glyph * (end - done)
        done = end
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
