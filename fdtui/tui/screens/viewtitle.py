"""The title of a view: whose descriptor, how it came, which description it is, and of what."""

from __future__ import annotations

from typing import NamedTuple

from fdtui.keeper.api import Acquired
from fdtui.kinds.base import FdKind
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.render import units
from fdtui.render.objects import mode_of
from fdtui.render.panefacts import safe_spans_of
from fdtui.render.safe import safe
from fdtui.render.spans import Span, Spans
from fdtui.survey.descriptors import DescriptorRow
from fdtui.tui.screens.descriptorrows import target_cell
from fdtui.tui.widgets.fit import fit, width_of

_DASH = Span(" - ", "faint", "never")
_LEAST_PATH = 14  # cells under which what it is open on is not named at all


class Ended(NamedTuple):
    """The target's side is over: `closed` or `exited`, and since when (time.time())."""

    how: str
    at: float


def kind_words(kind: FdKind, entry: Entry, info: Info) -> Spans:
    """`regular rw 116 KB`, `tcp rw ESTAB`."""
    words = [kind.name, mode_of(entry) or ""]
    size = kind.size(entry, info) if kind.position(entry) is not None else None
    if size is not None:
        words.append(units.size_words(size))
    state = _state(kind, entry, info)
    return (Span(" ".join(word for word in [*words, state] if word), "text", "never"),)


def _state(kind: FdKind, entry: Entry, info: Info) -> str:
    """The state word that a socket's target starts with."""
    target = kind.target(entry, info)
    return safe(target[0].text) if target and target[0].role == "strong" else ""


def subject(kind: FdKind, entry: Entry, info: Info) -> Spans:
    """What it is open on, without the state word."""
    parts = target_cell(DescriptorRow(entry, kind, info))
    if parts and parts[0].role == "strong":
        rest = parts[1:]
        if rest:
            rest = (rest[0]._replace(text=rest[0].text.lstrip()), *rest[1:])
        parts = rest
    path = entry.link.startswith("/")
    return tuple(
        part._replace(role="muted" if part.role == "text" else part.role, cut="path")
        if path and part.role == "text"
        else part._replace(role="muted" if part.role == "text" else part.role)
        for part in parts
    )


def title(
    acquired: Acquired,
    kind: FdKind,
    entry: Entry,
    info: Info,
    *,
    width: int,
    now: float,
    ended: Ended | None = None,
    on: Spans | None = None,
) -> tuple[Spans, bool]:
    """The title in `width` cells, and whether it had room for what is viewed.

    `on` takes the place of the kind's own words for what it is open on.
    """
    target = acquired.target
    name = f"pid {target.pid} fd {target.fd}" if target.fd >= 0 else "received"
    head: Spans = (Span("fdtui", "key", "never"), Span("  "), Span(name, "strong", "never"))
    via: Spans = (_DASH, Span(safe(acquired.via), "text", "never"))
    what: Spans = (_DASH, *kind_words(kind, entry, info))
    tail: Spans = ()
    if acquired.held:
        tail += (_DASH, Span("held", "strong", "never"))
    if ended is not None:
        ago = units.age(max(0.0, now - ended.at))
        how = "closed by the target" if ended.how == "closed" else "the target ended"
        tail += (_DASH, Span(f"{how} {ago} ago", "attention", "never"))
    if on is None:
        on = safe_spans_of(subject(kind, entry, info))
    gone: Spans = ()  # said where the path that would say it has no room
    if any(span.role == "attention" and "(deleted)" in span.text for span in on):
        gone = (Span(" (deleted)", "attention", "never"),)
    whose = _descriptions(acquired)
    for words in whose:
        line: Spans = (*head, *via, _DASH, *words, *what)
        room = width - width_of((*line, *tail, _DASH))
        if on and room >= min(_LEAST_PATH, width_of(on)):
            return (*line, _DASH, *fit(on, room), *tail), True
        if room >= width_of(gone) - width_of((_DASH,)):
            return (*line, *gone, *tail), False
    # What happened to it is said in any case; what it is can be read in the info line.
    least: Spans = (_DASH, *whose[-1])
    for line in ((*head, *via, *least, *what), (*head, *via, *least), (*head, *least)):
        if width_of((*line, *tail)) <= width:
            break
    return (*line, *tail), False


def _descriptions(acquired: Acquired) -> list[Spans]:
    """The words for the description, longest first."""
    if acquired.shares_description:
        same = Span("same description", "strong", "never")
        whose = "the target" if acquired.target.fd >= 0 else "its sender"
        return [(same, Span(f" as {whose}", "strong", "never")), (same,)]
    return [(Span("private description, own offset", "attention", "never"),)]
