"""The confirmation: what is held, what it is now and will be, whom it concerns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fdtui.keeper.actions.base import Action, Preview, effect_on_opener
from fdtui.keeper.api import Acquired
from fdtui.render.safe import safe
from fdtui.render.spans import Span, Spans, shown
from fdtui.tui.screens.around import MOST, Around, Other
from fdtui.tui.widgets.dialog import Button, Dialog, DialogLine
from fdtui.tui.widgets.fit import cells

HEAD = 14  # cells of the first column
LOW = 30  # lines of a screen that has no room for empty ones, nor for wide gaps
DUMP_FIRST = "dump it first"
_GAP = 3  # blanks between the columns of a row
_DRAINED = frozenset({"drain"})  # loses bytes that a dump could have kept


def loses_bytes(action: Action, preview: Preview) -> bool:
    """Would a dump keep what this action takes away?"""
    return DUMP_FIRST in preview.undo or action.name in _DRAINED


class Confirm(Dialog):
    """Answers `y` to do it, `d` to dump first, None to leave it alone.  Enter leaves it alone."""

    def __init__(
        self,
        title: str,
        action: Action,
        preview: Preview,
        acquired: Acquired,
        around: Around | None,
        alert: str = "",
    ) -> None:
        """`alert` is said first: why it is asked again."""
        self._title_words = title
        self._preview = preview
        self._parts = (acquired, around, alert)
        self._dumps = loses_bytes(action, preview) and acquired.view in ("bytes", "queue")
        self._low = False
        self._buttons_now = [
            Button("esc", "leave it alone", "focused"),
            *([Button("d", "dump first")] if self._dumps else []),
            Button("y", title[:1].lower() + title[1:], "dangerous"),
        ]
        super().__init__(title, self._lines(), self._buttons_now)

    def around(self, around: Around) -> None:
        """The search for sharers has ended."""
        acquired, _, alert = self._parts
        self._parts = (acquired, around, alert)
        self.show(self._title_words, self._lines(), self._buttons_now)

    def on_resize(self) -> None:
        """A low screen has no room for empty lines."""
        low = self.app.size.height < LOW
        if low != self._low:
            self._low = low
            self.show(self._title_words, self._lines(), self._buttons_now)
        self.box.settle()

    def _lines(self) -> list[DialogLine]:
        acquired, around, alert = self._parts
        return confirmation(
            self._preview, acquired, around, low=self._low, dumps=self._dumps, alert=alert
        )


def confirmation(
    preview: Preview,
    acquired: Acquired,
    around: Around | None,
    *,
    low: bool = False,
    dumps: bool = False,
    alert: str = "",
) -> list[DialogLine]:
    """Say what is held, is and will be, whom it concerns; `low`: there is no room for gaps."""
    groups: list[Iterable[DialogLine]] = [
        _held(preview),
        _now_and_after(preview),
        _others(preview, acquired, around, 2 if low else _GAP),
        _hazard(preview, dumps),
    ]
    if alert:
        groups.insert(0, [DialogLine(shown(alert, "attention"))])
    lines: list[DialogLine] = []
    for group in groups:
        if lines and not low:
            lines.append(DialogLine())
        lines += group
    return lines


def _row(head: str, *value: Span) -> DialogLine:
    return DialogLine((Span(f"{head:<{HEAD}}", "muted"), *value), HEAD)


def _held(preview: Preview) -> Iterator[DialogLine]:
    first, *rest = preview.held
    glyph, kind, *link = first.split(" ", 2)
    what = shown(link[0], "strong", cut="path") if link else ()
    yield _row("held", Span(f"{glyph} ", "muted"), Span(f"{kind} "), *what)
    for line in rest:
        yield _row("", *shown(line, "muted"))


def _now_and_after(preview: Preview) -> Iterator[DialogLine]:
    """Two rows in columns of one width; the last cell takes what it needs."""
    both = [[safe(cell) for cell in row] for row in (preview.now, preview.after)]
    columns = max(map(len, both))
    widths = [
        max((cells(row[n]) for row in both if n + 1 < len(row)), default=0) for n in range(columns)
    ]
    if sum(widths) > 64:
        widths = [0] * columns  # sentences: they would not line up anyway
    for head, row in zip(("now", "after"), both, strict=True):
        spans = [
            Span(
                cell + " " * (max(0, widths[n] - cells(cell)) + _GAP if n + 1 < len(row) else 0),
                "text" if n else "strong",
            )
            for n, cell in enumerate(row)
        ]
        yield _row(head, *spans)


def _others(
    preview: Preview, acquired: Acquired, around: Around | None, gap: int
) -> Iterator[DialogLine]:
    target = acquired.target
    if target.fd < 0:
        return
    if preview.token.get("the target's descriptor") in ("closed", "exited"):
        # Whoever is found by the target's number has what the target opened there since.
        yield _row("shared by", Span("not by the target any more", "muted"))
        return
    me = Other(target.pid, target.fd, acquired.comm)
    known = around or Around()
    everyone = [me, *known.sharers[:MOST], *known.openers[:MOST], *known.ends[:MOST]]
    names = max(cells(safe(one.comm)) for one in everyone) + gap
    places = max(len(_place(one)) for one in everyone) + gap

    def member(head: str, one: Other, effect: str) -> DialogLine:
        name = shown(one.comm)
        blank = " " * (names - cells(safe(one.comm)))
        place = Span(f"{blank}{_place(one):<{places}}", "muted")
        line = _row(head, *name, place, *shown(effect))
        return line._replace(indent=HEAD + names + places)

    yield member("shared by", me, "the target")
    for one in known.sharers[:MOST]:
        yield member("", one, preview.shared_by)
    yield from _more(known.sharers)
    if around is None:
        yield _row("", Span("looking who else has it", "muted"))
    elif around.why:
        yield _row("", *shown(around.why, "attention"))
    for index, one in enumerate(known.openers[:MOST]):
        effect = effect_on_opener(preview, one.pos) or "own description"
        yield member("" if index else "also open in", one, effect)
    yield from _more(known.openers)
    for index, one in enumerate(known.ends[:MOST]):
        yield member("" if index else "other end", one, one.relation)
    yield from _more(known.ends)


def _place(one: Other) -> str:
    return str(one.pid) if one.fd is None else f"{one.pid} fd {one.fd}"


def _more(others: Sequence[Other]) -> Iterator[DialogLine]:
    if len(others) > MOST:
        yield _row("", Span(f"and {len(others) - MOST} more", "muted"))


def _hazard(preview: Preview, dumps: bool) -> Iterator[DialogLine]:
    yield _row("hazard", *shown(preview.hazard, "danger"))
    yield _row("undo", *_undo(preview.undo, dumps))
    for head, words in preview.notes:
        if head == "injection":
            yield _row(head, *shown(words, "attention"))
        elif cells(head) < HEAD - 1:
            yield _row(safe(head), *shown(words))
        else:
            yield _row("at", *shown(f"{head}   {words}"))
    yield _row("calls", *shown("  ".join(preview.calls)))


def _undo(words: str, dumps: bool) -> Spans:
    if dumps and words.endswith(DUMP_FIRST):
        before = words.removesuffix(DUMP_FIRST)
        return (*shown(before), Span("d", "key"), Span(" dumps it to a file first"))
    return shown(words)
