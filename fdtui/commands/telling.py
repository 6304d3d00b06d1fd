"""How commands tell what went wrong: one line on stderr, and what would change it on a second."""

from __future__ import annotations

import sys

from fdtui.errors import FdtuiError
from fdtui.render.safe import plain


def fail(error: FdtuiError) -> int:
    """Print one line, and the remedy on a second; 1 is the exit status."""
    print(f"fdtui: {plain(str(error))}", file=sys.stderr)
    if error.remedy:
        print(f"  {plain(error.remedy)}", file=sys.stderr)
    return 1
