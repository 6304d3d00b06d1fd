"""Lines that were typed before, kept for the next session in the state folder (XDG_STATE_HOME)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from platformdirs import user_state_path

MOST = 100
_LONGEST = 1024  # characters


def earlier_path(name: str) -> Path:
    """Return where the lines of that name are kept."""
    return user_state_path("fdtui") / name


class Earlier:
    """The last lines, oldest first, each once.

    A folder that cannot be read or written costs the memory of earlier sessions, nothing else.
    """

    def __init__(self, path: Path | None) -> None:
        """`path` None: nothing is kept beyond this session."""
        self._path = path
        self._lines: list[str] | None = None

    @property
    def lines(self) -> Sequence[str]:
        """What there is; read when first asked for."""
        if self._lines is None:
            self._lines = self._read()
        return self._lines

    def add(self, line: str) -> None:
        """Take a line as the last one, and keep it."""
        line = line.strip()
        if not _fit(line):
            return
        # Another session may have added some since.
        known = [one for one in (*self._read(), *self.lines) if one != line]
        self._lines = [*dict.fromkeys(known), line][-MOST:]
        self._write(self._lines)

    def _read(self) -> list[str]:
        if self._path is None:
            return []
        try:
            text = self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return []
        return [line for line in text.splitlines() if _fit(line)][-MOST:]

    def _write(self, lines: Sequence[str]) -> None:
        """Replace the file as a whole: two sessions never mix their lines."""
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            number, name = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)
        except OSError:
            return
        try:
            with open(number, "w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in lines)
            os.replace(name, self._path)
        except OSError:
            Path(name).unlink(missing_ok=True)


def _fit(line: str) -> bool:
    """Is it a line that somebody typed?"""
    return bool(line) and line.isprintable() and len(line) <= _LONGEST
