"""The lines of the detail pane of a descriptor: the kind's own, and what every kind has."""

from __future__ import annotations

from fdtui.kinds.base import Fact, FdKind
from fdtui.linux.abi import open_flag_names
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.render.spans import Span, Spans, shown

_KIND_FIRST = 3  # lines of the kind that come before flags and file


def safe_spans_of(spans: Spans) -> Spans:
    """The same spans with strangers' text made safe."""
    out: list[Span] = []
    for span in spans:
        if span.text.isascii() and span.text.isprintable():
            out.append(span)
        else:
            out.extend(shown(span.text, span.role, cut=span.cut))
    return tuple(out)


def with_note(fact: Fact) -> Spans:
    """A fact's value and its muted note."""
    value = safe_spans_of(fact.value)
    return (*value, Span("  "), *shown(fact.note, "muted")) if fact.note else value


def pane_facts(entry: Entry, kind: FdKind, info: Info) -> list[tuple[str, Spans]]:
    """Key and value of each line, most wanted first."""
    own = [(fact.key, with_note(fact)) for fact in kind.details(entry, info)]
    keys = {key for key, _ in own}
    common = [(key, value) for key, value in _common(entry) if key not in keys]
    lines = [*own[:_KIND_FIRST], *common, *own[_KIND_FIRST:]]
    if entry.error is not None:
        lines.insert(0, ("error", (Span(str(entry.error), "danger"),)))
    return lines


def _common(entry: Entry) -> list[tuple[str, Spans]]:
    lines: list[tuple[str, Spans]] = []
    if entry.info is not None:
        lines.append(("flags", (Span(" ".join(open_flag_names(entry.info.flags))),)))
    stat = entry.stat
    if stat is not None:
        mount = entry.info.mnt_id if entry.info and entry.info.mnt_id >= 0 else stat.mnt_id
        lines.append(
            (
                "file",
                (
                    Span("dev ", "muted"),
                    Span(f"{stat.dev_major}:{stat.dev_minor}"),
                    Span("  ino ", "muted"),
                    Span(str(stat.ino)),
                    Span("  mnt ", "muted"),
                    Span(str(mount)),
                ),
            )
        )
    return lines
