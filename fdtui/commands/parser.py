"""The parser of all commands: its errors are told as all errors are, its help fits the terminal."""

from __future__ import annotations

import argparse
import os
import sys

from fdtui.errors import WrongUsage
from fdtui.linux.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn


class _Help(argparse.RawDescriptionHelpFormatter):
    """As wide as the terminal; argparse would import shutil and its compressors to ask (5 ms)."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_width() - 2)


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line and where to read on."""

    def __init__(
        self,
        prog: str,
        description: str | None,
        usage: str | None = None,
        epilog: str | None = None,
    ) -> None:
        super().__init__(prog, usage, description, epilog, formatter_class=_Help)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Exit, once what was printed is out: OSError when it cannot be."""
        if sys.stdout is not None:
            sys.stdout.flush()
        super().exit(status, message)

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        from fdtui.commands.telling import fail

        self.exit(fail(WrongUsage(message, f"{self.prog} --help")))


def _width() -> int:
    try:
        return int(os.environ["COLUMNS"]) or 80
    except (KeyError, ValueError):
        pass
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80
