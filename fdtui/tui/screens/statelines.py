"""The lines of a state view: sections of facts in three columns, two where there is less room."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import zip_longest

from fdtui.kinds.base import Fact, Section
from fdtui.linux.abi import open_flag_names
from fdtui.linux.procfs import Entry
from fdtui.linux.users import user_name
from fdtui.render import units
from fdtui.render.panefacts import maker_of, safe_spans_of
from fdtui.render.safe import safe
from fdtui.render.spans import Span, Spans, shown
from fdtui.tui.widgets.fit import fit, pad, width_of

COLUMN = 39  # cells from one column to the next; the first starts at 2
_VALUE, _NOTE = 26, 28  # where a value ends and its note starts, within a column
_KEY = 12  # cells of the key of a fact that stands alone
_GRID = 5  # facts from which a section becomes a grid
_WIDE = 3 * COLUMN + 2
Changed = Collection[tuple[str, str]]  # head and key of facts that differ from the last look
Shape = Callable[[Section, int, Changed], list[Spans]]


def state_lines(
    sections: Sequence[Section],
    entry: Entry,
    width: int,
    changed: Changed = (),
    around: Sequence[Fact] = (),
) -> list[Spans]:
    """Every line in at most `width` cells; x=0 has the mark of what changed.

    `around` are lines of the descriptor that take a search of the machine.
    """
    wide = width >= _WIDE
    lines: list[Spans] = []
    beside: list[Spans] = []
    descriptor = Section("DESCRIPTOR", (*descriptor_facts(entry), *around))
    for index, section in enumerate([*sections, descriptor]):
        shape = _list if index == 0 else _shape(section)
        if section is descriptor:
            if beside or not section.facts:
                continue
        elif index == 0 and wide and shape is _list:
            beside = _list(descriptor, width - 2 * COLUMN - 2, changed)
            lines += _side_by_side(_list(section, 2 * COLUMN - 2, changed), beside)
            continue
        if lines:
            lines.append(())
        lines += shape(section, width - 2, changed)
    return lines


def descriptor_facts(entry: Entry) -> tuple[Fact, ...]:
    """What every descriptor has: flags, file, owner."""
    facts = []
    if entry.info is not None:
        names = open_flag_names(entry.info.flags & ~0o100000)  # O_LARGEFILE says nothing here
        facts.append(Fact("flags", (Span(" ".join(names)),)))
    if entry.stat is not None:
        where = f"{entry.stat.dev_major}:{entry.stat.dev_minor}"
        facts.append(Fact("file", (Span(f"ino {entry.stat.ino}"),), f"dev {where}"))
    elif entry.info is not None and entry.info.ino > 0:
        facts.append(Fact("file", (Span(f"ino {entry.info.ino}"),)))
    if (maker := maker_of(entry)) is not None:
        facts.append(Fact("made by", (Span(user_name(maker)),), f"uid {maker}"))
    if entry.error is not None:
        facts.append(Fact("error", (Span(str(entry.error), "danger"),)))
    return tuple(facts)


def _shape(section: Section) -> Shape:
    """How its facts are laid out."""
    if any(fact.share is not None for fact in section.facts):
        return _bars
    return _grid if sum(map(_small, section.facts)) >= _GRID else _list


def _small(fact: Fact) -> bool:
    """Does it fit one column?"""
    fits = width_of(fact.value) + len(fact.key) + 2 <= _VALUE
    return fits and len(fact.note) < COLUMN - _NOTE


def _head(section: Section) -> Spans:
    return (Span("  "), *shown(section.head.upper(), "muted"))


def _mark(section: Section, fact: Fact, changed: Changed) -> tuple[Spans, Spans]:
    """The mark at the start of the line, and the value, strong where it changed."""
    value = safe_spans_of(fact.value)
    if (section.head, fact.key) not in changed:
        return (Span("  "),), value
    strong = tuple(
        span._replace(role="strong" if span.role == "text" else span.role) for span in value
    )
    return (Span("+ ", "good"),), strong


def _list(section: Section, width: int, changed: Changed) -> list[Spans]:
    """Key, value and note one below the other."""
    key = max([_KEY, *(len(fact.key) + 2 for fact in section.facts)])
    lines: list[Spans] = [_head(section)]
    for fact in section.facts:
        mark, value = _mark(section, fact, changed)
        line: Spans = (*pad((Span(safe(fact.key), "muted"),), key), *value)
        if fact.note:
            line = (*line, Span("  "), *shown(fact.note, "muted"))
        lines.append((*mark, *fit(line, width)))
    return lines


def _bars(section: Section, width: int, changed: Changed) -> list[Spans]:
    """How full things are: value, bar, note."""
    bar = 36 if width >= _WIDE - 2 else 12
    lines: list[Spans] = [_head(section)]
    for fact in section.facts:
        mark, value = _mark(section, fact, changed)
        line: Spans = _cell(fact, value, "")
        if fact.share is not None:
            full = fact.share >= 1
            drawn = units.bar(fact.share, 1, bar)
            filled = drawn.rstrip("·")
            line = (
                *pad(line, COLUMN),
                Span(filled, "attention" if full else "text"),
                Span(drawn[len(filled) :], "faint"),
            )
        if fact.note:
            # Where no bar is, its room goes to the note.
            at = COLUMN + bar + 3 if fact.share is not None else _NOTE
            line = (*pad(line, at), *shown(fact.note, "muted"))
        lines.append((*mark, *fit(line, width)))
    return lines


def _cell(fact: Fact, value: Spans, note: str) -> Spans:
    """A key with its value flush right and its note behind, in one column."""
    key = pad((Span(safe(fact.key), "muted"),), max(0, _VALUE - width_of(value)))
    line: Spans = (*key, *value)
    return (*line, Span("  "), *shown(note, "muted")) if note else line


def _grid(section: Section, width: int, changed: Changed) -> list[Spans]:
    """Three columns, or as many as there is room for; what is too long stands below them."""
    columns = max(1, min(3, (width + 2) // COLUMN))
    small = [fact for fact in section.facts if _small(fact)]
    long = tuple(fact for fact in section.facts if not _small(fact))
    rows = -(-len(small) // columns)
    lines: list[Spans] = [_head(section)]
    for row in range(rows):
        line: Spans = ()
        marks: Spans = (Span("  "),)
        for fact in small[row::rows]:
            mark, value = _mark(section, fact, changed)
            marks = mark if mark[0].text.strip() else marks
            used = width_of(line)
            if line:
                line = (*line, Span(" " * (-used % COLUMN)))
            line = (*line, *_cell(fact, value, fact.note))
        lines.append((*marks, *fit(line, width)))
    return lines + _list(section._replace(facts=long), width, changed)[1:]


def _side_by_side(left: list[Spans], right: list[Spans]) -> list[Spans]:
    """Two lists of lines, the second in the third column."""
    lines = []
    for one, other in zip_longest(left, right, fillvalue=()):
        if other:
            # The mark of the right one has no gutter of its own: its value is strong all the same.
            one = (*pad(one, 2 * COLUMN), *other[:1], *other[1:])  # noqa: PLW2901
        lines.append(one)
    return lines
