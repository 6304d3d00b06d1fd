"""Each action on a live target: exactly the change it names, undone where it says so."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fdtui.errors import CallFailed, FdtuiError
from fdtui.keeper.actions import actions, fitting
from fdtui.keeper.actions.affected import affected
from fdtui.keeper.actions.base import command_line, effect_on_opener
from fdtui.keeper.actions.codec import (
    args_from,
    args_json,
    outcome_from,
    outcome_json,
    preview_from,
    preview_json,
)
from fdtui.keeper.actions.doing import Changed, holding, outcome_words
from fdtui.keeper.custody import Custody
from fdtui.linux.status import read_status
from tests.acting import CHANGES, TEXT, File, confirm, custody_of, do, show, undo
from tests.puppets import Puppet

CAP_SYS_RESOURCE = 24


@pytest.fixture
def file(puppet: Puppet, tmp_path: Path) -> File:
    return File(puppet, tmp_path / "file")


@pytest.fixture
def held(file: File) -> Iterator[Custody]:
    with custody_of(file.puppet.pid, file.fd) as custody:
        yield custody


UNDONE = ("pwrite 0x2", "pwrite 100", "append", "edit", "truncate 102", "seek", "set-append")


@pytest.mark.parametrize(("words", "change"), CHANGES, ids="-".join)
def test_a_file_changes_as_named_and_not_otherwise(
    file: File, held: Custody, words: tuple[str, ...], change: dict[str, Any]
) -> None:
    before = file.state()
    shown = show(held, *words)
    assert file.changed(before) == {}, "showing it changed something"
    outcome = confirm(held, shown, *words)
    assert file.changed(before) == change
    if " ".join(words).startswith(UNDONE):
        undo(held, outcome)
        assert file.changed(before) == {}
    assert outcome.undo or outcome.undo_note


def test_truncate_rewind_append_sets_the_flag_as_well(file: File, held: Custody) -> None:
    before = file.state()
    outcome = do(held, "truncate-rewind", "append")
    assert file.changed(before) == {"content": b"", "size": 0, "pos": 0, "flags": 0o2102002}
    assert outcome.undo == ("set-append", "off")
    do(held, "set-append", "off")
    assert file.changed(before) == {"content": b"", "size": 0, "pos": 0}


def test_pwrite_and_edit_of_an_append_file_land_where_they_say(
    puppet: Puppet, tmp_path: Path
) -> None:
    file = File(puppet, tmp_path / "log", "os.O_WRONLY | os.O_APPEND")
    with custody_of(puppet.pid, file.fd) as held:
        before = file.state()
        outcome = do(held, "pwrite", "0", "ab")
        assert file.changed(before) == {"content": b"ab" + TEXT[2:]}
        undo(held, outcome)
        assert "passed over" in str(show(held, "edit", "0", "01", "xy").notes)
        do(held, "edit", "0", "01", "xy")
        assert file.changed(before) == {"content": b"xy" + TEXT[2:]}


def test_a_busy_log_truncated_and_rewound_has_no_hole(puppet: Puppet, tmp_path: Path) -> None:
    """Also when the target writes between ftruncate(2) and lseek(2)."""
    file = File(puppet, tmp_path / "log", "os.O_WRONLY")
    puppet(f"""
def scribble():
    while going:
        os.write({file.fd}, b'a line of the log\\n')
