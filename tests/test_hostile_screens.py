"""Strangers' text on every screen of a real terminal: nothing but visible characters arrives."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile import INVISIBLE, MARKS, SEQUENCES
from tests.terminal import Terminal

MARKUP = ("[/x]", "[@click=app.quit]quit[/]", "[link=http://x]y[/link]", "[b]", "]]][[[")
LOOKALIKES = ("plain (deleted)", "socket:[1]", "pipe:[1]", "memfd:x", "anon_inode:[eventfd]")

# A process with a hostile name and arguments that has hostile files, memfds and sockets open.
TARGET = r"""
import ctypes, json, os, socket, sys
folder, names = sys.argv[1], json.loads(sys.stdin.readline())
ctypes.CDLL(None).prctl(15, b"a) R 1\n\x1b[31m\xff", 0, 0, 0)
keep = []
for number, name in enumerate(names):
    raw = name.encode("utf-8", "surrogateescape").replace(b"/", b"_").replace(b"\0", b"_")[:200]
    path = os.path.join(os.fsencode(folder), b"%03d" % number + raw)
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.write(fd, name.encode("utf-8", "surrogateescape") * 20)
    keep.append(fd)
    if number % 7 == 0:
        keep.append(os.memfd_create(raw.decode("latin-1").replace("\0", "_")[:100]))
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(b"\0%d" % os.getpid() + raw[:80])
        keep.append(sock)
print(flush=True)
sys.stdin.read()
"""

FORBIDDEN = (
    b"\x1b]0;",
    b"\x1b]2;",
    b"\x1b]52;",
    b"\x1b]8;",
    b"\x1b[2J\x1b[HPWN",
    b"\x1b[31mred",
    b"\x1bP+q",
    b"\xc2\x9b",
    b"\xc2\x9d",
    b"\x07",
    b"\x08",
    b"\x0e",
    b"\x7f",
    b"\x00",
    "\u202e".encode(),
    "\u2066".encode(),
    "\u200b".encode(),
    "\ufeff".encode(),
)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    names = [*SEQUENCES, *INVISIBLE, *MARKS, *MARKUP, *LOOKALIKES, "lone\udcff\udc80"]
    arguments = ["\x1b]0;PWNED\x07", "[@click=app.quit]x[/]", "\u202egpj.exe"]
    process = subprocess.Popen(
        [sys.executable, "-c", TARGET, str(tmp_path), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(names).encode() + b"\n")
    process.stdin.flush()
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def harmless(term: Terminal) -> None:
    # Textual's own: the shape of the mouse pointer.
    raw = re.sub(rb"\x1b\]22;[a-z-]*\x07", b"", bytes(term.raw))
    found = [sequence for sequence in FORBIDDEN if sequence in raw]
    assert not found, term.text
    assert "PWNED" not in term.screen.title
    assert term.process.poll() is None, term.text


def settle(term: Terminal) -> None:
    """Let everything that was asked for arrive."""
    while term.pump(0.4):
        pass


def test_no_screen_hands_on_what_a_terminal_acts_on(target: subprocess.Popen[bytes]) -> None:
    with Terminal([]) as term:
        term.wait_for("processes,")
        term.press("/", str(target.pid), "enter")
        term.wait_for("1 process")
        term.wait_for(r"a) R 1\n\x1b")
        for key in ("i", "escape", "y", "escape", "?", "escape", "enter"):
            term.press(key)
            settle(term)
        term.wait_for("FLAGS")
        term.press("down")
        for _ in range(4):
            term.press("pagedown")
            settle(term)
        harmless(term)
        term.press("home")
        for key in ("down", "down", "down", "y", "escape", "enter"):
            term.press(key)
            settle(term)
        term.wait_for("pidfd_getfd - same description")
        for key in ("tab", "tab", "i", "f", "y", "escape", "escape"):
            term.press(key)
            settle(term)
        term.press("s")
        settle(term)
        harmless(term)
        term.press("2")
        term.wait_for("Machine")
        term.press("/", f"pid == {target.pid}", "enter")
        settle(term)
        term.press("pagedown")
        settle(term)
        term.press("3")
        term.wait_for("this session")
        settle(term)
        harmless(term)
        term.press("q")
        assert term.wait_exit() == 0
        assert term.restored() == []
    assert target.poll() is None


def test_no_way_straight_in_hands_it_on_either(
    target: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """Groups, the line that redirects, who has something, what is deleted."""
    with Terminal([]) as term:
        term.wait_for("processes,")
        term.press("/", str(target.pid), "enter")
        term.wait_for("1 process")
        term.press("w")
        term.wait_for("redirect fd 1 to")
        settle(term)
        term.press("escape", "enter")
        term.wait_for("FLAGS")
        term.press("u")
        term.wait_for("by kind")
        for key in ("enter", "pagedown", "end", "home", "down", "w", "escape", "u"):
            term.press(key)
            settle(term)
        term.wait_for("by description")
        harmless(term)
        term.press("1", "f", str(tmp_path), "enter")
        term.wait_for("who has ")
        for key in ("pagedown", "end", "y", "escape", "escape", "D", "end"):
            term.press(key)
            settle(term)
        term.wait_for("deleted but open")
        harmless(term)
    assert target.poll() is None


def test_a_name_cannot_act_or_end_the_app(target: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """Markup in a name is text: it is shown as it is, and the app goes on."""
    with Terminal([str(target.pid)]) as term:
        term.wait_for("FLAGS")
        term.press("/", "[@click", "enter")
        term.wait_for("[@click=app.quit]quit[_]")
        settle(term)
        harmless(term)
        term.press("escape", "/", "socket:[1]", "enter")
        text = term.wait_for("socket:[1]")
        row = next(line for line in text.split("\n") if line.endswith("socket:[1]"))
        assert "regular" in row
        term.press("escape", "/", "plain", "enter")
        text = term.wait_for("plain (deleted)")
        harmless(term)


@pytest.mark.parametrize("options", [[], ["--json"], ["--jsonl"]], ids=["table", "json", "jsonl"])
def test_ls_prints_nothing_that_a_terminal_acts_on(
    target: subprocess.Popen[bytes], options: list[str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fdtui", "ls", "-p", str(target.pid), *options],
        capture_output=True,
        check=True,
        env={**os.environ, "COLUMNS": "300"},
    )
    assert b"\x1b" not in done.stdout
    assert not [sequence for sequence in FORBIDDEN if sequence in done.stdout]
    assert b"PWNED" in done.stdout
