"""Searching in a view: what is searched for, where it was found, how far it got."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from fdtui.errors import FdtuiError
from fdtui.keeper.api import Match, Window
from fdtui.render import units
from fdtui.render.patterns import Pattern
from fdtui.render.safe import safe
from fdtui.render.spans import Span, Spans, shown

if TYPE_CHECKING:
    from fdtui.tui.app import FdtuiApp

COUNTED = 1 << 20  # bytes: matches of a file up to this size are counted
_BAR = 24  # cells


class Finder:
    """One search at a time through the keeper; `changed` is called when there is news."""

    def __init__(
        self, app: FdtuiApp, changed: Callable[[], object], go_to: Callable[[int], object]
    ) -> None:
        self._app = app
        self._changed, self._go_to = changed, go_to
        self.text = ""
        self.pattern: Pattern | None = None
        self.current: tuple[int, int] | None = None
        self._future: Future[Match] | None = None
        self._progress = (0, 0)
        self._told: Spans = ()
        self._starts: list[int] = []

    @property
    def searching(self) -> bool:
        """The keeper is at it."""
        return self._future is not None

    def find(self, id: int, text: str, pattern: Pattern, cursor: int, size: int | None) -> None:
        """Search for something new, from the cursor on."""
        self.stop()
        self.text, self.pattern, self.current, self._starts = text, pattern, None, []
        self._search(id, cursor, backwards=False)
        if not pattern.regex and size is not None and 0 < size <= COUNTED:
            self._app.when(self._app.keeper.window(id, 0, size), self._count, lambda _: None)

    def again(self, id: int, cursor: int, *, backwards: bool) -> None:
        """Search for the same, behind or before the match that was found last."""
        if self.pattern is None or self.searching:
            return
        start = cursor
        if self.current is not None:
            offset, length = self.current
            start = offset if backwards else offset + max(1, length)
        self._search(id, start, backwards=backwards)

    def _search(self, id: int, start: int, *, backwards: bool, wrapped: bool = False) -> None:
        assert self.pattern is not None
        self._progress, self._told = (0, 0), ()
        future = self._app.keeper.search(
            id,
            self.pattern.data,
            regex=self.pattern.regex,
            ignore_case=self.pattern.ignore_case,
            start=start,
            backwards=backwards,
            progress=self._tick,
        )
        self._future = future

        def found(match: Match) -> None:
            if self._future is not future:
                return
            self._future = None
            if match.offset is not None:
                self.current = (match.offset, match.length)
                self._go_to(match.offset)
            elif not wrapped and start > 0 and not backwards:
                self._search(id, 0, backwards=False, wrapped=True)
                return
            elif not wrapped and backwards:
                self._search(id, 2**63 - 1, backwards=True, wrapped=True)
                return
            else:
                searched = units.size_words(match.searched)
                words = f'"{safe(self.text)}" not found, {searched} searched'
                self._told = (Span(words, "attention"),)
                self.current = None
            self._changed()

        def failed(error: FdtuiError) -> None:
            if self._future is future:
                self._future = None
                self._told = shown(str(error), "attention")
                self._changed()

        self._app.when(future, found, failed)
        self._changed()

    def _tick(self, done: int, total: int) -> None:
        """Progress, in the thread that reads the keeper's answers."""
        self._progress = (done, total)
        self._app.call_later(self._changed)

    def _count(self, window: Window) -> None:
        if self.pattern is not None:
            found = self.pattern.compiled().finditer(window.data)
            self._starts = [match.start() for match in found]
            self._changed()

    def stop(self) -> bool:
        """Stop searching; False when nothing was being searched."""
        future, self._future = self._future, None
        if future is None:
            return False
        future.cancel()
        self._told = (Span(f'search for "{safe(self.text)}" stopped', "muted"),)
        self._changed()
        return True

    def clear(self) -> bool:
        """Forget it; False when there was nothing."""
        had = self.pattern is not None
        self.pattern = self.current = None
        self._told, self._starts = (), []
        return had

    def seen(self, data: bytes, offset: int) -> list[tuple[int, int]]:
        """Matches in bytes that are on the screen; of a regular expression only the current one.

        A regular expression may take for ever, and this is the thread that draws.
        """
        if self.pattern is None or self.pattern.regex:
            return [] if self.current is None else [self.current]
        return [
            (offset + match.start(), len(match[0]))
            for match in self.pattern.compiled().finditer(data)
        ]

    @property
    def legend(self) -> Spans:
        """Its line among the marks: `queue, match 1 of 9`."""
        if self.pattern is None:
            return ()
        place = self._place()
        return (*shown(self.text), *((Span(f", match {place}"),) if place else ()))

    def _place(self) -> str:
        if self.current is None or self.current[0] not in self._starts:
            return ""
        return f"{self._starts.index(self.current[0]) + 1:,} of {len(self._starts):,}"

    def words(self, *, wide: bool) -> Spans:
        """What the info line says of it."""
        if self.searching:
            done, total = self._progress
            said = units.size_words(done) + (f" of {units.size_words(total)}" if total else "")
            bar = units.bar(done, total, _BAR if wide else _BAR // 3) if total else ""
            return (
                *shown(f"/{self.text}  ", "muted"),
                Span(f"{bar}  " if bar else "", "text"),
                Span(said),
                Span("  esc stops" if wide else "", "muted"),
            )
        if self._told or self.pattern is None:
            return self._told
        place = self._place()
        if not place and self.current is not None:
            place = f"at {self.current[0]:#x}"
        return (*shown(f"/{self.text}", "muted"), Span(f" {place}" if place else ""))
