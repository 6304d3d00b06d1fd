"""The line below one that is typed into: what a word could become, or where the mistake is."""

from __future__ import annotations

from collections.abc import Sequence

from fdtui.render.spans import Role, Span, Spans, shown
from fdtui.tui.widgets.fit import cells

_GAP = "  "


def hint() -> Spans:
    """What the keys do."""
    return (
        Span("  "),
        Span("tab", "key"),
        Span(" completes   ", "muted"),
        Span("↑ ↓", "key"),
        Span(" earlier filters", "muted"),
    )


def offered(words: Sequence[str], taken: int | None, width: int) -> Spans:
    """The words, the one that is taken in sight."""
    first = 0
    if taken is not None:
        room = width - 2
        while first < taken and cells(_GAP.join(words[first : taken + 1])) > room:
            first += 1
    out: list[Span] = [Span("  " if not first else "… ", "muted")]
    for index, word in enumerate(words[first:], first):
        if index > first:
            out.append(Span(_GAP))
        out.append(Span(word, "strong" if index == taken else "muted"))
    return tuple(out)


def pointed(at: int, words: str, width: int, role: Role = "attention") -> Spans:
    """A caret at cell `at`, the words beside it where there is room."""
    at = max(0, min(at, width - 1))
    size = cells(words)
    if at + 2 + size > width and at > size:
        return (Span(" " * (at - size - 1)), *shown(words, role), Span(" "), Span("^", role))
    return (Span(" " * at), Span("^ ", role), *shown(words, role))
