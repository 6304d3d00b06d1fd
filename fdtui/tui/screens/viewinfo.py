"""The info line of a view of bytes: where one is, where the target is, what changes."""

from __future__ import annotations

from typing import NamedTuple

from fdtui.render import units
from fdtui.render.spans import Span, Spans


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


def _offset(value: int, wide: bool) -> str:
    return units.offset_words(value) if wide else f"{value:#x}"


def info(facts: Facts, *, wide: bool) -> Spans:
    """The left of the line, the most wanted first."""
    gap = Span("   " if wide else "  ")
    parts: list[Spans] = []
    if facts.following:
        parts.append((Span("following", "strong"),))
    elif facts.cursor is not None:
        parts.append((Span("cursor ", "muted"), Span(_offset(facts.cursor, wide))))
    if facts.target is not None:
        parts.append((Span("target ", "muted"), Span(_offset(facts.target, wide), "key")))
    if facts.size is not None:
        both = wide and not facts.following and not facts.queued
        words = units.offset_words(facts.size) if both else units.count(facts.size)
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
