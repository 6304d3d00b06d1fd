"""Dumps by keys in the real program: from every place, stopped, over nothing, on a full disk."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from fdtui.linux.procfs import ProcFs
from tests import screens
from tests.disks import small_disk
from tests.keys import Keys
from tests.puppets import Puppet, until

MIB = 1 << 20
DATA = bytes(range(256)) * 64


@pytest.fixture
def fd(puppet: Puppet, tmp_path: Path) -> int:
    """A deleted file, its offset at 7."""
    path = tmp_path / "precious.db"
    path.write_bytes(DATA)
    number: int = puppet(f"os.open({str(path)!r}, os.O_RDWR)")
    puppet(f"os.lseek({number}, 7, 0); os.unlink({str(path)!r})")
    return number


def in_descriptors(keys: Keys, fd: int) -> None:
    keys.select(fd)


def in_held(keys: Keys, fd: int) -> None:
    keys.select(fd)
    keys.press("s")
    keys.wait_for("Held 1")
    keys.press("3")
    keys.wait_for("IN TARGET")


def in_the_viewer(keys: Keys, fd: int) -> None:
    keys.select(fd)
    keys.press("enter")
    keys.wait_for("00 01 02 03")


def in_machine(keys: Keys, fd: int) -> None:
    keys.press("2")
    keys.wait_for(lambda text: "PID  NAME" in text and "descriptors" in text and " r-  " in text)
    keys.press("/")
    keys.wait_for(lambda text: text.splitlines()[1].startswith(" /"))
    keys.press(f"pid == {keys.pid} and fd == {fd}", "enter")
    keys.wait_for(lambda text: "precious.db" in text and f"{keys.pid}" in text)
    keys.wait_for(lambda text: "1 descriptor" in text or "1 of " in text)


@pytest.mark.parametrize("place", [in_descriptors, in_held, in_the_viewer, in_machine])
def test_it_is_dumped_from_every_place(
    puppet: Puppet, fd: int, tmp_path: Path, place: Callable[[Keys, int], None]
) -> None:
    before = puppet.fdinfo(fd)
    out = tmp_path / "out"
    with Keys(puppet.pid) as keys:
        place(keys, fd)
        keys.press("d")
        keys.below("dump to precious.db")
        keys.press("home", *["\x1b[3~"] * len("precious.db"))
        keys.below("dump to  ")
        keys.press(str(out), "enter")
        keys.wait_for(f"to {out}: 16.0 KB")
        assert out.read_bytes() == DATA
        assert puppet.fdinfo(fd) == before
        # Once more to the same place: it asks, and leaves it alone unless told to.
        out.write_bytes(b"mine")
        keys.press("d")
        keys.below("dump to precious.db")
        keys.press("home", *["\x1b[3~"] * len("precious.db"))
        keys.below("dump to  ")
        keys.press(str(out), "enter")
        keys.wait_for("4 bytes is there already")
        keys.press("enter")
        keys.below(f"dump to {out}")
        assert out.read_bytes() == b"mine"
        keys.press("enter")
        keys.wait_for("4 bytes is there already")
        keys.press("y")
        until(lambda: keys.pump() and out.read_bytes() == DATA)
    assert sorted(os.listdir(tmp_path)) == ["out"]


def keepers() -> list[int]:
    """Every keeper there is, also those of other sessions."""
    found = []
    for pid in ProcFs().pids():
        try:
            if ProcFs().stat(pid).comm == "fdtui-keeper":
                found.append(pid)
        except OSError:
            continue  # it has just ended
    return found


def has_open(pid: int, path: Path) -> bool:
    folder = Path(f"/proc/{pid}/fd")
    try:
        return str(path) in {os.readlink(folder / name) for name in os.listdir(folder)}
    except OSError:
        return False  # another one, which has just closed something or ended


@pytest.mark.needs_root
def test_progress_is_shown_and_escape_leaves_nothing(puppet: Puppet) -> None:
    """The copy is held up as soon as it is on its way, for memory is quick."""
    fd = puppet("os.memfd_create('large')")
    puppet(f"data = bytes(range(256)) * 4096 * 32; [os.write({fd}, data) for _ in range(24)]")
    folder = Path(tempfile.mkdtemp(dir="/dev/shm"))
    out = folder / "out"
    try:
        with Keys(puppet.pid) as keys:
            keys.select(fd)
            known = keepers()
            keys.press("d")
            keys.below("dump to large")
            keys.press("home", *["\x1b[3~"] * len("large"))
            keys.below("dump to  ")
            keys.press(str(out), "enter")
            part = Path(f"{out}.part")
            until(lambda: any(has_open(pid, part) for pid in known))
            (keeper,) = (pid for pid in known if has_open(pid, part))
            os.kill(keeper, signal.SIGSTOP)
            text = keys.below("dumping fd")
            assert "esc stops" in text
            assert not out.exists()
            keys.press("escape")
            keys.below("stopping the dump")
            os.kill(keeper, signal.SIGCONT)
            keys.wait_for("nothing is left of it")
            assert os.listdir(folder) == []
    finally:
        shutil.rmtree(folder)


@pytest.mark.needs_root
def test_a_full_disk_says_how_far_it_came(puppet: Puppet, tmp_path: Path) -> None:
    fd = puppet("os.memfd_create('m')")
    puppet(f"os.write({fd}, os.urandom({3 * MIB})); os.lseek({fd}, 7, 0)")
    before = puppet.fdinfo(fd)
    with small_disk(tmp_path / "disk") as disk, Keys(puppet.pid) as keys:
        keys.select(fd)
        keys.press("d")
        keys.below("dump to m ")
        keys.press("home", "\x1b[3~")
        keys.below("dump to  ")
        keys.press(f"{disk}/", "enter")
        keys.wait_for("No space left on device")
        assert os.listdir(disk) == ["m.part"]
        log = " ".join(keys.log(1))
        assert "1.0 MB of 3.0 MB are in it" in log
        assert "the target is untouched" in log
    assert puppet.fdinfo(fd) == before


def test_the_invented_machine_dumps_too(tmp_path: Path) -> None:
    async def check(on: screens.Driver) -> None:
        on.app.open_process(4182)
        await on.until("access.log")
        await on.press(*["down"] * 7)
        await on.press("d")
        await on.until("dump to access.log")
        await on.press(*["backspace"] * len("access.log"), *str(tmp_path / "out"), "enter")
        await on.until(f"to {tmp_path / 'out'}")
        await on.until("by read")
        assert (tmp_path / "out").stat().st_size > 0

    screens.drive(check)
