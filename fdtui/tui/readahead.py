"""The modules of other places, read while a person looks at the first one (150 ms otherwise)."""

from __future__ import annotations

import threading

SETTLED = 0.5  # seconds after the first paint


def read_ahead() -> None:
    """Start reading; nothing is looked at and nothing loaded into the kernel."""
    threading.Thread(target=_read, name="read ahead", daemon=True).start()


def _read() -> None:
    import fdtui.survey.engine_bpf
    import fdtui.survey.engine_proc
    import fdtui.survey.machine
    import fdtui.tui.screens.machine  # noqa: F401  for whoever imports it next
    from fdtui.kinds import all_kinds

    all_kinds()
