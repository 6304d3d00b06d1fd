"""Snapshots: an app's screen as SVG, compared with the file kept in tests/snapshots.

FDTUI_UPDATE_SNAPSHOTS=1 writes the files anew; a difference is told line by line.
"""

from __future__ import annotations

import difflib
import html
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from textual.app import App

FOLDER = Path(__file__).parent / "snapshots"
UPDATE = bool(os.environ.get("FDTUI_UPDATE_SNAPSHOTS"))
_TEXT = re.compile(r'<text class="[^"]*-r\d+" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>')
_CELL = 12.2  # units of a cell in Rich's SVG


def lines_of(svg: str) -> list[str]:
    """The lines of the screen that an SVG shows."""
    rows: dict[float, list[tuple[float, str]]] = {}
    for x, y, text in _TEXT.findall(svg):
        rows.setdefault(float(y), []).append((float(x), html.unescape(text).replace("\xa0", " ")))
    lines = []
    for y in sorted(rows):
        line = ""
        for x, text in sorted(rows[y]):
            line = line.ljust(round(x / _CELL)) + text
        lines.append(line.rstrip())
    return lines


def screen_lines(app: App[Any]) -> list[str]:
    """What is on the screen now."""
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]


def check(app: App[Any], name: str) -> None:
    """Compare the screen with `name`; AssertionError tells the lines that differ."""
    svg = app.export_screenshot(title="fdtui")
    kept = FOLDER / f"{name}.svg"
    if UPDATE:
        FOLDER.mkdir(exist_ok=True)
        kept.write_text(svg)
        return
    before = kept.read_text() if kept.exists() else ""
    if before == svg:
        return
    folder = Path(tempfile.gettempdir()) / "fdtui-snapshots"
    folder.mkdir(exist_ok=True)
    now = folder / f"{name}.svg"
    now.write_text(svg)
    differing = list(
        difflib.unified_diff(lines_of(before), lines_of(svg), "kept", "now", lineterm="", n=0)
    )
    told = "\n".join(differing) or "the same text in other colours"
    raise AssertionError(f"{kept} differs, the new one is {now}\n{told}")
