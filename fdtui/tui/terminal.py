"""The terminal comes back: after signals, a crash, and when it has vanished itself."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import threading
from collections.abc import Callable

_FATAL = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT)


def leave_on_signals(leave: Callable[[int], None]) -> None:
    """Call `leave(128 + n)` in the event loop for each signal that means: end.

    Textual restores the terminal when its app exits, but has no handlers of its own.
    """
    loop = asyncio.get_running_loop()
    for number in _FATAL:
        loop.add_signal_handler(number, leave, 128 + number)


def leave_with_the_terminal(fd: int, gone: Callable[[], object]) -> None:
    """Call `gone` (from a thread) once the terminal hangs up: an ssh that died sends no key.

    SIGHUP may be ignored (nohup), and a dead tty then reads as end of file for ever.
    """
    try:
        watched = os.dup(fd)
    except OSError:
        return

    def wait() -> None:
        poller = select.poll()
        poller.register(watched, 0)  # POLLHUP and POLLERR are always reported
        while True:
            for _, events in poller.poll():
                if events & (select.POLLHUP | select.POLLERR | select.POLLNVAL):
                    gone()
                    return

    threading.Thread(target=wait, name="terminal", daemon=True).start()
