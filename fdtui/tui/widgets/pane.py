"""Details of the selected row: below the table, or right of it where there is room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from textual.app import ComposeResult
from textual.containers import Container
from textual.strip import Strip
from textual.widget import Widget

from fdtui.render.spans import Span, Spans
from fdtui.tui.widgets.bars import rule
from fdtui.tui.widgets.columns import NARROW, WIDE
from fdtui.tui.widgets.fit import cells, fit, pad, width_of
from fdtui.tui.widgets.lineview import LineView

SIDE_CELLS = 59
"""The rule, a blank, 56 cells of text, and one at the edge."""


class Fact(NamedTuple):
    """A key and what is known of it."""

    key: str
    value: Spans


class Member(NamedTuple):
    """One descriptor among those that share something with the selected one."""

    name: str
    pid: str
    fd: str
    note: Spans = ()


Line: TypeAlias = Fact | Member | None
"""None is an empty line."""


class Details(NamedTuple):
    """What the pane shows; `right` stands beside `left`, or below it in a pane at the side."""

    title: Spans = ()
    subject: Spans = ()
    hint: Spans = ()
    left: Sequence[Line] = ()
    right: Sequence[Line] = ()


class DetailPane(LineView):
    """The details; `side` says which of its two shapes it has."""

    def __init__(
        self, *, split: int = 57, id: str | None = None, classes: str | None = None
    ) -> None:
        """`split` is the first cell of the right half below a table of middle width."""
        super().__init__(id=id, classes=classes)
        self.side = False
        self._split = split
        self._details = Details()

    def show(self, details: Details) -> None:
        """Show the details of another row, or newer ones."""
        if details != self._details:
            self._details = details
            self.changed()

    def split(self, width: int) -> int:
        """First cell of the right half of a pane that lies below its table."""
        return width // 2 + 3 if width < NARROW else min(self._split, width - 24)

    def paint(self, width: int, height: int) -> list[Strip]:
        if self._details == Details():
            # A rule around nothing would look like something that failed to be drawn.
            return [self.blank(width)] * height
        lines = self._beside(width) if self.side else self._below(width, height)
        lines = [*lines[:height], *([()] * (height - len(lines)))]
        if self.side:
            lines = [(Span("│ ", "faint"), *line) for line in lines]
        return [self.spans_line(line, width) for line in lines]

    def _below(self, width: int, height: int) -> list[Spans]:
        details, half = self._details, self.split(width)
        title: Spans = tuple(span._replace(cut="never") for span in details.title)
        if details.subject:
            title = (*title, Span("  ", cut="never"), *details.subject)
        out = [rule(title, details.hint, width)]
        narrow = width < NARROW
        # Keys of lines that there is no room for make no room for themselves.
        key_cells = _key_cells(details.left[: height - 1], 10)
        for index in range(max(len(details.left), len(details.right))):
            left = details.left[index] if index < len(details.left) else None
            right = details.right[index] if index < len(details.right) else None
            first = _fact(left, key_cells)
            if right is not None:
                first = (*pad(first, half - 4), Span("  "))
            second: Spans = ()
            if isinstance(right, Member):
                second = _member(right, (0, 14, 6, 5) if narrow else (2, 20, 8, 6), narrow)
            elif right is not None:
                second = _fact(right, 17 if narrow else 24)
            out.append((Span("  "), *fit((*first, *second), width - 4)))
        return out

    def _beside(self, width: int) -> list[Spans]:
        details, room = self._details, width - 3
        first = pad(details.title, max(0, room - width_of(details.hint)))
        out: list[Spans] = [(*first, *details.hint), fit(details.subject, room), ()]
        key_cells = _key_cells(details.left, 10)
        out.extend(fit(_fact(line, key_cells), room) for line in details.left)
        if details.right:
            out.append(())
        for line in details.right:
            if isinstance(line, Member):
                out.append(fit(_member(line, (0, 16, 8, 6), narrow=False), room))
            elif line is None:
                out.append(())
            else:
                key = pad((Span(line.key, "muted"),), max(0, room - width_of(line.value)))
                out.append(fit((*key, *line.value), room))
        return out


def _key_cells(lines: Sequence[Line], least: int) -> int:
    """Cells of the keys of a column and the gap behind them."""
    return max([least, *(cells(line.key) + 2 for line in lines if isinstance(line, Fact))])


def _fact(line: Line, key_cells: int) -> Spans:
    if not isinstance(line, Fact):
        return ()
    return (*pad((Span(line.key, "muted"),), key_cells), *line.value)


def _member(line: Member, widths: tuple[int, int, int, int], narrow: bool) -> Spans:
    """Indent, name, pid flush right, descriptor and note."""
    indent, name, pid, fd = widths
    if narrow:
        number = pad((Span(line.fd),), fd, right=True)
        note: Spans = (Span(" "), *line.note) if line.note else ()
    else:
        number = (Span("  "), *pad((Span(f"fd {line.fd}"),), fd))
        note = (Span("  "), *line.note) if line.note else ()
    who = (Span(" " * indent), *pad((Span(line.name),), name))
    return (*who, *pad((Span(line.pid, "text"),), pid, right=True), *number, *note)


class WithPane(Container):
    """A table with its details: below it, at the side from 160 cells, not at all under 20 lines."""

    DEFAULT_CSS = """
    WithPane { height: 1fr; layout: vertical; }
    WithPane.-side { layout: horizontal; }
    """

    def __init__(self, *above: Widget, pane: DetailPane, id: str | None = None) -> None:
        super().__init__(id=id)
        self._above = above
        self._pane = pane

    def compose(self) -> ComposeResult:
        """The table, then the pane."""
        if len(self._above) == 1:
            yield self._above[0]
        else:
            yield Container(*self._above)
        yield self._pane

    def on_resize(self) -> None:
        """Give the pane the shape that this screen has room for."""
        width, height = self.app.size
        side = width >= WIDE
        self.set_class(side, "-side")
        pane = self._pane
        pane.side = side
        pane.display = side or height >= 20
        pane.styles.width = SIDE_CELLS if side else "1fr"
        pane.styles.height = "1fr" if side else 11 if height >= 36 else 6
        pane.changed()
