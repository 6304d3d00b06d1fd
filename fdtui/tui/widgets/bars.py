"""The lines above and below the places: title, status, positions, keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer

from fdtui.render.spans import Span, Spans, spans
from fdtui.tui.theme import Tint
from fdtui.tui.widgets.columns import NARROW
from fdtui.tui.widgets.fit import cells, fit, pad, width_of
from fdtui.tui.widgets.lineview import LineView

RESULT_SECONDS = 4.0
_PLACES = (("1", "Processes"), ("2", "Machine"), ("3", "Held"))


class SpanLine(LineView):
    """One line with something at its left and something at its right; the left gives way."""

    DEFAULT_CSS = """
    SpanLine { height: 1; width: 1fr; }
    """
    tint: Tint = ""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._left: Spans = ()
        self._right: Spans = ()

    def show(self, left: Spans, right: Spans = ()) -> None:
        """Show other spans."""
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.changed()

    def paint(self, width: int, height: int) -> list[Strip]:
        right_width = width_of(self._right)
        room = max(0, width - 2 - (right_width + 2 if right_width else 0))
        left = pad(self._left, room)
        if room == 0:
            left, gap = (), max(0, width - 2 - right_width)
        else:
            gap = 2 if right_width else 0
        line = (Span(" "), *left, Span(" " * gap), *self._right)
        return [self.spans_line(line, width, self.tint)][:height]


class TitleBar(SpanLine):
    """Where one is, how much there is, and the places one can go to."""

    tint: Tint = "bar"


class StatusLine(SpanLine):
    """Privileges and what they hide, and the state of the refresh."""

    tint: Tint = "bar"


class InfoLine(SpanLine):
    """Positions in what is viewed."""


class RuleLine(SpanLine):
    """A rule with words in it: it parts what stands above from what stands below."""

    def paint(self, width: int, height: int) -> list[Strip]:
        return [self.spans_line(rule(self._left, self._right, width), width)][:height]


def rule(left: Spans, right: Spans, width: int) -> Spans:
    """`─ left ───────── right ─` in `width` cells."""
    tail = (Span(" "), *right, Span(" ─", "faint")) if right else ()
    room = width - 3 - width_of(tail)
    if left:
        left = (Span("─ ", "faint"), *fit(left, max(0, room - 1)), Span(" "))
    dashes = max(0, width - width_of(left) - width_of(tail))
    return (*left, Span("─" * dashes, "faint"), *tail)


def crumbs(host: str, *places: str, counts: str = "") -> Spans:
    """The left of the title: `fdtui  db-3 › Processes › ingestd 4182   25 descriptors`."""
    out = [Span("fdtui", "key", "never"), Span("  ")]
    if host:
        out += [Span(host, "muted"), Span(" › ", "faint")]
    for index, place in enumerate(places):
        if index:
            out.append(Span(" › ", "faint"))
        out.append(Span(place, "strong" if index + 1 == len(places) else "muted"))
    if counts:
        out += [Span("   "), Span(counts, "muted")]
    return tuple(out)


def place_keys(current: str, held: int, screen_width: int, *, home: bool = False) -> Spans:
    """The right of the title: the three places and their keys, narrow screens only the last."""
    out: list[Span] = []
    for key, name in _PLACES:
        if screen_width < NARROW and not home and key != "3":
            continue
        here = key == current
        if out:
            out.append(Span("   "))
        out += [Span(key, "muted" if here else "key"), Span(" ")]
        out.append(Span(name, "strong" if here else "muted"))
        if key == "3":
            out.append(Span(f" {held}", "strong"))
    return tuple(out)


KeyGroups = Sequence[Sequence[tuple[str, str]]]


class KeyLine(LineView):
    """The keys that work here; what an action came to stands in their place for a while."""

    DEFAULT_CSS = """
    KeyLine { height: 1; width: 1fr; }
    """

    @dataclass
    class Pressed(Message):
        """A click on a key."""

        key: str

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._groups: KeyGroups = ()
        self._right: Sequence[tuple[str, str]] = ()
        self._result: Spans = ()
        self._timer: Timer | None = None
        self._spots: list[tuple[int, int, str]] = []

    def show(self, groups: KeyGroups, right: Sequence[tuple[str, str]] = ()) -> None:
        """Groups of (key, word), and those that are always there, flush right."""
        self._groups, self._right = groups, right
        self.changed()

    def result(self, text: str | Spans) -> None:
        """Say for 4 s what an action came to."""
        self._result = spans(text)
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(RESULT_SECONDS, self.clear_result)
        self.changed()

    def clear_result(self) -> None:
        """Show the keys again."""
        self._result = ()
        self.changed()

    def paint(self, width: int, height: int) -> list[Strip]:
        self._spots = []
        if self._result:
            line: Spans = (Span(" "), *fit(self._result, max(0, width - 2)))
            return [self.spans_line(line, width)][:height]
        right = self._run([self._right])
        end = width - 1 - width_of(right)
        left = self._left(max(0, end - 2))
        self._spot([self._right], end)
        gap = " " * max(1, end - width_of(left) - 1)
        line = (Span(" "), *left, Span(gap), *right)
        return [self.spans_line(line, width)][:height]

    def _left(self, end: int) -> Spans:
        """As many keys from the left as end before `end`."""
        groups = [list(group) for group in self._groups if group]
        while groups:
            run = self._run(groups)
            if 1 + width_of(run) <= end - 2:
                self._spot(groups, 1)
                return run
            groups[-1].pop()
            if not groups[-1]:
                groups.pop()
        return ()

    @staticmethod
    def _run(groups: KeyGroups) -> Spans:
        out: list[Span] = []
        for group in groups:
            for index, (key, word) in enumerate(group):
                if out:
                    out.append(Span("  " if index else "    "))
                out += [Span(key, "key"), Span(" " + word, "muted")]
        return tuple(out)

    def _spot(self, groups: KeyGroups, x: int) -> None:
        """Remember where the keys of a run that starts at `x` can be clicked."""
        first = True
        for group in groups:
            for index, (key, word) in enumerate(group):
                x += 0 if first else 2 if index else 4
                first = False
                size = cells(key) + 1 + cells(word)
                self._spots.append((x, x + size, key))
                x += size

    def on_click(self, event: events.Click) -> None:
        """A key is its own button."""
        for start, end, key in self._spots:
            if start <= event.x < end:
                event.stop()
                self.post_message(self.Pressed(key))
