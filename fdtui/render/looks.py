"""Does it look like text?"""

from __future__ import annotations

import re

_LOOKED_AT = 4096  # bytes
_STRANGE = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")
_SHARE = 50  # one strange byte in so many is too much
_TORN = 3  # bytes of a character that the end of the window may cut off


def is_text(data: bytes) -> bool:
    """Tell text (UTF-8 with hardly any control bytes) from anything else; nothing is text."""
    head = data[:_LOOKED_AT]
    if b"\0" in head or len(_STRANGE.findall(head)) * _SHARE > len(head):
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return len(data) > 0 and error.start >= len(head) - _TORN and len(head) == _LOOKED_AT
    return True
