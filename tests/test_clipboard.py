"""The clipboard: which way a text goes, and what is said about it."""

from __future__ import annotations

import base64
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fdtui.tui.clipboard import DEADLINE, OSC52_LIMIT, copy, has_display, osc52


class Said:
    """What was written to the terminal and told to the person."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.told: list[str] = []
        self._event = threading.Event()

    def tell(self, words: str) -> None:
        self.told.append(words)
        self._event.set()

    def wait(self, seconds: float = DEADLINE + 3) -> str:
        assert self._event.wait(seconds)
        return self.told[-1]


def payload(sequence: str) -> bytes:
    assert sequence.startswith("\x1b]52;c;")
    return base64.b64decode(sequence[7 : sequence.index("\x07")])


@pytest.mark.parametrize(
    "text", ["plain", "", "naïve ☃", "a\x1b]0;x\x07b", "lone \udcff\udc80", "[@click=app.quit]x[/]"]
)
def test_osc_52_carries_any_text_as_base64_alone(text: str) -> None:
    sequence = osc52(text, {})
    assert payload(sequence) == text.encode("utf-8", "surrogateescape")
    assert sequence.count("\x1b") == 1


def test_tmux_gets_it_bare_and_wrapped() -> None:
    sequence = osc52("x", {"TMUX": "/tmp/tmux-0/default,1,0"})
    assert payload(sequence) == b"x"
    assert "\x1bPtmux;\x1b\x1b]52;c;" in sequence
    assert sequence.endswith("\x1b\\")


def test_without_a_display_only_the_terminal_is_asked() -> None:
    said = Said()
    copy("text", said.written.append, said.tell, {})
    assert said.wait() == "yanked by OSC 52"
    assert payload(said.written[0]) == b"text"


def test_too_much_for_osc_52_is_said() -> None:
    said = Said()
    copy("x" * (OSC52_LIMIT + 1), said.written.append, said.tell, {})
    assert said.wait() == f"too long for OSC 52: {OSC52_LIMIT + 1:,} bytes, nothing yanked"
    assert not said.written


@pytest.mark.parametrize(
    ("environment", "reachable"),
    [
        ({}, False),
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"}, False),
    ],
)
def test_a_display_is_used_only_where_it_is_ours(
    environment: dict[str, str], reachable: bool
) -> None:
    assert has_display(environment) is reachable


FAKE = """#!/bin/sh
{body}
"""
DRIVER = """
import sys, threading
from fdtui.tui.clipboard import copy
said = threading.Event()
def tell(words):
    print(words, flush=True)
    said.set()
copy("text", lambda sequence: None, tell)
said.wait(10)
"""


def with_program(folder: Path, body: str) -> str:
    """Copy in a process whose only clipboard program does `body`; returns what was told."""
    program = folder / "xclip"
    program.write_text(FAKE.format(body=body))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    environment = {
        **{k: v for k, v in os.environ.items() if k not in ("SSH_CONNECTION", "WAYLAND_DISPLAY")},
        "DISPLAY": ":99",
        "PATH": f"{folder}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        [sys.executable, "-c", DRIVER], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip().split("\n")[-1]


def test_the_display_gets_it_too(tmp_path: Path) -> None:
    told = with_program(tmp_path, f"cat > {tmp_path}/copied")
    assert told == "yanked by the display's clipboard and OSC 52"
    assert (tmp_path / "copied").read_text() == "text"


def test_a_display_that_never_answers_is_not_waited_for(tmp_path: Path) -> None:
    told = with_program(tmp_path, "exec sleep 5")
    assert told == "yanked by OSC 52; the display did not answer"
