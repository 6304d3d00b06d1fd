"""Spans cut and padded to cells, where the width of a character counts."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size

from fdtui.render.spans import Cell, Span, Spans

_MIDDLE = "…"


def cells(text: str) -> int:
    """How many cells `text` takes."""
    return len(text) if text.isascii() else cell_len(text)


def width_of(parts: Iterable[Span]) -> int:
    """How many cells `parts` take."""
    return sum(cells(part.text) for part in parts)


def as_spans(cell: Cell) -> Spans:
    """A cell is one span or a tuple of them; this makes it the tuple."""
    return (cell,) if isinstance(cell, Span) else cell


def cut_end(text: str, width: int) -> str:
    """`text` in at most `width` cells, its end given up for `…`."""
    if cells(text) <= width:
        return text
    if width <= 1:
        return _MIDDLE[:width]
    return set_cell_size(text, width - 1).rstrip() + _MIDDLE


def cut_start(text: str, width: int) -> str:
    """`text` in at most `width` cells, its start given up for `…`."""
    if cells(text) <= width:
        return text
    if width <= 1:
        return _MIDDLE[:width]
    start = max(0, len(text) - width + 1)
    while cells(text[start:]) > width - 1:
        start += 1
    return _MIDDLE + text[start:]


def cut_path(path: str, width: int) -> str:
    """`path` in at most `width` cells: its middle is given up, the file name only at the last."""
    if cells(path) <= width:
        return path
    slash = path.rstrip("/").rfind("/")
    name = path[slash:] if slash > 0 else ""
    room = width - cells(name) - 1
    if name and room > 0:
        return set_cell_size(path, room).rstrip() + _MIDDLE + name
    return cut_start(name or path, width)


def fit(parts: Spans, width: int) -> Spans:
    """`parts` in at most `width` cells: paths lose their middle, then the rest its end.

    What is marked `never` stays whole while there is any room for it.
    """
    over = width_of(parts) - width
    if over <= 0:
        return parts
    out = list(parts)
    for index, part in enumerate(out):
        if over <= 0:
            break
        if part.cut == "path":
            size = cells(part.text)
            # A path keeps its file name for as long as anything else can still give way.
            name = cells(part.text) - cells(part.text[: part.text.rfind("/")])
            text = cut_path(part.text, max(size - over, min(size, name + 2)))
            over -= size - cells(text)
            out[index] = part._replace(text=text)
    for cut in ("end", "path", "never"):
        for index in range(len(out) - 1, -1, -1):
            if over <= 0:
                break
            part = out[index]
            size = cells(part.text)
            if part.cut != cut or not size:
                continue
            shorten = cut_path if cut == "path" else cut_end
            text = shorten(part.text, max(0, size - over))
            if not text.strip(" " + _MIDDLE):
                # A lone ellipsis says less than the one that the part before it will get.
                text = "" if any(p.text for p in out[:index]) else text
            over -= size - cells(text)
            out[index] = part._replace(text=text)
    return tuple(part for part in out if part.text)


def pad(parts: Spans, width: int, *, right: bool = False) -> Spans:
    """`parts` in exactly `width` cells, flush left or right."""
    parts = fit(parts, width)
    rest = width - width_of(parts)
    if rest <= 0:
        return parts
    blank = Span(" " * rest)
    return (blank, *parts) if right else (*parts, blank)
