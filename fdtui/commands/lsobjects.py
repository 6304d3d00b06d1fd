"""`ls --json` and `--jsonl`: objects as they come."""

from __future__ import annotations

import sys

from fdtui.commands.lsrows import Scan


def print_objects(scan: Scan, lines: bool) -> None:
    """Print an object a line, or the same as one array."""
    columns = scan.asked.columns
    write = sys.stdout.buffer.write
    first = True
    if not lines:
        write(b"[\n")
    for part in scan.parts("columns" if columns else "json", columns):
        if not part:
            continue
        if lines:
            write(part)
            continue
        if not first:
            write(b",\n")
        first = False
        # Every newline ends an object: those in texts are escaped.
        write(bytes(part[:-1]).replace(b"\n", b",\n"))
    if not lines:
        write(b"]\n" if first else b"\n]\n")
    sys.stdout.buffer.flush()
