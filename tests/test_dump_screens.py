"""Dumps by keys: never over a file, stopped without a trace, before an action."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from fdtui.tui.screens.askline import AskLine
from fdtui.tui.screens.dumping import Overwrite, Progress
from tests.live_screens import LINE, Screens, drive, log_writer
from tests.puppets import Puppet

MIB = 1 << 20


def test_dump_asks_never_overwrites_and_says_what_came_of_it(
    puppet: Puppet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "app.log"
    fd = log_writer(puppet, path)
    monkeypatch.chdir(tmp_path)

    async def check(on: Screens) -> None:
        await on.select(fd)
        await on.press("d")
        await on.until("dump to app.log")
        await on.press("enter")
        await on.until("app.log is the file itself")
        await on.press("d")
        await on.until("dump to app.log")
        await on.type("copy")
        await on.until("dumped fd")
        assert (tmp_path / "copy").read_bytes() == path.read_bytes()
        (tmp_path / "copy").write_bytes(b"old")
        await on.press("d")
        await on.until("dump to app.log")
        await on.type("copy")
        await on.until(lambda: isinstance(on.app.screen, Overwrite))
        await on.press("enter")
        await on.until(lambda: isinstance(on.app.screen, AskLine))
        assert (tmp_path / "copy").read_bytes() == b"old"
        await on.press("enter")
        await on.until(lambda: isinstance(on.app.screen, Overwrite))
        await on.press("y")
        await on.until(lambda: (tmp_path / "copy").read_bytes() == path.read_bytes())
        assert on.app.held_count == 0

    drive(check, puppet.pid)


def test_a_dump_shows_how_far_it_is_and_escape_leaves_nothing(
    puppet: Puppet, tmp_path: Path
) -> None:
    """The keeper is held up, so that it cannot be done before the key is pressed."""
    source = Path("/dev/shm") / f"fdtui-big-{os.getpid()}"
    fd = puppet(f"os.open({str(source)!r}, os.O_RDWR | os.O_CREAT, 0o600)")
    try:
        puppet(f"[os.write({fd}, os.urandom({MIB})) for _ in range(300)]")

        part = str(tmp_path / "copy.part")

        async def check(on: Screens) -> None:
            await on.select(fd)
            await on.press("d")
            await on.until("dump to")
            guard.start(
                f"while not (os.path.exists({part!r}) and os.stat({part!r}).st_size >= {24 * MIB}):"
                f" pass\nos.kill({on.app.keeper.pid}, signal.SIGSTOP)"
            )
            try:
                await on.type(str(tmp_path / "copy"))
                await on.until(lambda: " of 300 MB" in on.text)
                assert isinstance(on.app.screen, Progress)
                assert "━" in on.text
                assert "esc stops" in on.text
                await on.press("escape")
                assert guard.answer() is None
            finally:
                os.kill(on.app.keeper.pid, signal.SIGCONT)
            await on.until("stopped dump of")
            assert list(tmp_path.iterdir()) == []

        with Puppet() as guard:
            drive(check, puppet.pid)
    finally:
        source.unlink()


def test_dump_first_comes_back_to_the_confirmation(puppet: Puppet, tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    fd = log_writer(puppet, path)

    async def check(on: Screens) -> None:
        await on.choose(fd, "t")
        await on.press("d")
        await on.until("dump to app.log")
        await on.type(str(tmp_path / "kept"))
        await on.confirmation()
        assert (tmp_path / "kept").read_bytes() == LINE
        await on.press("y")
        await on.until("truncated fd")
        assert path.read_bytes() == b""

    drive(check, puppet.pid)
