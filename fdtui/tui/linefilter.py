"""The last defence of the terminal: every line that Textual writes passes here.

`render.safe` makes text harmless where it comes in. What a widget was handed without it loses its
control characters here, at the width that the layout gave it (Textual passes ESC, OSC and C1 on).
"""

from __future__ import annotations

import re
from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from fdtui.render.glyphs import ASCII
from fdtui.render.safe import classify

# Everything but ASCII, Latin letters, punctuation, arrows and the glyphs of the screen.
_SUSPECT = re.compile("[^ -~\u00a1-\u00ac\u00ae-\u00ff\u2010-\u2027\u2030-\u205e\u2190-\u25ff]")


@lru_cache(4096)
def _tame(char: str) -> str:
    """A character, or as many question marks as it has cells where it must not be written."""
    escape = classify(char)
    if escape is None or escape == "":
        return char
    return "?" * cell_len(char)


@lru_cache(4096)
def _ascii(char: str) -> str:
    """The ASCII that stands for a character, cell for cell."""
    if char.isascii():
        return _tame(char)
    known = char.translate(ASCII)
    return known if known.isascii() else "?" * cell_len(char)


def _same_width(text: str, before: str) -> str:
    """`text` at the cells that `before` had: what a joiner held together is wider without it."""
    width = cell_len(before)
    return text if cell_len(text) == width else set_cell_size(text, width)


class TerminalGuard(LineFilter):
    """Nothing but text reaches the terminal: no controls, no links, on request only ASCII."""

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__()
        self.ascii_only = ascii_only

    def __eq__(self, other: object) -> bool:
        # Strips remember what a filter made of them; any guard of the same kind may use that.
        return isinstance(other, TerminalGuard) and other.ascii_only == self.ascii_only

    def __hash__(self) -> int:
        return hash((TerminalGuard, self.ascii_only))

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same line without anything that a terminal acts on."""
        for index, segment in enumerate(segments):
            if self._foreign(segment):
                clean = [self._cleaned(s) if self._foreign(s) else s for s in segments[index:]]
                return [*segments[:index], *clean]
        return segments

    def _foreign(self, segment: Segment) -> bool:
        text, style, control = segment
        if control:
            return False
        if style is not None and style.link:
            return True
        if text.isascii():
            return not text.isprintable()
        return self.ascii_only or _SUSPECT.search(text) is not None

    def _cleaned(self, segment: Segment) -> Segment:
        text, style, _ = segment
        clean = "".join(map(_ascii if self.ascii_only else _tame, text))
        if style is not None and style.link:
            style = style.update_link(None)
        return Segment(_same_width(clean, text), style)
