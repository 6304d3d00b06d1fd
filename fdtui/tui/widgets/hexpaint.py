"""How a row of bytes becomes a line of the hex view."""

from __future__ import annotations

from typing import NamedTuple

from rich.segment import Segment
from textual.cache import LRUCache
from textual.strip import Strip

from fdtui.render.hexdump import (
    CHANGED,
    CURRENT,
    CURSOR,
    EDITED,
    MARKER,
    MATCH,
    Geometry,
    Overlay,
    offset_pieces,
    row_pieces,
)
from fdtui.render.spans import Role, Span
from fdtui.tui.theme import Palette


def gutter_mark(*, target: bool, changed: bool, match: bool) -> Span:
    """The mark at the start of a row of the viewer; the highest wins."""
    mark: tuple[str, Role] = (" ", "text")
    if target:
        mark = ("@", "key")
    elif changed:
        mark = ("+", "good")
    elif match:
        mark = ("/", "attention")
    return Span(*mark)


class HexRow(NamedTuple):
    """All that a line depends on: bytes, what is laid over them, or words in their place."""

    offset: int
    data: bytes
    overlays: tuple[Overlay, ...]
    target: int | None
    """Index of the byte that the target's offset stands before."""
    words: str = ""


class HexPainter:
    """Paints rows of one theme; those that did not change are kept."""

    def __init__(self, palette: Palette) -> None:
        look = palette.style
        self._palette = palette
        self._painted: LRUCache[object, Strip] = LRUCache(1024)
        # In the order of the classes in render.hexdump.
        self._styles = [
            look("faint"),
            look("muted"),
            look("text"),
            look("strong", "changed"),
            look("text", "match"),
            look("text", "current"),
            look("text", "byte"),
            palette.marked(),
            look("key"),
            look("strong", "current"),
        ]

    def line(self, row: HexRow, geo: Geometry, width: int) -> Strip:
        """The line of a row, `width` cells."""
        key = (row, geo, width)
        strip = self._painted.get(key)
        if strip is None:
            strip = self._painted[key] = self._build(row, geo, width)
        return strip

    def _build(self, row: HexRow, geo: Geometry, width: int) -> Strip:
        look = self._palette.style
        kinds = {kind for _, _, kind in row.overlays}
        mark = gutter_mark(
            target=row.target is not None,
            changed=CHANGED in kinds or EDITED in kinds,
            match=MATCH in kinds or CURRENT in kinds,
        )
        if row.words and row.target is None:
            mark = Span("!", "danger")
        zeros, said = offset_pieces(row.offset, geo.digits)
        segments = [
            Segment(mark.text + " " * (geo.offset_x - 1), look(mark.role)),
            Segment(zeros, look("faint")),
            Segment(said + " ", look("strong" if CURSOR in kinds else "muted")),
            Segment(MARKER, look("key")) if row.target == 0 else Segment(" ", look()),
        ]
        if row.words:
            segments.append(Segment(row.words, look("danger" if row.target is None else "accent")))
        else:
            styles = self._styles
            segments += [
                Segment(text, styles[kind])
                for text, kind in row_pieces(row.data, geo, row.overlays, row.target)
            ]
        return Strip(segments).adjust_cell_length(width, look())
