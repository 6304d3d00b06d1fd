"""How a row of text becomes a line of the text view."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from fdtui.render.hexdump import MARKER, offset_pieces
from fdtui.render.textlines import HANG, TextRow
from fdtui.tui.theme import Palette, Tint
from fdtui.tui.widgets.hexpaint import gutter_mark


class TextPainter:
    """Paints lines of one width, with `digits` of offset in the margin."""

    def __init__(self, palette: Palette, digits: int, width: int) -> None:
        self._palette = palette
        self._digits = digits
        self._width = width

    def line(
        self,
        row: TextRow,
        *,
        matches: Sequence[tuple[int, int, bool]],
        target: int | None,
        new: bool,
        error: str | None,
    ) -> Strip:
        """A row; `matches` are (start, end, is it the current one), `target` is in the row or None.

        Later styles are laid over earlier ones: escapes, matches, the target's character.
        """
        look = self._palette.style
        segments = self._margin(row, new=new, target=target is not None, match=bool(matches))
        segments.append(Segment("  " if row.first else " " * (2 + HANG), look()))
        runs: list[tuple[int, int, Style]] = [
            (start, end, look("attention")) for start, end in row.escapes
        ]
        for start, end, current in matches:
            runs.append((*row.chars(start, end), look("text", "current" if current else "match")))
        text = row.text
        if error is not None:
            text, runs = error, [(0, len(error), look("danger"))]
        elif target is not None:
            start, end = row.chars(target, target + 1)
            if start == end:  # the end of the line
                text, start, end = text + " ", len(text), len(text) + 1
            runs.append((start, end, self._palette.marked()))
        segments += _styled(text, runs, look())
        return Strip(segments).adjust_cell_length(self._width, look())

    def target_line(self, offset: int, words: str) -> Strip:
        """The row behind the last byte, where the target stands."""
        look = self._palette.style
        zeros, said = offset_pieces(offset, self._digits)
        segments = [
            Segment("@ ", look("key")),
            Segment(zeros, look("faint")),
            Segment(f"{said}  {MARKER} ", look("key")),
            Segment(words, look("accent")),
        ]
        return Strip(segments).adjust_cell_length(self._width, look())

    def _margin(self, row: TextRow, *, new: bool, target: bool, match: bool) -> list[Segment]:
        look = self._palette.style
        mark = gutter_mark(target=target, changed=new, match=match)
        if not row.first:
            dot = "·".rjust(self._digits + 1)
            return [Segment(mark.text, look(mark.role)), Segment(dot, look("faint"))]
        zeros, said = offset_pieces(row.offset, self._digits)
        tint: Tint = "changed" if new else ""
        return [
            Segment(mark.text + " ", look(mark.role, tint)),
            Segment(zeros, look("faint", tint)),
            Segment(said, look("key" if target and not new else "muted", tint)),
        ]


def _styled(text: str, runs: list[tuple[int, int, Style]], plain: Style) -> list[Segment]:
    """`text` in segments, later runs laid over earlier ones."""
    if not runs:
        return [Segment(text, plain)] if text else []
    edges = sorted({0, len(text), *(edge for start, end, _ in runs for edge in (start, end))})
    segments: list[Segment] = []
    for low, high in pairwise(edges):
        style = plain
        for start, end, look in runs:
            if start <= low < end:
                style = look
        segments.append(Segment(text[low:high], style))
    return segments
