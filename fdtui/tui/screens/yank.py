"""The yank menu: what can be copied of the thing under the cursor."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import NamedTuple, cast

from textual import events

from fdtui.linux.json_types import Info
from fdtui.render.safe import safe
from fdtui.render.spans import Span
from fdtui.survey.processes import ProcessRow
from fdtui.tui.app import FdtuiApp
from fdtui.tui.widgets.dialog import Button, Dialog, DialogLine

_SHOWN = 54  # characters of a text that the menu shows: a line of it at 80 columns


class Choice(NamedTuple):
    """A key, what it copies, and the text itself."""

    key: str
    what: str
    text: str


class Yank(Dialog):
    """A key copies, escape leaves."""

    def __init__(self, subject: str, choices: Sequence[Choice]) -> None:
        self._choices = {choice.key: choice for choice in choices}
        lines = [
            DialogLine(
                (
                    Span(f"{choice.key}  ", "key"),
                    Span(f"{choice.what:<12}", "muted"),
                    Span(_one_line(choice.text)),
                ),
                indent=15,
            )
            for choice in choices
        ]
        super().__init__(f"Yank from {subject}", lines, [Button("esc", "leave", "focused")])

    def on_key(self, event: events.Key) -> None:
        """A key of the menu; the buttons' keys are the dialog's."""
        if event.character in self._choices:
            event.stop()
            event.prevent_default()
            self.answer(event.character)

    def answer(self, key: str) -> None:
        """Copy what the key stands for."""
        choice = self._choices.get(key)
        self.dismiss(None)
        if choice is not None:
            cast(FdtuiApp, self.app).yank(choice.text, choice.what)


def _one_line(text: str) -> str:
    line = safe(text.split("\n", 1)[0])
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def process_choices(row: ProcessRow) -> list[Choice]:
    """What can be copied of a process."""
    return [
        Choice("p", "pid", str(row.pid)),
        Choice("c", "command", row.command),
        Choice("/", "/proc path", f"/proc/{row.pid}/fd"),
        Choice("l", "shell", f"fdtui ls -p {row.pid}"),
    ]


def descriptor_choices(pid: int, fd: int | str, link: str, row: Info) -> list[Choice]:
    """What can be copied of a descriptor."""
    choices = [
        Choice("p", "path", link),
        Choice(
            "/",
            "/proc path",
            f"/proc/{pid}/fd/{fd}" if isinstance(fd, int) else f"/proc/{pid}/{fd}",
        ),
        Choice("j", "JSON", json.dumps(row)),
    ]
    if isinstance(fd, int):
        choices.append(Choice("l", "shell", shlex.join(["fdtui", "cat", f"{pid}:{fd}"])))
    return choices
