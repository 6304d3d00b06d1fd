r"""What a person types to search for: text, `\xNN` bytes, `r/regex/`, `i/any case/`."""

from __future__ import annotations

import os
import re

from fdtui.linux.lean import NamedTuple

SYNTAX = r"text  \x00 bytes  r/regex/  i/any case/  ri/both/"
_MARKED = re.compile(r"(?P<how>r|i|ri|ir)/(?P<what>.*?)/?", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|([0abefnrtv\\]))")
_SHORT = {
    "0": b"\0",
    "a": b"\a",
    "b": b"\b",
    "e": b"\x1b",
    "f": b"\f",
    "n": b"\n",
    "r": b"\r",
    "t": b"\t",
    "v": b"\v",
    "\\": b"\\",
}


class Pattern(NamedTuple):
    """What to look for in bytes; `mistake` is not empty when the text cannot be meant."""

    data: bytes = b""
    regex: bool = False
    ignore_case: bool = False
    mistake: str = ""

    def compiled(self) -> re.Pattern[bytes]:
        """A regular expression that finds it, `.` matching everything as the keeper has it."""
        source = self.data if self.regex else re.escape(self.data)
        return re.compile(source, re.DOTALL | (re.IGNORECASE if self.ignore_case else 0))


def unescaped(text: str) -> bytes:
    r"""The bytes of a text: `\xNN` and short escapes; a backslash before anything else stays."""
    out = bytearray()
    done = 0
    for found in _ESCAPE.finditer(text):
        out += os.fsencode(text[done : found.start()])
        out += bytes([int(found[1], 16)]) if found[1] else _SHORT[found[2]]
        done = found.end()
    return bytes(out + os.fsencode(text[done:]))


def parse_pattern(text: str) -> Pattern:
    """Read what is to be searched for."""
    marked = _MARKED.fullmatch(text)
    how, what = (marked["how"], marked["what"]) if marked else ("", text)
    if not what:
        return Pattern(mistake=SYNTAX)
    if "r" not in how:
        return Pattern(unescaped(what), False, "i" in how)
    data = os.fsencode(what)
    try:
        re.compile(data)
    except re.error as error:
        return Pattern(mistake=f"not a regular expression: {error}")
    return Pattern(data, True, "i" in how)
