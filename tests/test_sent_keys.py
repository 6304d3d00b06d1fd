"""`!` on what was sent to the inbox, in the real program: the description itself for a command."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.puppets import until
from tests.terminal import Terminal

SEND = [sys.executable, "-m", "fdtui", "send"]
TEXT = b"0123456789" * 10


@contextmanager
def with_a_gift(path: Path) -> Iterator[tuple[Terminal, int]]:
    """fdtui in Held with a file that was sent, read up to byte 40; and our own number of it."""
    path.write_bytes(TEXT)
    mine = os.open(path, os.O_RDWR)
    os.lseek(mine, 40, os.SEEK_SET)
    folder = path.parent / "tmp"
    folder.mkdir()
    with Terminal([], environment={"TMPDIR": str(folder)}) as terminal:
        terminal.wait_for("processes,")
        terminal.press("3")
        text = terminal.wait_for("--session")
        session = re.search(r"--session (\w+)", text)
        assert session is not None
        subprocess.run(
            [*SEND, str(mine), "--label", "a gift", "--session", session[1]],
            pass_fds=(mine,),
            env={**os.environ, "TMPDIR": str(folder)},
            check=True,
            timeout=20,
        )
        terminal.wait_for(lambda text: "Held 1" in text and "a gift from" in text)
        try:
            yield terminal, mine
        finally:
            os.close(mine)


def test_the_command_gets_the_description_and_nothing_else(tmp_path: Path) -> None:
    out, listing = tmp_path / "out", tmp_path / "listing"
    with with_a_gift(tmp_path / "data") as (terminal, mine):
        terminal.press("!")
        terminal.wait_for("shared with whoever sent it")
        command = f"ls -l /proc/self/fd >{listing}; dd bs=10 count=1 of={out}"
        terminal.press(command, "enter")
        terminal.wait_for("exit status 0")
        terminal.press("enter")
        terminal.wait_for("IN TARGET")
        assert out.read_bytes() == TEXT[40:50]
        assert os.lseek(mine, 0, os.SEEK_CUR) == 50, "one description"
        links = re.findall(r" (\d+) -> (.*)$", listing.read_text(), re.MULTILINE)
        assert dict(links)["0"] == str(tmp_path / "data")
        assert {number for number, link in links if not link.startswith("/proc/")} == {
            *("0", "1", "2")
        }
        # It is still held, and may be given once more, as another number.
        terminal.press("!")
        terminal.wait_for("shared with whoever sent it")
        terminal.press("7= dd bs=10 count=1 <&7 of=" + str(out) + "; exit 3", "enter")
        terminal.wait_for("exit status 3")
        terminal.press("enter")
        terminal.wait_for("IN TARGET")
        assert out.read_bytes() == TEXT[50:60]
        terminal.press("L")
        until(lambda: terminal.pump() and "with a gift from pid" in terminal.text)
        assert not list((tmp_path / "tmp").glob("fdtui-*/s")), "no socket is left"


def test_escape_gives_nothing(tmp_path: Path) -> None:
    with with_a_gift(tmp_path / "data") as (terminal, mine):
        terminal.press("!")
        terminal.wait_for("shared with whoever sent it")
        terminal.press("escape")
        terminal.wait_for(lambda text: "shared with whoever" not in text)
        assert os.lseek(mine, 0, os.SEEK_CUR) == 40
