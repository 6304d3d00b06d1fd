"""The clipboard: OSC 52 through the terminal, and pyperclip where a display can be reached."""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Callable, Mapping

DEADLINE = 2.0  # seconds: a dead X forward never answers
OSC52_LIMIT = 74_994  # bytes of text: what most terminals take in one sequence


def osc52(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return the escape sequence; wrapped for tmux, which needs `set-clipboard on`."""
    payload = base64.b64encode(text.encode("utf-8", "surrogateescape")).decode()
    sequence = f"\x1b]52;c;{payload}\x07"
    if "TMUX" in environment:
        # tmux with allow-passthrough hands the inner sequence on; others drop the wrapper.
        wrapped = sequence.replace("\x1b", "\x1b\x1b")
        return f"{sequence}\x1bPtmux;{wrapped}\x1b\\"
    return sequence


def has_display(environment: Mapping[str, str] = os.environ) -> bool:
    """True where a clipboard program can reach a display of this machine's own."""
    return (
        bool(environment.get("WAYLAND_DISPLAY") or environment.get("DISPLAY"))
        and "SSH_CONNECTION" not in environment
    )


def copy(
    text: str,
    write: Callable[[str], object],
    tell: Callable[[str], object],
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Copy, and `tell` (from any thread) which way it went, in a few words."""
    size = len(text.encode("utf-8", "surrogateescape"))
    if size <= OSC52_LIMIT:
        write(osc52(text, environment))
        way = "OSC 52"
    else:
        way = ""
    if not has_display(environment):
        tell((way and f"yanked by {way}") or f"too long for OSC 52: {size:,} bytes, nothing yanked")
        return

    def by_display() -> None:
        import pyperclip

        try:
            pyperclip.copy(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
        except pyperclip.PyperclipException:
            tell(f"yanked by {way}" if way else "no clipboard program found, nothing yanked")
        else:
            tell("yanked by the display's clipboard" + (f" and {way}" if way else ""))

    worker = threading.Thread(target=by_display, name="clipboard", daemon=True)
    worker.start()

    def watch() -> None:
        worker.join(DEADLINE)
        if worker.is_alive():
            tell(f"yanked by {way}; the display did not answer" if way else "no display answered")

    threading.Thread(target=watch, name="clipboard deadline", daemon=True).start()
