"""A confirmation is for what was shown: what changed meanwhile cancels it, a log that grew not."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from fdtui.errors import CallFailed, FdtuiError
from fdtui.keeper.actions.doing import Changed
from fdtui.keeper.custody import Custody
from tests.acting import CHANGES, TEXT, File, confirm, custody_of, do, show
from tests.puppets import Puppet


@pytest.fixture
def file(puppet: Puppet, tmp_path: Path) -> File:
    return File(puppet, tmp_path / "file")


@pytest.fixture
def held(file: File) -> Iterator[Custody]:
    with custody_of(file.puppet.pid, file.fd) as custody:
        yield custody


@pytest.mark.parametrize("words", [words for words, _ in CHANGES], ids="-".join)
def test_another_file_behind_the_number_cancels(
    file: File, held: Custody, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """It is what was taken that would be changed, and it is not the target's any more."""
    shown = show(held, *words)
    before = file.path.read_bytes()
    other = tmp_path / "other"
    other.write_bytes(TEXT)
    file.puppet(f"os.dup2(os.open({str(other)!r}, os.O_RDWR), {file.fd})")
    with pytest.raises(Changed, match="changed since confirmed: the target's descriptor"):
        confirm(held, shown, *words)
    assert (file.path.read_bytes(), other.read_bytes()) == (before, TEXT)


def test_a_confirmation_is_for_one_description_only(
    file: File, held: Custody, tmp_path: Path
) -> None:
    """A look is acquired anew each time: the same number may be another file by then."""
    shown = show(held, "truncate-rewind")
    other = File(file.puppet, tmp_path / "other")
    with (
        custody_of(file.puppet.pid, other.fd) as another,
        pytest.raises(Changed, match="changed since confirmed: the file"),
    ):
        confirm(another, shown, "truncate-rewind")
    assert other.path.read_bytes() == TEXT


def test_two_eventfds_are_two_objects(puppet: Puppet) -> None:
    """All anonymous inodes are one file."""
    one, two = puppet("[os.eventfd(0), os.eventfd(0)]")
    with custody_of(puppet.pid, one) as first, custody_of(puppet.pid, two) as second:
        shown = show(first, "set-nonblock", "on")
        with pytest.raises(Changed, match="changed since confirmed: the object"):
            confirm(second, shown, "set-nonblock", "on")
    assert puppet(f"os.get_blocking({two})")


def test_bytes_changed_under_a_write_cancel_it(file: File, held: Custody) -> None:
    for words in (("pwrite", "10", "abc"), ("edit", "10", "012", "abc"), ("punch", "10", "3")):
        shown = show(held, *words)
        file.puppet(f"os.pwrite({file.fd}, b'X', 12)")
        with pytest.raises(Changed, match="the bytes at 0xa = 10"):
            confirm(held, shown, *words)
        assert file.path.read_bytes() == TEXT[:12] + b"X" + TEXT[13:]
        file.puppet(f"os.pwrite({file.fd}, b'2', 12)")
        confirm(held, shown, *words)
        file.puppet(f"os.pwrite({file.fd}, b'0123', 10)")


def test_an_edit_whose_second_stretch_changed_writes_nothing(file: File, held: Custody) -> None:
    words = ("edit", "0", "0", "x", "50", "0", "y")
    shown = show(held, *words)
    file.puppet(f"os.pwrite({file.fd}, b'Z', 50)")
    with pytest.raises(Changed):
        confirm(held, shown, *words)
    assert file.path.read_bytes() == TEXT[:50] + b"Z" + TEXT[51:]
    with pytest.raises(FdtuiError, match='is "Z", not "0"'):
        show(held, *words)


def test_a_log_that_grew_is_the_same_log(file: File, held: Custody) -> None:
    for words in (("truncate",), ("truncate-rewind",), ("append", "x"), ("seek", "0")):
        shown = show(held, *words)
        file.puppet(f"os.lseek({file.fd}, 0, 2); os.write({file.fd}, b'grown')")
        confirm(held, shown, *words)


def test_a_truncation_that_would_lengthen_is_another_one(file: File, held: Custody) -> None:
    shown = show(held, "truncate", "50")
    os.truncate(file.path, 10)
    with pytest.raises(Changed, match="was shortens it is lengthens it"):
        confirm(held, shown, "truncate", "50")
    assert file.path.read_bytes() == TEXT[:10]


def test_writing_is_bound_to_the_offset_or_to_the_end(file: File, held: Custody) -> None:
    shown = show(held, "write", "ab")
    file.puppet(f"os.lseek({file.fd}, 50, 0)")
    with pytest.raises(Changed, match="the place was 40 is 50"):
        confirm(held, shown, "write", "ab")
    file.puppet(f"os.lseek({file.fd}, 0, 2)")
    shown = show(held, "write", "ab")
    file.puppet(f"os.write({file.fd}, b'grown')")
    outcome = confirm(held, shown, "write", "ab")
    assert file.path.read_bytes() == TEXT + b"grownab"
    assert outcome.undo_note == "while nobody wrote after it: truncate 105, then seek 105"


def test_a_write_in_the_middle_is_not_undone_by_truncating(file: File, held: Custody) -> None:
    assert do(held, "write", "ab").undo_note == "none"


def test_with_o_append_the_place_is_the_end_wherever_the_offset_is(
    file: File, held: Custody
) -> None:
    do(held, "set-append", "on")
    shown = show(held, "write", "ab")
    file.puppet(f"os.write({file.fd}, b'grown'); os.lseek({file.fd}, 3, 0)")
    confirm(held, shown, "write", "ab")
    assert file.path.read_bytes() == TEXT + b"grownab"


def test_a_flag_that_somebody_else_set_cancels(file: File, held: Custody) -> None:
    shown = show(held, "set-append", "on")
    file.puppet(f"fcntl.fcntl({file.fd}, fcntl.F_SETFL, os.O_APPEND)")
    with pytest.raises(Changed, match="O_APPEND off is O_APPEND on"):
        confirm(held, shown, "set-append", "on")


def test_a_closed_target_cancels_and_can_be_confirmed_anew(file: File, held: Custody) -> None:
    shown = show(held, "truncate")
    file.puppet(f"os.close({file.fd})")
    with pytest.raises(Changed, match="was open is closed"):
        confirm(held, shown, "truncate")
    assert "which closed it" in show(held, "truncate").held[2]
    shown = show(held, "truncate")
    file.puppet.kill()
    with pytest.raises(Changed, match="was closed is exited"):
        confirm(held, shown, "truncate")
    do(held, "truncate")
    assert file.path.read_bytes() == b""


def test_give_is_bound_to_the_socket_that_listens(
    file: File, held: Custody, tmp_path: Path
) -> None:
    path = tmp_path / "socket"
    with pytest.raises(CallFailed, match="No such file"):
        show(held, "give", str(path))
    for _ in range(2):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            shown = show(held, "give", str(path))
        with pytest.raises(CallFailed, match="nobody listens there"):
            confirm(held, shown, "give", str(path))
        path.rename(tmp_path / "kept")
    path.touch()
    with pytest.raises(Changed, match="the socket"):
        confirm(held, shown, "give", str(path))
