"""A filter while it is being typed: what could be meant last stays until the next that can."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Generic

from fdtui.survey.columns import DESCRIPTORS, Vocabulary
from fdtui.survey.comparisons import Getter, R
from fdtui.survey.filter import Filter, FilterError, compile_filter, compile_words

_SIGNS = re.compile(r"""[()"'=!<>&|]""")
_DANGLING = re.compile(r"(?:\(|!|&&?|\|\|?|(?<!\S)(?:and|or|not))\s*$", re.IGNORECASE)
_OPERATORS = frozenset(["and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge"])


def is_plain(text: str) -> bool:
    """Nothing but words: no comparison, nothing that joins or denies."""
    return not _SIGNS.search(text) and _OPERATORS.isdisjoint(text.lower().split())


class TypedFilter(Generic[R]):
    """The filter of one screen.  Plain words are looked for as they stand, columns or not."""

    def __init__(
        self,
        getter: Callable[[str], Getter[R]],
        haystack: Getter[R],
        vocabulary: Vocabulary = DESCRIPTORS,
    ) -> None:
        """As for compile_filter()."""
        self._getter, self._haystack, self._vocabulary = getter, haystack, vocabulary
        self.mistake: FilterError | None = None  # of the text that was read last
        self.filter: Filter[R] = Filter("", lambda row: True, frozenset())
        self._text = ""

    def read(self, text: str, rows: Iterable[R] = (), *, words: bool = False) -> Filter[R]:
        """Return what the text means, or the one before it where it is a mistake.

        What is no expression but stands like that in one of `rows` is looked for as it stands;
        with `words` whether it stands there or not.
        """
        if text != self._text or self.mistake is not None:
            self._text = text
            try:
                self.filter, self.mistake = self._compiled(text), None
            except FilterError as error:
                self._look_for(text, rows, error, words=words)
        return self.filter

    def _compiled(self, text: str) -> Filter[R]:
        if text.strip() and is_plain(text):
            return self._words(text)
        return compile_filter(text, self._getter, self._haystack, self._vocabulary)

    def _words(self, text: str) -> Filter[R]:
        return compile_words(text, self._getter, self._haystack, self._vocabulary)

    def _look_for(self, text: str, rows: Iterable[R], error: FilterError, *, words: bool) -> None:
        """A program's arguments have signs too: `--type=x`, `(sd-pam)`."""
        found = self._words(text)
        # A sign that stands alone, or a quotation mark in front, is of an expression.
        lone = any(not re.search(r"\w", word) or word[0] in "\"'" for word in text.split())
        if words or (not lone and any(map(found.matches, rows))):
            self.filter, self.mistake = found, None
            return
        self.mistake = error
        if error.column > len(text) and (before := _without_end(text)):
            # `a and` was `a an` before, which is another question.
            with suppress(FilterError):
                self.filter = self._compiled(before)


def _without_end(text: str) -> str:
    """The text without what waits for more behind it: `a and (` is `a`."""
    while match := _DANGLING.search(text):
        text = text[: match.start()]
    return text.strip()
