"""A command that inherits a descriptor, by keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from fdtui.tui.screens.running import Wanted, wanted
from tests.puppets import Puppet
from tests.terminal import Terminal


@pytest.mark.parametrize(
    ("typed", "access", "number", "command"),
    [
        ("gzip -c >x", 4, 0, "gzip -c >x"),
        ("cat", 2, 1, "cat"),
        ("5= ./inspect --fd 5", 6, 5, "./inspect --fd 5"),
        ("A=1 sh", 4, 0, "A=1 sh"),
    ],
)
def test_a_command_gets_it_as_the_number_that_is_typed(
    typed: str, access: int, number: int, command: str
) -> None:
    assert wanted(typed, access) == Wanted(number, command)


def test_a_command_runs_on_the_terminal_and_the_screen_comes_back(
    puppet: Puppet, tmp_path: Path
) -> None:
    path = tmp_path / "data"
    fd = puppet(f"os.open({str(path)!r}, os.O_RDWR | os.O_CREAT, 0o644)")
    puppet(f"os.write({fd}, b'seen by the command\\n')")
    before = puppet.fdinfo(fd)
    with Terminal([str(puppet.pid)]) as terminal:
        terminal.wait_for(path.name)
        terminal.press("end", "up", "up", "up")
        terminal.wait_for(lambda text: f"─ fd {fd}  regular" in text)
        terminal.press("!")
        terminal.wait_for("private: opened anew")
        terminal.press("\t")
        terminal.wait_for("shared with the target")
        terminal.press("\t")
        terminal.wait_for("private: opened anew")
        terminal.press("tr a-z A-Z; exit 7", "enter")
        terminal.wait_for("exit status 7")
        assert "SEEN BY THE COMMAND" in terminal.text
        terminal.press("enter")
        terminal.wait_for("exit status 7")
        terminal.wait_for("FD  KIND")
        assert puppet.fdinfo(fd) == before
        terminal.press("q")
        assert terminal.wait_exit() == 0
        assert terminal.restored() == []
