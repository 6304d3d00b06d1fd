"""The info line of a view of bytes: where one is, where the target is, what changes."""

from __future__ import annotations

from typing import NamedTuple

from fdtui.render import units
from fdtui.render.spans import Span, Spans
from fdtui.tui.widgets.fit import width_of


class Facts(NamedTuple):
    """What the line tells; offsets and sizes in bytes."""

    cursor: int | None
    target: int | None
    size: int | None
    queued: bool = False  # the size is what waits in a queue
    following: bool = False
    changed: int = 0
    rate: float = 0.0
    new_lines: int = 0
    words: Spans = ()  # what takes the place of changes: a search, a failure


def info(facts: Facts, *, width: int, wide: bool) -> Spans:
    """The left of the line, the most wanted first; offsets both ways where `width` allows."""
    for both in (True, False) if wide else (False,):
        line = _line(facts, both=both, wide=wide)
        if width_of(line) <= width:
            break
    return line


def _line(facts: Facts, *, both: bool, wide: bool) -> Spans:
    gap = Span("   " if wide else "  ")
    offset = units.offset_words if both else hex
    parts: list[Spans] = []
    if facts.following:
        parts.append((Span("following", "strong"),))
    elif facts.cursor is not None:
        parts.append((Span("cursor ", "muted"), Span(offset(facts.cursor))))
    if facts.target is not None:
        parts.append((Span("target ", "muted"), Span(offset(facts.target), "key")))
    if facts.size is not None:
        plain = not both or facts.following or facts.queued
        words = units.count(facts.size) if plain else units.offset_words(facts.size)
        parts.append((Span("queued " if facts.queued else "size ", "muted"), Span(words)))
    if facts.rate:
        parts.append((Span(units.rate_words(facts.rate)),))
    if facts.new_lines:
        parts.append((Span(units.plural(facts.new_lines, "new line")),))
    elif facts.changed and wide:
        parts.append((Span("changed ", "muted"), Span(units.count(facts.changed))))
    if facts.words:
        parts.append(facts.words)
    out: list[Span] = []
    for part in parts:
        out += [gap, *part] if out else part
    return tuple(out)
