"""Spans for the screen: strangers' text made safe, and several put together."""

from __future__ import annotations

from collections.abc import Iterable

from fdtui.linux.spans import Cell, Cut, Role, Span, Spans
from fdtui.render.safe import NAME_LIMIT, safe_spans

__all__ = ["BLANK", "Cell", "Cut", "Role", "Span", "Spans", "shown", "spans", "text_of"]

BLANK = Span("")


def shown(text: str, role: Role = "text", *, cut: Cut = "end", limit: int = NAME_LIMIT) -> Spans:
    """A stranger's text as spans: what can be shown in `role`, escapes in `attention`."""
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return (Span(text, role, cut),)
    return tuple(
        Span(piece.text, "attention" if piece.escaped else role, cut)
        for piece in safe_spans(text, limit)
    )


def spans(*parts: Span | Spans | str) -> Spans:
    """One tuple out of spans, tuples of them and plain words of ours."""
    out: list[Span] = []
    for part in parts:
        if isinstance(part, str):
            out.append(Span(part))
        elif isinstance(part, Span):
            out.append(part)
        else:
            out.extend(part)
    return tuple(out)


def text_of(parts: Iterable[Span]) -> str:
    """The bare text of `parts`."""
    return "".join(part.text for part in parts)
