"""Actions by keys on live processes through the real keeper."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fdtui.tui.screens.actionmenu import ActionMenu
from fdtui.tui.screens.askline import AskLine
from tests.live_screens import LINE, Screens, drive, log_writer
from tests.puppets import Puppet


def test_truncate_and_rewind_by_keys(puppet: Puppet, tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    fd = log_writer(puppet, path)

    async def check(on: Screens) -> None:
        await on.choose(fd, "t")
        text = on.text
        assert "15 bytes are gone, for everybody and for good." in text
        assert "ftruncate(fd, 0)  lseek(fd, 0, SEEK_SET)" in text
        assert path.read_bytes() == LINE
        await on.press("y")
        await on.until("truncated fd")
        assert path.read_bytes() == b""
        puppet(f"os.write({fd}, b'new\\n')")
        assert path.read_bytes() == b"new\n"
        assert path.stat().st_blocks * 512 <= 4096
        assert any(line.startswith("truncated python") for line in on.log)
        assert any(line.startswith("undo") for line in on.log)
        await on.until(lambda: on.app.held_count == 1)  # it was taken for this, and is kept

    drive(check, puppet.pid)


@pytest.mark.parametrize("key", ["enter", "escape"])
def test_enter_and_escape_leave_it_alone_and_let_go(
    puppet: Puppet, tmp_path: Path, key: str
) -> None:
    path = tmp_path / "app.log"
    fd = log_writer(puppet, path)

    async def check(on: Screens) -> None:
        await on.choose(fd, "t")
        await on.until(lambda: on.app.held_count == 1)
        before = puppet.fdinfo(fd)
        await on.press(key)
        await on.until(lambda: on.app.held_count == 0, "released")
        assert path.read_bytes() == LINE
        assert puppet.fdinfo(fd) == before
        verbs = [line.split()[0] for line in on.log]
        assert verbs == ["took", "released"]

    drive(check, puppet.pid)


def test_what_was_held_before_stays_held(puppet: Puppet, tmp_path: Path) -> None:
    fd = log_writer(puppet, tmp_path / "app.log")

    async def check(on: Screens) -> None:
        await on.select(fd)
        await on.press("s")
        await on.until(lambda: on.app.held_count == 1)
        await on.press("x")
        await on.until(lambda: isinstance(on.app.screen, ActionMenu))
        assert "released again" not in on.text
        await on.press("escape")
        await on.press("3")
        await on.until("pidfd_getfd")
        await on.press("x")
        await on.until(lambda: isinstance(on.app.screen, ActionMenu))
        await on.press("escape")
        assert on.app.held_count == 1

    drive(check, puppet.pid)


def test_changed_since_confirmed_does_nothing_and_asks_again(
    puppet: Puppet, tmp_path: Path
) -> None:
    path = tmp_path / "data"
    fd = log_writer(puppet, path)

    async def check(on: Screens) -> None:
        await on.menu(fd)
        await on.press("W")
        await on.until("pwrite OFFSET")
        await on.type("4")
        await on.until("pwrite 4 TEXT")
        await on.type("FIRST")
        await on.until("there now")
        assert '"first"' in on.text
        path.write_bytes(b"the other line\n")
        await on.press("y")
        text = await on.until("nothing was done")
        assert "changed since confirmed: the bytes at 0x4 = 4" in text
        assert '"other"' in text  # what is there now is shown, to be confirmed anew
        assert path.read_bytes() == b"the other line\n"
        await on.press("y")
        await on.until("wrote 5 bytes")
        assert path.read_bytes() == b"the FIRST line\n"
        undo = next(line for line in on.log if line.startswith("undo"))
        assert f"fdtui act {puppet.pid}:{fd} pwrite 0x4 other" in undo

    drive(check, puppet.pid)


def test_mistakes_in_arguments_are_told_where_they_are_typed(
    puppet: Puppet, tmp_path: Path
) -> None:
    fd = log_writer(puppet, tmp_path / "data")

    async def check(on: Screens) -> None:
        await on.choose(
            fd, "o", ("seek OFFSET", "12 parsecs"), ("not a number of bytes: 12 parsecs", "6")
        )
        await on.press("y")
        await on.until("moved fd")
        assert puppet.fdinfo(fd).pos == 6
        assert f"undo: fdtui act {puppet.pid}:{fd} seek 15" in on.text

    drive(check, puppet.pid)


def test_a_punch_behind_the_end_is_refused_in_the_line(puppet: Puppet, tmp_path: Path) -> None:
    fd = log_writer(puppet, tmp_path / "data")

    async def check(on: Screens) -> None:
        await on.menu(fd)
        await on.press("p")
        await on.until("punch OFFSET")
        await on.type("1M")
        await on.until("punch 1M LENGTH")
        await on.type("4K")
        await on.until("is behind the end")
        assert isinstance(on.app.screen, AskLine)
        await on.press("escape")
        await on.until(lambda: on.app.held_count == 0)

    drive(check, puppet.pid)


def test_a_flag_is_toggled_without_typing(puppet: Puppet) -> None:
    reader, _ = puppet("[*os.pipe()]")

    async def check(on: Screens) -> None:
        await on.choose(reader, "b")
        assert "Set O_NONBLOCK on" in on.text
        await on.press("y")
        await on.until("set O_NONBLOCK on")
        assert puppet.fdinfo(reader).flags & os.O_NONBLOCK
        await on.choose(reader, "b")
        await on.press("y")
        await on.until("set O_NONBLOCK off")
        assert not puppet.fdinfo(reader).flags & os.O_NONBLOCK

    drive(check, puppet.pid)


def test_errors_are_told_exactly(puppet: Puppet) -> None:
    reader, writer = puppet("[*os.pipe()]")
    puppet(f"os.close({reader})")

    async def check(on: Screens) -> None:
        await on.choose(writer, "w", ("write TEXT", r"a line\n"))
        await on.press("y")
        text = await on.until("(EPIPE)")
        assert "nobody is left to read it" in text
        await on.until(lambda: on.app.held_count == 0)  # nothing was done: let go

    drive(check, puppet.pid)


def test_a_short_write_says_how_many_bytes_went(puppet: Puppet) -> None:
    _, writer = puppet("[*os.pipe()]")
    puppet(f"os.set_blocking({writer}, False); os.write({writer}, bytes(65536 - 4096))")

    async def check(on: Screens) -> None:
        await on.choose(writer, "w", ("write TEXT", "x" * 6000))
        await on.press("y")
        await on.until("wrote 4,096 of 6,000 bytes")
        assert "(EAGAIN)" in on.text

    drive(check, puppet.pid)


def test_redirect_names_the_risk_and_restore_brings_it_back(puppet: Puppet, tmp_path: Path) -> None:
    path, other = tmp_path / "app.log", tmp_path / "elsewhere"
    fd = log_writer(puppet, path)

    async def check(on: Screens) -> None:
        await on.menu(fd)
        assert "Restore what was redirected" not in on.text
        await on.press("greater_than_sign")
        await on.until("redirect TO")
        await on.type(str(other))
        text = await on.confirmation()
        text = on.text
        assert "injection" in text
        assert "in the target: openat" in text
        await on.press("y")
        await on.until("redirected fd")
        puppet(f"os.write({fd}, b'there')")
        assert other.read_bytes() == b"there"
        await on.until(lambda: on.app.held_count == 0, "the old one was let go of")
        assert f"fdtui act {puppet.pid}:{fd} restore" in "\n".join(on.log)
        await on.choose(fd, "less_than_sign")
        await on.press("y")
        await on.until("restored fd")
        puppet(f"os.write({fd}, b'here')")
        assert path.read_bytes().endswith(b"here")

    drive(check, puppet.pid)


def test_the_cost_of_holding_is_shown(puppet: Puppet) -> None:
    reader, writer = puppet("[*os.pipe()]")
    with Puppet() as other:
        other(f"r = os.open('/proc/{puppet.pid}/fd/{reader}', os.O_RDONLY)")
        puppet(f"os.close({reader})")

        async def check(on: Screens) -> None:
            await on.select(writer)
            await on.press("x")
            text = await on.until(lambda: isinstance(on.app.screen, ActionMenu))
            assert "costs" in on.text, text
            assert "end-of-file" in on.text
            await on.press("escape")

        drive(check, puppet.pid)
