"""The lines of the detail pane of a descriptor: the kind's own, and what every kind has."""

from __future__ import annotations

from stat import S_IFMT, S_IMODE

from fdtui.kinds.base import Fact, FdKind
from fdtui.linux.abi import open_flag_names
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.pseudofs import internal_devices
from fdtui.linux.syscalls import Statx
from fdtui.linux.users import group_name, user_name
from fdtui.render.spans import Span, Spans, shown
from fdtui.render.units import rate_cell

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


def pane_facts(
    entry: Entry, kind: FdKind, info: Info, rate: float = 0.0, *, brief: bool = False
) -> list[tuple[str, Spans]]:
    """Key and value of each line, most wanted first; `rate` of the offset in bytes a second.

    `brief` is for half of a narrow screen.
    """
    own = [(fact.key, with_note(_moving(fact, rate))) for fact in kind.details(entry, info)]
    keys = {key for key, _ in own}
    common = [(key, value) for key, value in _common(entry, brief) if key not in keys]
    lines = [*own[:_KIND_FIRST], *common, *own[_KIND_FIRST:]]
    if entry.error is not None:
        lines.insert(0, ("error", (Span(str(entry.error), "danger"),)))
    return lines


def maker_of(entry: Entry) -> int | None:
    """Return the user who made a pipe, a socket or a memfd; None for what has a path, or no owner.

    Anonymous inodes are one for all: they belong to nobody.
    """
    stat = entry.stat
    if stat is None or not S_IFMT(stat.mode) or stat.dev not in internal_devices():
        return None
    return None if entry.link.startswith("anon_inode:") else stat.uid


def _owner(stat: Statx) -> Spans:
    """`mira:adm  0640, 1 link`."""
    links = "1 link" if stat.nlink == 1 else f"{stat.nlink:,} links"
    return (
        *shown(f"{user_name(stat.uid)}:{group_name(stat.gid)}"),
        Span(f"  {S_IMODE(stat.mode):04o}, {links}", "muted"),
    )


def _moving(fact: Fact, rate: float) -> Fact:
    """Add to the position how fast it moves: `at the end, +41.2K/s`."""
    if not rate or fact.key != "position":
        return fact
    return fact._replace(note=", ".join(filter(None, (fact.note, rate_cell(rate)))))


def _flags(flags: int) -> list[str]:
    # Set on every file of a 64-bit process: it tells nothing.
    return [name for name in open_flag_names(flags) if name != "O_LARGEFILE"]


def _common(entry: Entry, brief: bool) -> list[tuple[str, Spans]]:
    lines: list[tuple[str, Spans]] = []
    if entry.info is not None:
        lines.append(("flags", (Span(" ".join(_flags(entry.info.flags))),)))
    stat = entry.stat
    if stat is not None:
        mount = entry.info.mnt_id if entry.info and entry.info.mnt_id >= 0 else stat.mnt_id
        lines.append(
            (
                "file",
                (
                    Span("" if brief else "dev ", "muted"),
                    Span(f"{stat.dev_major}:{stat.dev_minor}"),
                    Span(" ino " if brief else "  ino ", "muted"),
                    Span(str(stat.ino)),
                    Span(" mnt " if brief else "  mnt ", "muted"),
                    Span(str(mount)),
                ),
            )
        )
        if stat.dev not in internal_devices():
            lines.append(("owner", _owner(stat)))
    if (maker := maker_of(entry)) is not None:
        name = (*shown(user_name(maker)), Span(f"  uid {maker}", "muted"))
        lines.append(("made by", name))
    return lines
