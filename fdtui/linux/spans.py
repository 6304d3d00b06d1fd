"""Runs of text with the part they play: what every layer hands to the screen.

Colours are the business of the screen alone, and so is making strangers' text safe to show.
"""

from __future__ import annotations

from fdtui.linux.lean import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from typing import TypeAlias


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
