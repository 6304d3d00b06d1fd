"""Text with a role: what every layer hands to the screen, which alone knows colours."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Role = Literal["text", "strong", "muted", "faint", "accent", "attention", "danger", "good"]


class Span(NamedTuple):
    """A piece of text and its rank; text from strangers is made safe where it is shown."""

    text: str
    role: Role = "text"


Spans: TypeAlias = tuple[Span, ...]
