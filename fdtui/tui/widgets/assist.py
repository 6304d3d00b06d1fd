"""What helps while a line is typed: completion of the word at the cursor, and earlier lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

# (text, cursor) -> where the word at the cursor starts, and what it could become
Complete = Callable[[str, int], tuple[int, Sequence[str]]]


class Assist:
    """One opening of a line.  Answers are (text, cursor), None where nothing is to be changed."""

    def __init__(self, complete: Complete, earlier: Sequence[str] = ()) -> None:
        """`earlier`: lines that were taken before, oldest first."""
        self._complete = complete
        self._earlier = tuple(earlier)
        self._back = 0  # how far back among the earlier ones; 0 is the line itself
        self._draft = ""
        self._set: tuple[str, int] = ("", 0)  # what the last completion made of the line
        self._start = 0
        self._rest = ""
        self.offered: Sequence[str] = ()  # what the word could become
        self.taken: int | None = None  # the one of them that stands in the line

    def earlier(self, text: str, step: int) -> tuple[str, int] | None:
        """Go back (-1) or forward (1) among earlier lines; what was typed comes after the last."""
        back = self._back - step
        if not 0 <= back <= len(self._earlier):
            return None
        if self._back == 0:
            self._draft = text
        self._back = back
        self.forget()
        text = self._earlier[-back] if back else self._draft
        return text, len(text)

    def complete(self, text: str, cursor: int, step: int = 1) -> tuple[str, int] | None:
        """Complete as far as there is no choice; asked again, go through the choices."""
        if self.offered and (text, cursor) == self._set:
            count = len(self.offered)
            first = 0 if step > 0 else count - 1
            at = first if self.taken is None else (self.taken + step) % count
            return self._put(self.offered[at], at)
        start, offered = self._complete(text, cursor)
        self._start, self.offered, self.taken = start, offered, None
        self._rest = text[cursor:]
        word = text[start:cursor]
        self._set = (text, cursor)
        if not offered:
            return None
        common = _common(offered)
        if len(common) < len(word) or common == word:
            return None
        self._set = (text[:start] + common + self._rest, start + len(common))
        return self._set

    def _put(self, word: str, at: int) -> tuple[str, int]:
        before = self._set[0][: self._start]
        self.taken = at
        self._set = (before + word + self._rest, self._start + len(word))
        return self._set

    def forget(self) -> None:
        """Something else was typed: what was offered is of the past."""
        self.offered, self.taken = (), None

    def stands(self, text: str) -> bool:
        """Is this the line that the last completion left?"""
        return bool(self.offered) and text == self._set[0]


def _common(words: Sequence[str]) -> str:
    """What all of them start with."""
    first, last = min(words), max(words)
    same = next((at for at, one in enumerate(first) if not last.startswith(one, at)), len(first))
    return first[:same]
