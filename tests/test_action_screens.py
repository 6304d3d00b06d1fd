"""Actions by keys: on live processes through the real keeper, and drawn on the invented machine."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from fdtui.errors import FdtuiError
from fdtui.keeper.actions.base import Outcome
from fdtui.tui.screens.actionmenu import ActionMenu
from fdtui.tui.screens.askline import AskLine
from fdtui.tui.screens.confirming import Confirm
from fdtui.tui.screens.dumping import Overwrite, Progress
from fdtui.tui.screens.running import Wanted, wanted
from tests import screens, snapshots
from tests.fakes import FakeKeeper
from tests.live_screens import Screens, drive
from tests.puppets import Puppet
from tests.terminal import Terminal

MIB = 1 << 20


@pytest.fixture
def puppet() -> Iterator[Puppet]:
    with Puppet() as puppet:
        yield puppet


def log_writer(puppet: Puppet, path: Path) -> int:
    """Open a log in it and write a line; returns the number."""
    fd: int = puppet(f"os.open({str(path)!r}, os.O_WRONLY | os.O_CREAT, 0o644)")
    puppet(f"os.write({fd}, b'the first line\\n')")
    return fd


async def select(on: Screens, fd: int) -> None:
    """Put the cursor on a descriptor."""
    from fdtui.tui.screens.descriptors import Descriptors

    screen = on.app.screen
    assert isinstance(screen, Descriptors)
    await on.until(lambda: screen.table.select(fd), f"fd {fd}")
    await on.until(lambda: (chosen := screen.selected()) is not None and chosen.fd == fd)


async def confirm(on: Screens, fd: int, key: str) -> Confirm:
    """Select a descriptor, choose an action, and come to its confirmation."""
    await select(on, fd)
    await on.press("x")
    await on.until(lambda: isinstance(on.app.screen, ActionMenu), "the menu")
    await on.press(key)
    await on.until(lambda: isinstance(on.app.screen, Confirm), "the confirmation")
    screen = on.app.screen
    assert isinstance(screen, Confirm)
    return screen


def test_truncate_and_rewind_by_keys(puppet: Puppet, tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    fd = log_writer(puppet, path)

    async def check(on: Screens) -> None:
        await confirm(on, fd, "t")
        text = on.text
        assert "15 bytes are gone, for everybody and for good." in text
        assert "ftruncate(fd, 0)  lseek(fd, 0, SEEK_SET)" in text
        assert path.read_bytes() == b"the first line\n"
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
        await confirm(on, fd, "t")
        await on.until(lambda: on.app.held_count == 1)
        before = puppet.fdinfo(fd)
        await on.press(key)
        await on.until(lambda: on.app.held_count == 0, "released")
        assert path.read_bytes() == b"the first line\n"
        assert puppet.fdinfo(fd) == before
        verbs = [line.split()[0] for line in on.log]
        assert verbs == ["took", "released"]

    drive(check, puppet.pid)


def test_what_was_held_before_stays_held(puppet: Puppet, tmp_path: Path) -> None:
    fd = log_writer(puppet, tmp_path / "app.log")

    async def check(on: Screens) -> None:
        await select(on, fd)
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
        await select(on, fd)
        await on.press("x")
        await on.until(lambda: isinstance(on.app.screen, ActionMenu))
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
        await select(on, fd)
        await on.press("x")
        await on.until(lambda: isinstance(on.app.screen, ActionMenu))
        await on.press("o")
        await on.until("seek OFFSET")
        await on.type("12 parsecs")
        await on.until("not a number of bytes: 12 parsecs")
        await on.type("6")
        await on.until(lambda: isinstance(on.app.screen, Confirm))
        await on.press("y")
        await on.until("moved fd")
        assert puppet.fdinfo(fd).pos == 6
        assert f"undo: fdtui act {puppet.pid}:{fd} seek 15" in on.text

    drive(check, puppet.pid)


def test_a_punch_behind_the_end_is_refused_in_the_line(puppet: Puppet, tmp_path: Path) -> None:
    fd = log_writer(puppet, tmp_path / "data")

    async def check(on: Screens) -> None:
        await select(on, fd)
        await on.press("x")
        await on.until(lambda: isinstance(on.app.screen, ActionMenu))
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
        await confirm(on, reader, "b")
        assert "Set O_NONBLOCK on" in on.text
        await on.press("y")
        await on.until("set O_NONBLOCK on")
        assert puppet.fdinfo(reader).flags & os.O_NONBLOCK
        await confirm(on, reader, "b")
        await on.press("y")
        await on.until("set O_NONBLOCK off")
        assert not puppet.fdinfo(reader).flags & os.O_NONBLOCK

    drive(check, puppet.pid)


def test_errors_are_told_exactly(puppet: Puppet) -> None:
    reader, writer = puppet("[*os.pipe()]")
    puppet(f"os.close({reader})")

    async def check(on: Screens) -> None:
        await select(on, writer)
        await on.press("x")
        await on.until(lambda: isinstance(on.app.screen, ActionMenu))
        await on.press("w")
        await on.until("write TEXT")
        await on.type(r"a line\n")
        await on.until(lambda: isinstance(on.app.screen, Confirm))
        await on.press("y")
        text = await on.until("(EPIPE)")
        assert "nobody is left to read it" in text
        await on.until(lambda: on.app.held_count == 0)  # nothing was done: let go

    drive(check, puppet.pid)


def test_a_short_write_says_how_many_bytes_went(puppet: Puppet) -> None:
    _, writer = puppet("[*os.pipe()]")
    puppet(f"os.set_blocking({writer}, False); os.write({writer}, bytes(65536 - 4096))")

    async def check(on: Screens) -> None:
        await select(on, writer)
        await on.press("x")
        await on.until(lambda: isinstance(on.app.screen, ActionMenu))
        await on.press("w")
        await on.until("write TEXT")
        await on.type("x" * 6000)
        await on.until(lambda: isinstance(on.app.screen, Confirm))
        await on.press("y")
        await on.until("wrote 4,096 of 6,000 bytes")
        assert "(EAGAIN)" in on.text

    drive(check, puppet.pid)


def test_redirect_names_the_risk_and_restore_brings_it_back(puppet: Puppet, tmp_path: Path) -> None:
    path, other = tmp_path / "app.log", tmp_path / "elsewhere"
    fd = log_writer(puppet, path)

    async def check(on: Screens) -> None:
        await select(on, fd)
        await on.press("x")
        await on.until(lambda: isinstance(on.app.screen, ActionMenu))
        assert "Restore what was redirected" not in on.text
        await on.press("greater_than_sign")
        await on.until("redirect TO")
        await on.type(str(other))
        text = await on.until(lambda: isinstance(on.app.screen, Confirm))
        text = on.text
        assert "injection" in text
        assert "in the target: openat" in text
        await on.press("y")
        await on.until("redirected fd")
        puppet(f"os.write({fd}, b'there')")
        assert other.read_bytes() == b"there"
        await on.until(lambda: on.app.held_count == 0, "the old one was let go of")
        assert f"fdtui act {puppet.pid}:{fd} restore" in "\n".join(on.log)
        await confirm(on, fd, "less_than_sign")
        await on.press("y")
        await on.until("restored fd")
        puppet(f"os.write({fd}, b'here')")
        assert path.read_bytes().endswith(b"here")

    drive(check, puppet.pid)


def test_dump_asks_never_overwrites_and_says_what_came_of_it(
    puppet: Puppet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "app.log"
    fd = log_writer(puppet, path)
    monkeypatch.chdir(tmp_path)

    async def check(on: Screens) -> None:
        await select(on, fd)
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
            await select(on, fd)
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
        await confirm(on, fd, "t")
        await on.press("d")
        await on.until("dump to app.log")
        await on.type(str(tmp_path / "kept"))
        await on.until(lambda: isinstance(on.app.screen, Confirm))
        assert (tmp_path / "kept").read_bytes() == b"the first line\n"
        await on.press("y")
        await on.until("truncated fd")
        assert path.read_bytes() == b""

    drive(check, puppet.pid)


def test_the_cost_of_holding_is_shown(puppet: Puppet) -> None:
    reader, writer = puppet("[*os.pipe()]")
    with Puppet() as other:
        other(f"r = os.open('/proc/{puppet.pid}/fd/{reader}', os.O_RDONLY)")
        puppet(f"os.close({reader})")

        async def check(on: Screens) -> None:
            await select(on, writer)
            await on.press("x")
            text = await on.until(lambda: isinstance(on.app.screen, ActionMenu))
            assert "costs" in on.text, text
            assert "end-of-file" in on.text
            await on.press("escape")

        drive(check, puppet.pid)


def test_bytes_are_edited_in_the_hex_view(puppet: Puppet, tmp_path: Path) -> None:
    path = tmp_path / "data"
    fd = puppet(f"os.open({str(path)!r}, os.O_RDWR | os.O_CREAT, 0o644)")
    puppet(f"os.write({fd}, b'\\x00\\x01\\x02 a header\\n')")

    async def check(on: Screens) -> None:
        await select(on, fd)
        await on.press("enter")
        await on.until("00 01 02")
        await on.press("e", "d", "e", "right", "f", "f")
        await on.until("de 01 ff")
        assert "editing, 2 bytes changed" in on.text
        assert "0-9 a-f overwrite" in on.text
        assert path.read_bytes()[:3] == b"\0\1\2"
        await on.press("enter")
        await on.until(lambda: isinstance(on.app.screen, Confirm))
        assert r'"\x00" becomes "\xde"' in on.text
        await on.press("escape")
        await on.until("de 01 ff")  # still typed
        await on.press("enter")
        await on.until(lambda: isinstance(on.app.screen, Confirm))
        await on.press("y")
        await on.until("wrote 2 bytes")
        assert path.read_bytes() == b"\xde\x01\xff a header\n"

    drive(check, puppet.pid)


def test_escape_drops_what_was_typed_and_others_bytes_cancel_it(
    puppet: Puppet, tmp_path: Path
) -> None:
    path = tmp_path / "data"
    fd = puppet(f"os.open({str(path)!r}, os.O_RDWR | os.O_CREAT, 0o644)")
    puppet(f"os.write({fd}, b'\\x00\\x01\\x02 a header\\n')")

    async def check(on: Screens) -> None:
        await select(on, fd)
        await on.press("enter")
        await on.until("00 01 02")
        await on.press("e", "a", "b")
        await on.until("ab 01 02")
        await on.press("escape")
        await on.until("00 01 02")
        await on.press("home", "e", "a", "b", "enter")
        await on.until(lambda: isinstance(on.app.screen, Confirm))
        with path.open("r+b") as file:
            file.write(b"\x77")
        await on.press("y")
        await on.until("look again: it changed")
        assert path.read_bytes()[:3] == b"\x77\x01\x02"

    drive(check, puppet.pid)


# Drawn


async def _at_the_log(on: screens.Driver) -> None:
    on.app.open_process(4182)
    await on.until("access.log")
    await on.press(*["down"] * 7)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
def test_the_confirmation_as_drawn(size: tuple[int, int]) -> None:
    async def check(on: screens.Driver) -> None:
        await _at_the_log(on)
        await on.press("x")
        await on.until("Act on")
        # The keeper's answer to what is held marks the row, also behind the menu.
        await on.until(lambda: on.app.holds)
        snapshots.check(on.app, f"action-menu-{size[0]}x{size[1]}")
        await on.press("t")
        await on.until("leave it alone")
        words = " ".join(on.text.replace("│", " ").split())
        assert words.count("same description: rewound too") == 2
        assert "its offset will lie beyond the end" in words
        snapshots.check(on.app, f"confirm-{size[0]}x{size[1]}")
        await on.press("enter")
        keeper = on.world.keeper
        assert isinstance(keeper, FakeKeeper)
        await on.until(lambda: "release 1" in keeper.asked)
        assert keeper.acting.performed == []

    screens.drive(check, size)


def test_the_menu_chooses_by_cursor_and_enter() -> None:
    async def check(on: screens.Driver) -> None:
        await _at_the_log(on)
        await on.press("x")
        await on.until("Act on")
        await on.press("down", "down", "enter")
        await on.until("truncate SIZE")
        await on.press("enter")
        await on.until("the offset stays")
        on.world.keeper.acting.outcomes.append(Outcome("truncated", "fd 7 of ingestd 4182 at all"))
        await on.press("y")
        await on.until("truncated fd 7 of ingestd 4182 at all")

    screens.drive(check)


def test_a_refusal_of_the_kernel_is_told_and_logged() -> None:
    async def check(on: screens.Driver) -> None:
        await _at_the_log(on)
        on.world.keeper.acting.outcomes.append(FdtuiError("ftruncate: Text file busy (ETXTBSY)"))
        await on.press("x")
        await on.until("Act on")
        await on.press("t")
        await on.until("leave it alone")
        await on.press("y")
        await on.until("(ETXTBSY)")
        assert [line.verb for line in on.app.log_of_session][-1] == "failed"

    screens.drive(check)


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
