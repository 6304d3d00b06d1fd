"""The glyphs of the screen, and what stands for them on terminals that have only ASCII."""

from __future__ import annotations

import locale
from collections.abc import Mapping

ASCII = str.maketrans(
    {
        "›": ">",
        "…": "~",
        "×": "x",
        "·": ".",
        "↑": "^",
        "↓": "v",
        "←": "<",
        "→": ">",
        "▲": "^",
        "▼": "v",
        "▎": ">",
        "─": "-",
        "│": "|",
        "┌": "+",
        "┐": "+",
        "└": "+",
        "┘": "+",
        "━": "=",
        "■": "#",
        "┃": "|",
        "▁": "_",
        "▂": ".",
        "▃": "-",
        "▄": "=",
        "▅": "+",
        "▆": "#",
        "±": "~",
        "µ": "u",
    }
)
"""Each glyph is one cell, and so is what stands for it."""


def needs_ascii(environ: Mapping[str, str]) -> bool:
    """Whether the terminal of `environ` and the locale show only ASCII (the Linux console, C)."""
    if environ.get("TERM") == "linux":
        return True
    return locale.getpreferredencoding(False).lower().replace("-", "") != "utf8"
