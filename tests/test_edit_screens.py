"""Bytes edited in the hex view of a live file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live_screens import Screens, drive
from tests.puppets import Puppet


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "data"
    path.write_bytes(b"\0\1\2 a header\n")
    return path


@pytest.fixture
def fd(puppet: Puppet, path: Path) -> int:
    number: int = puppet(f"os.open({str(path)!r}, os.O_RDWR)")
    return number


def test_bytes_are_edited_in_the_hex_view(puppet: Puppet, path: Path, fd: int) -> None:
    async def check(on: Screens) -> None:
        await on.select(fd)
        await on.press("enter")
        await on.until("00 01 02")
        await on.press("e", "d", "e", "right", "f", "f")
        await on.until("de 01 ff")
        assert "editing, 2 bytes changed" in on.text
        assert "0-9 a-f overwrite" in on.text
        assert path.read_bytes()[:3] == b"\0\1\2"
        await on.press("enter")
        await on.confirmation()
        assert r'"\x00" becomes "\xde"' in on.text
        await on.press("escape")
        await on.until("de 01 ff")  # still typed
        await on.press("enter")
        await on.confirmation()
        await on.press("y")
        await on.until("wrote 2 bytes")
        assert path.read_bytes() == b"\xde\x01\xff a header\n"

    drive(check, puppet.pid)


def test_escape_drops_what_was_typed_and_others_bytes_cancel_it(
    puppet: Puppet, path: Path, fd: int
) -> None:
    async def check(on: Screens) -> None:
        await on.select(fd)
        await on.press("enter")
        await on.until("00 01 02")
        await on.press("e", "a", "b")
        await on.until("ab 01 02")
        await on.press("escape")
        await on.until("00 01 02")
        await on.press("home", "e", "a", "b", "enter")
        await on.confirmation()
        with path.open("r+b") as file:
            file.write(b"\x77")
        await on.press("y")
        await on.until("look again: it changed")
        assert path.read_bytes()[:3] == b"\x77\x01\x02"

    drive(check, puppet.pid)
