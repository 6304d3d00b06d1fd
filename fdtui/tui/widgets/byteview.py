"""What the hex and the text view share: a model of bytes, the target's offset, search matches."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from textual.message import Message

from fdtui.render.spans import Spans
from fdtui.render.units import size_words
from fdtui.render.window import PAGE, BytesModel
from fdtui.tui.widgets.bigscroll import BigScroll


class ByteView(BigScroll):
    """A view of bytes that somebody else reads: it says what it needs, and draws what there is."""

    head_lines = 1

    @dataclass
    class Wanted(Message):
        """Bytes that the view would show and that have not been read."""

        view: ByteView
        offset: int
        length: int

        def can_replace(self, message: Message) -> bool:
            """Only where the view is now matters."""
            return isinstance(message, ByteView.Wanted) and message.view is self.view

    @dataclass
    class Moved(Message):
        """The cursor or the part that is shown is another."""

        view: ByteView

        def can_replace(self, message: Message) -> bool:
            """Only where the view is now matters."""
            return isinstance(message, ByteView.Moved) and message.view is self.view

    def __init__(self, model: BytesModel, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.model = model
        self.target: int | None = None
        self.following = False
        self._matches: Sequence[tuple[int, int]] = ()
        self._longest = 0
        self._match_now: tuple[int, int] | None = None
        self._asked: tuple[int, int] | None = None
        self._empty: Spans = ()

    @property
    def last_offset(self) -> int:
        """The largest offset that may stand in the margin."""
        return max(self.model.end - 1, self.target or 0, 0)

    def set_target(self, offset: int | None) -> None:
        """Where the target's own offset is; None when it has none."""
        if offset != self.target:
            self.target = offset
            self.settle()

    def set_matches(
        self, matches: Sequence[tuple[int, int]], current: tuple[int, int] | None = None
    ) -> None:
        """What a search found, as (offset, length) in order, and the match that n and N move."""
        self._matches, self._match_now = matches, current
        self._longest = max((length for _, length in matches), default=0)
        self.changed()

    def set_empty(self, words: Spans) -> None:
        """What to say when there are no bytes."""
        self._empty = words
        self.changed()

    def settle(self) -> None:
        """Stay within the bytes there are, ask for those that are lacking, and repaint."""
        raise NotImplementedError

    def shown_bytes(self) -> tuple[int, int]:
        """Offset and length of the bytes on the screen: what a refresh has to look at again."""
        raise NotImplementedError

    def fed(self) -> None:
        """The model has been fed."""
        self.settle()

    def matches_in(self, offset: int, length: int) -> list[tuple[int, int, bool]]:
        """Start, end and currency of the matches that touch a range."""
        found: list[tuple[int, int, bool]] = []
        first = bisect_left(self._matches, (offset - self._longest, 0))
        for start, size in self._matches[first:]:
            if start >= offset + length:
                break
            if start + size > offset:
                found.append((start, start + size, (start, size) == self._match_now))
        if not self._matches and self._match_now is not None:
            start, size = self._match_now
            if start < offset + length and start + size > offset:
                found.append((start, start + size, True))
        return found

    def want(self, offset: int, length: int) -> bool:
        """Ask for the part of a range that is lacking; True when nothing is.

        Each part is asked for once: what did not come then is read with the next refresh, and a
        file that shrinks under its reader does not make for a storm of questions.
        """
        if not self.size.height:
            return False
        lacking = self.model.missing(max(0, offset), length + min(0, offset))
        if lacking is None:
            return True
        if lacking != self._asked:
            self._asked = lacking
            self.post_message(self.Wanted(self, *lacking))
        return False

    def target_words(self) -> str:
        """What the row behind the last byte says of the target."""
        beyond = (self.target or 0) - self.model.end
        if beyond > 0:
            return f"the target is here, {size_words(beyond)} beyond the end of the file"
        return "the target is here, at the end of the file"


def page_around(offset: int, length: int) -> tuple[int, int]:
    """The whole pages around a range, from the start of the file on."""
    start = max(0, offset) // PAGE * PAGE
    end = -(-(offset + length) // PAGE) * PAGE
    return start, end - start
