"""What lies under a change: the old bytes, their digest for the confirmation, how to show them."""

from __future__ import annotations

import hashlib

from fdtui.keeper.actions.arguments import escaped
from fdtui.keeper.actions.base import Held, Token
from fdtui.render.units import offset_words, size_words

UNDOABLE = 4096  # old bytes that still fit on a command line
SHOWN = 24  # old bytes that a confirmation shows
WHOLE = 16 << 20  # a longer region is compared by its first and last MiB
_END_PIECE = 1 << 20


def old_bytes(held: Held, offset: int, length: int) -> bytes | None:
    """Return the bytes at an offset, fewer at the end of the file; None when none may be read."""
    stretch = held.read(offset, length)
    return None if stretch.why or stretch.errors else stretch.data


def region_token(held: Held, offset: int, length: int) -> Token:
    """Bind a confirmation to the bytes that will be changed (threat: they change meanwhile).

    Of more than 16 MiB only the first and last MiB are read.
    """
    pieces = [(offset, length)]
    if length > WHOLE:
        pieces = [(offset, _END_PIECE), (offset + length - _END_PIECE, _END_PIECE)]
    digest = hashlib.sha256()
    for at, count in pieces:
        data = old_bytes(held, at, count)
        if data is None:
            # Not readable: then at least the end of the file decides what is overwritten.
            return {"size": held.size}
        digest.update(len(data).to_bytes(8, "big") + data)
    return {f"the bytes at {offset_words(offset)}": digest.hexdigest()}


def quoted(data: bytes | None) -> str:
    """Show bytes in a confirmation: escaped, shortened, in quotes."""
    if data is None:
        return "bytes that cannot be read here"
    if not data:
        return "no bytes"
    more = f"… ({size_words(len(data))})" if len(data) > SHOWN else ""
    return f'"{escaped(data[:SHOWN])}"{more}'
