"""Spans over several lines: sentences that must not be cut."""

from __future__ import annotations

import re

from fdtui.render.spans import Span, Spans
from fdtui.tui.widgets.fit import cells, width_of

_WORDS = re.compile(r" *[^ ]+| +$")


def wrap(parts: Spans, width: int, indent: int = 0) -> list[Spans]:
    """`parts` in lines of at most `width` cells, broken at blanks; all but the first indented.

    A word longer than a line is broken where the line ends; no line is narrower than a cell.
    """
    width = max(1, width)  # a terminal may be narrower than the frame of a dialog
    if width_of(parts) <= width:
        return [parts]
    indent = min(indent, 2 * width // 3)
    lines: list[list[Span]] = [[]]
    used = 0
    for part in parts:
        for word in _WORDS.findall(part.text):
            text, size = word, cells(word)
            if used + size > width and used > (indent if len(lines) > 1 else 0):
                lines.append([Span(" " * indent)] if indent else [])
                used, text = indent, word.lstrip(" ")
                size = cells(text)
            while used + size > width:
                head = text[: max(1, width - used)]
                while cells(head) > max(1, width - used) and len(head) > 1:
                    head = head[:-1]
                lines[-1].append(part._replace(text=head))
                text = text[len(head) :]
                lines.append([Span(" " * indent)] if indent else [])
                used, size = indent, cells(text)
            if text:
                lines[-1].append(part._replace(text=text))
                used += size
    return [tuple(line) for line in lines]
