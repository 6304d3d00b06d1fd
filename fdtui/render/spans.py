"""Runs of text with the part they play; colours are the business of the screen alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

from fdtui.render.safe import NAME_LIMIT, safe_spans

Role: TypeAlias = Literal[
    "text",  # values
    "strong",  # identity: a descriptor, a name, a state
    "muted",  # labels, heads, comments
    "faint",  # decoration; never the only copy of a fact
    "accent",  # the target's offset
    "key",  # a key to press, a sort arrow, a sharer of the selected row
    "attention",  # deleted, refused, ghost, loss
    "danger",  # error rows, a limit nearly reached
    "good",  # ready
]
Cut: TypeAlias = Literal["end", "path", "never"]


class Span(NamedTuple):
    """A run of text; `cut` says what it loses when room is short: its end, its middle, nothing."""

    text: str
    role: Role = "text"
    cut: Cut = "end"


Spans: TypeAlias = tuple[Span, ...]
Cell: TypeAlias = Span | Spans

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
