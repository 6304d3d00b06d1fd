"""Peek at files: the type of their file system."""

from __future__ import annotations

from fdtui.linux.fstype import fs_type
from fdtui.linux.peek import Peek


def fs_magic(peek: Peek) -> int:
    """fstatfs(2) f_type.  Asks the server of a network file system: may block, as pread may."""
    return fs_type(peek.number_for_linux())
