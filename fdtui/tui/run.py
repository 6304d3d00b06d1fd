"""Start the screen, and leave the terminal as it was."""

from __future__ import annotations

import gc
import sys


def run(open_at: tuple[int, int | None] | None = None) -> int:
    """Run the app; returns the exit status.  A crash prints where, never what was on screen."""
    gc.disable()  # until the first paint: importing and composing make nothing but what stays
    from fdtui.tui.app import FdtuiApp
    from fdtui.tui.settings import load_settings

    settings = load_settings()
    app = FdtuiApp(open_at=open_at, settings=settings)
    status = app.run()
    for line in app.crash:
        print(line, file=sys.stderr)
    if app.crash:
        return 1
    return status if isinstance(status, int) else 0