going = True
thread = threading.Thread(target=scribble)
thread.start()
""")
    with custody_of(puppet.pid, file.fd) as held:
        for _ in range(200):
            do(held, "truncate-rewind")
        puppet("going = False; thread.join()")
        puppet(f"os.write({file.fd}, b'a line of the log\\n')")
        content = file.path.read_bytes()
    assert content == b"a line of the log\n" * (len(content) // 18) != b""


def test_what_does_not_fit_is_refused_with_a_reason(puppet: Puppet, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(TEXT)
    reading = puppet(f"os.open({str(path)!r}, os.O_RDONLY)")
    with custody_of(puppet.pid, reading) as held:
        for words in (("write", "x"), ("truncate",), ("pwrite", "0", "x"), ("punch", "0", "1")):
            with pytest.raises(FdtuiError, match="it is not open for writing"):
                show(held, *words)
        with pytest.raises(FdtuiError, match="send is not for kind regular"):
            show(held, "send", "x")
        with pytest.raises(FdtuiError, match="the description holds no lock"):
            show(held, "unlock")
        names = [action.name for action in fitting("regular", held.entry)]
        assert {"seek", "sync", "give"} <= set(names)
        assert not {"write", "truncate-rewind", "drain", "set-nonblock", "unlock"} & set(names)
        do(held, "seek", "7")
    assert puppet.fdinfo(reading).pos == 7


def test_a_posix_lock_is_not_ours_to_release(puppet: Puppet, tmp_path: Path) -> None:
    file = File(puppet, tmp_path / "file")
    puppet(f"fcntl.lockf({file.fd}, fcntl.LOCK_EX)")
    with custody_of(puppet.pid, file.fd) as held:
        with pytest.raises(FdtuiError, match="POSIX lock"):
            show(held, "unlock")
        puppet(f"fcntl.flock({file.fd}, fcntl.LOCK_EX)")
        shown = show(held, "unlock")
        assert shown.now == ("flock WRITE 0 to EOF", "100 bytes", "offset 40")
        puppet(f"fcntl.flock({file.fd}, fcntl.LOCK_SH)")
        with pytest.raises(Changed, match="the locks"):
            confirm(held, shown, "unlock")
        do(held, "unlock")
        assert [line.split()[1] for line in puppet.fdinfo(file.fd).all("lock")] == ["POSIX"]


def test_a_sealed_memfd_says_so(puppet: Puppet) -> None:
    fd = puppet("os.memfd_create('m', os.MFD_ALLOW_SEALING)")
    puppet(f"os.write({fd}, b'content'); fcntl.fcntl({fd}, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)")
    with custody_of(puppet.pid, fd) as held:
        with pytest.raises(CallFailed, match=r"ftruncate\(fd .* sealed: F_SEAL_SHRINK \(EPERM\)"):
            do(held, "truncate")
        with pytest.raises(CallFailed):
            do(held, "truncate-rewind", "append")
        assert not puppet.fdinfo(fd).flags & os.O_APPEND, "a failure leaves the flag"
        do(held, "pwrite", "0", "C")
        assert puppet(f"os.pread({fd}, 7, 0)") == "Content"


def test_pipes(puppet: Puppet) -> None:
    reader, writer = puppet("[*os.pipe()]")
    puppet(f"os.write({writer}, b'queued')")
    with custody_of(puppet.pid, reader) as read_end, custody_of(puppet.pid, writer) as write_end:
        before = puppet.fdinfo(reader), puppet.fdinfo(writer)
        assert show(read_end, "drain").now == ("6 bytes queued", '"queued"')
        outcome = do(write_end, "pipe-size", "1M")
        undo(write_end, outcome)
        shown = show(read_end, "drain")
        do(write_end, "write", r" more\n")
        assert confirm(read_end, shown, "drain").words.startswith("6 bytes")
        assert puppet(f"os.read({reader}, 100)") == " more\n"
        puppet(f"os.write({writer}, b'first second')")
        shown = show(read_end, "drain")
        puppet(f"os.read({reader}, 6)")
        with pytest.raises(Changed, match="what is queued"):
            confirm(read_end, shown, "drain")
        assert puppet(f"os.read({reader}, 100)") == "second"
        with pytest.raises(FdtuiError, match="it is not open for reading"):
            show(write_end, "drain")
        assert (puppet.fdinfo(reader), puppet.fdinfo(writer)) == before


def test_the_limit_of_pipes_is_named(puppet: Puppet) -> None:
    limit = int(Path("/proc/sys/fs/pipe-max-size").read_text())
    reader, _ = puppet("[*os.pipe()]")
    with custody_of(puppet.pid, reader) as held:
        if read_status().capable(CAP_SYS_RESOURCE):
            do(held, "pipe-size", str(limit * 2))
        else:
            with pytest.raises(CallFailed, match=r"above fs\.pipe-max-size"):
                do(held, "pipe-size", str(limit * 2))


def test_a_full_pipe_is_told_and_nothing_waits(puppet: Puppet) -> None:
    reader, writer = puppet("[*os.pipe()]")
    puppet(f"os.write({writer}, b'f' * 65536)")
    with custody_of(puppet.pid, writer) as held:
        with pytest.raises(CallFailed, match=r"it is full, and nobody takes from it \(EAGAIN\)"):
            do(held, "write", "more")
        puppet(f"os.read({reader}, 4096)")
        outcome = do(held, "write", "m" * 5000)
        assert outcome.words.startswith("4,096 of 5,000 bytes to fd")
        assert "(EAGAIN)" in outcome_words(outcome)
        puppet(f"os.close({reader})")
        with pytest.raises(CallFailed, match=r"nobody is left to read it \(EPIPE\)"):
            do(held, "write", "x")
    assert not puppet.fdinfo(writer).flags & os.O_NONBLOCK


def test_a_connection(puppet: Puppet) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        fd = puppet(f"(s := socket.create_connection(('127.0.0.1', {port}))).fileno()")
        peer, _ = server.accept()
        with peer, custody_of(puppet.pid, fd) as held:
            before = puppet.fdinfo(fd)
            assert f"connected to 127.0.0.1:{port}" in show(held, "send", "x").now
            assert do(held, "send", r"hi\n").words.startswith("3 bytes to fd")
            assert peer.recv(10) == b"hi\n"
            option = "s.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)"
            shown = show(held, "sockopt", "keepalive", "on")
            outcome = do(held, "sockopt", "keepalive", "on")
            assert puppet(option) == 1
            with pytest.raises(Changed, match="SO_KEEPALIVE was 0 is 1"):
                confirm(held, shown, "sockopt", "keepalive", "on")
            undo(held, outcome)
            assert puppet(option) == 0
            outcome = do(held, "sockopt", "nodelay", "on")
            assert puppet("s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)") == 1
            assert not puppet.fdinfo(fd).flags & os.O_NONBLOCK
            do(held, "shutdown", "write")
            assert peer.recv(10) == b""
            peer.send(b"still open that way")
            assert puppet("s.recv(100)") == "still open that way"
            with pytest.raises(CallFailed, match=r"nobody is left to read it \(EPIPE\)"):
                do(held, "send", "x")
            do(held, "shutdown", "both")
            assert puppet("s.recv(100)") == ""
            assert puppet.fdinfo(fd) == before


def test_an_option_of_another_family_is_refused(puppet: Puppet) -> None:
    fd = puppet("(pair := socket.socketpair())[0].fileno()")
    with (
        custody_of(puppet.pid, fd) as held,
        pytest.raises(CallFailed, match="TCP_NODELAY is not for kind unix"),
    ):
        show(held, "sockopt", "nodelay", "on")


def test_every_action_crosses_the_wire(held: Custody) -> None:
    shown = show(held, "pwrite", "0", r"\xff\x00")
    assert preview_from(preview_json(shown)) == shown
    outcome = confirm(held, shown, "pwrite", "0", r"\xff\x00")
    assert outcome_from(outcome_json(outcome)) == outcome
    assert args_from(args_json((1, "a", b"\xff\0"))) == (1, "a", b"\xff\0")


def test_every_action_is_complete() -> None:
    for name, action in actions().items():
        assert re.fullmatch("[a-z-]+", name)
        assert action.title[0].isupper()
        assert action.__doc__
        assert action.usage().startswith(name)
    assert [*actions()][:2] == ["truncate-rewind", "truncate"]


def test_words_of_a_confirmation(file: File, held: Custody) -> None:
    shown = show(held, "truncate-rewind")
    assert shown.held[0] == f"- regular {file.path}"
    assert f"taken from {held.comm} {file.puppet.pid} fd {file.fd} by pidfd_getfd" in shown.held[2]
    assert shown.now == ("100 bytes", "offset 40", "no O_APPEND")
    assert shown.after == ("0 bytes", "offset 0", "the next line written is the first")
    assert shown.hazard == "100 bytes are gone, for everybody and for good."
    assert shown.notes == (("why rewind", "without it the next line lands at 40, behind a hole"),)
    assert effect_on_opener(shown, 10) == "its offset will lie beyond the end"
    assert effect_on_opener(shown, 0) == "sees the change"
    words = command_line(held.target, ("pwrite", "0", r"a \x00"))
    assert words == f"fdtui act {file.puppet.pid}:{file.fd} pwrite 0 'a \\x00'"


def test_who_else_is_affected(file: File, held: Custody) -> None:
    copy = file.puppet(f"os.dup({file.fd})")
    apart = file.puppet(f"os.open({str(file.path)!r}, os.O_RDONLY)")
    file.puppet(f"os.lseek({apart}, 90, 0)")
    shown = show(held, "truncate", "50")
    with holding(held) as now:
        found = affected(held.target, now.entry, shown, frozenset({os.getpid()}))
    pid = file.puppet.pid
    assert [(one.head, one.pid, one.fd, one.effect) for one in found] == [
        ("shared by", pid, file.fd, "the target"),
        ("shared by", pid, copy, "same description: same offset"),
        ("also open in", pid, apart, "its offset will lie beyond the end"),
    ]
    shown = show(held, "truncate", "95")
    with holding(held) as now:
        assert affected(held.target, now.entry, shown)[-1].effect == "sees the change"
