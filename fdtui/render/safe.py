"""Text of strangers made safe to show: an allow-list for each character, else a visible escape.

Names, command lines, paths and bytes may carry terminal sequences, forged line ends, reordering
and characters without a width. They are `str` decoded with surrogateescape below this module.
"""

from __future__ import annotations

from fdtui.linux.lean import NamedTuple, lru_cache

NAME_LIMIT = 4096
"""Characters kept of a name: no path that the kernel reports is longer (PATH_MAX)."""
COMMAND_LIMIT = 131_072
"""Characters kept of a command line: the longest single argument (MAX_ARG_STRLEN)."""

_MARKS_PER_BASE = 2

# Printable by the Unicode tables and yet nothing to see, or a width on which terminals disagree.
_UNSEEN = frozenset(
    (
        0x034F,  # combining grapheme joiner
        *(0x115F, 0x1160, 0x3164, 0xFFA0),  # Hangul fillers
        *(0x17B4, 0x17B5),  # Khmer inherent vowels
        *range(0x180B, 0x1810),  # variation selectors, and the next two lines
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
        0x2800,  # braille blank
        0xFFFC,  # object replacement
        0x1D159,  # musical null notehead
        *range(0x1F1E6, 0x1F200),  # regional indicators: one flag or two letters
        *range(0x1F3FB, 0x1F400),  # skin tones: joined to the emoji before them, or not
    )
)
# The vowels and finals of decomposed Hangul join the consonant before them.
_JOINING_JAMO = frozenset((*range(0x1161, 0x1200), *range(0xD7B0, 0xD7FC)))

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


class Piece(NamedTuple):
    """A run of text, and whether it stands for something that cannot be shown."""

    text: str
    escaped: bool


@lru_cache(maxsize=8192)
def classify(char: str) -> str | None:
    """The escape of one character; None if it may be shown, "" if it joins the one before it."""
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8, through surrogateescape
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x20 or code == 0x7F:
        return _SHORT.get(char) or f"\\x{code:02x}"
    if not char.isprintable() or code in _UNSEEN:
        return f"<{code:04X}>"
    if code < 0x300 or 0x2190 <= code < 0x2200:  # letters of Europe, arrows: no table is loaded
        return None
    from unicodedata import category

    if category(char) in {"Mn", "Me", "Mc"} or code in _JOINING_JAMO:
        return ""
    return None


def safe_spans(text: str, limit: int = NAME_LIMIT) -> list[Piece]:
    """Split `text` into runs that can be shown and escapes; the first `limit` characters of it."""
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return [Piece(text, False)] if text else []
    pieces: list[Piece] = []
    shown: list[str] = []
    hidden: list[str] = []
    marks = _MARKS_PER_BASE  # a mark with nothing before it would join our own cell
    for char in text[:limit]:
        escape = classify(char)
        if escape == "":
            marks += 1
            escape = None if marks <= _MARKS_PER_BASE else f"<{ord(char):04X}>"
        else:
            marks = 0 if escape is None else _MARKS_PER_BASE
        if escape is None:
            if hidden:
                pieces.append(Piece("".join(hidden), True))
                hidden.clear()
            shown.append(char)
        else:
            if shown:
                pieces.append(Piece("".join(shown), False))
                shown.clear()
            hidden.append(escape)
    if len(text) > limit:
        hidden.append("…")
    # One of them is empty, unless the mark of the cut follows what was shown.
    if shown:
        pieces.append(Piece("".join(shown), False))
    if hidden:
        pieces.append(Piece("".join(hidden), True))
    return pieces


def safe(text: str, limit: int = NAME_LIMIT) -> str:
    """`text` without anything that a terminal acts on, joins or leaves out: visible escapes."""
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    return "".join(piece.text for piece in safe_spans(text, limit))


def plain(text: str, limit: int = COMMAND_LIMIT) -> str:
    """`text` for a pipe or a file, where no style tells an escape: backslashes are doubled.

    Different texts stay different, so that a script can take the name back.
    """
    if text.isascii() and text.isprintable() and "\\" not in text and len(text) <= limit:
        return text
    out: list[str] = []
    marks = _MARKS_PER_BASE
    for char in text[:limit]:
        escape = classify(char)
        if escape == "":
            marks += 1
            escape = None if marks <= _MARKS_PER_BASE else "<"
        else:
            marks = 0 if escape is None else _MARKS_PER_BASE
        if char == "\\":
            out.append("\\\\")
        elif escape is None:
            out.append(char)
        elif escape.startswith("<"):
            code = ord(char)
            out.append(f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
        else:
            out.append(escape)
    if len(text) > limit:
        out.append("…")
    return "".join(out)
