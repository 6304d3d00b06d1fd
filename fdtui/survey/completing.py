"""Completion of filters: what the word at the cursor could become."""

from __future__ import annotations

import re

from fdtui.survey.columns import DESCRIPTORS, Type, Vocabulary


def complete(
    text: str, cursor: int | None = None, vocabulary: Vocabulary = DESCRIPTORS
) -> list[str]:
    """What the word before the cursor could become; [] where nothing is known.

    Columns where one may stand, values of a column with few of them, else and, or, not.
    """
    before = text if cursor is None else text[:cursor]
    word = _LAST_WORD.search(before)
    assert word is not None
    fragment, rest = word[0], before[: word.start()].rstrip()
    if rest.count('"') % 2 or rest.count("'") % 2:
        return []
    comparison = _COMPARED.search(rest)
    quote = fragment[:1] if fragment[:1] in "\"'" else ""
    wanted = fragment.lstrip("\"'").lower()
    if comparison:
        column = vocabulary.find(comparison[1])
        values = column.values if column else ()
        return [f"{quote}{v}{quote}" for v in values if v.lower().startswith(wanted)]
    if quote:
        return []
    if not fragment and rest and not _WANTS_NAME.search(rest):
        return [*_signs(rest, vocabulary), "and", "or"]
    capitals = fragment.isupper()
    found = [name for name in vocabulary.names() if name.lower().startswith(wanted)]
    if not capitals:
        found = [name for name in found if not name.isupper()] or found
    if rest and not _WANTS_NAME.search(rest):
        found = [name for name in ("and", "or") if name.startswith(wanted)] + found
    return found


def completions(
    text: str, cursor: int, vocabulary: Vocabulary = DESCRIPTORS
) -> tuple[int, list[str]]:
    """Where the word before the cursor starts, and what it could become."""
    word = _LAST_WORD.search(text[:cursor])
    assert word is not None
    return word.start(), complete(text, cursor, vocabulary)


def _signs(rest: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Comparisons that fit the column this text ends with; none where it is a value."""
    word = _LAST_WORD.search(rest)
    column = vocabulary.find(word[0]) if word else None
    if column is None or column.type is Type.BOOLEAN or _HAS_SIGN.search(rest):
        return ()
    return (
        ("==", "!=", "=~", "!~") if column.type is Type.TEXT else ("==", "!=", "<", "<=", ">", ">=")
    )


_LAST_WORD = re.compile(r"""["']?[^\s()"'=!<>&|~]*$""")
_COMPARED = re.compile(r"""([^\s()"'=!<>&|]+)\s*(?:==|!=|\b(?:eq|ne))$""", re.IGNORECASE)
_HAS_SIGN = re.compile(r"(?:[=<>~]|\b(?:eq|ne|lt|le|gt|ge))\s*[^\s()]*$", re.IGNORECASE)
_WANTS_NAME = re.compile(r"(?:\(|&&|\|\||!|\b(?:and|or|not))$", re.IGNORECASE)
