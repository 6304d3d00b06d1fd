"""Close, redirect and restore in live targets: the target goes on, and the way back is whole."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fdtui.acquire.base import Target
from fdtui.acquire.injection import WORKERS
from fdtui.errors import CallFailed, FdtuiError
from fdtui.keeper import keepsake
from fdtui.keeper.actions.arguments import Usage
from fdtui.keeper.actions.doing import Changed
from fdtui.linux.procfs import ProcFs
from tests.acting import confirm, custody_of, do, show
from tests.puppets import Puppet, until


@pytest.fixture(scope="module", autouse=True)
def _workers() -> Iterator[None]:
    yield
    WORKERS.close()


@contextmanager
def echoing_shell(log: Path) -> Iterator[subprocess.Popen[str]]:
    """A `sh` that writes every line it gets to its standard output, a file."""
    with (
        log.open("w") as out,
        subprocess.Popen(
            ["/bin/sh", "-c", "while read -r line; do echo got $line; done"],
            stdin=subprocess.PIPE,
            stdout=out,
            text=True,
        ) as shell,
    ):
        yield shell
        shell.stdin.close() if shell.stdin else None


def say(shell: subprocess.Popen[str], line: str) -> None:
    assert shell.stdin is not None
    shell.stdin.write(f"{line}\n")
    shell.stdin.flush()


def keepers_of(path: Path) -> list[int]:
    """Which processes have a file open, other than this one?"""
    found = []
    for pid in ProcFs().pids():
        try:
            links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in ProcFs().fds(pid)]
        except OSError:
            continue
        if str(path) in links:
            found.append(pid)
    return found


def test_the_output_of_a_shell_is_redirected_and_restored(tmp_path: Path) -> None:
    log, other = tmp_path / "log", tmp_path / "other"
    with echoing_shell(log) as shell:
        say(shell, "one")
        until(lambda: log.read_text() == "got one\n")
        with custody_of(shell.pid, 1) as held:
            shown = show(held, "redirect", str(other))
            assert "same number" in shown.after
            outcome = confirm(held, shown, "redirect", str(other))
        assert outcome.undo == ("restore",)
        say(shell, "two")
        until(lambda: other.exists() and other.read_text() == "got two\n")
        with custody_of(shell.pid, 1) as held:
            outcome = do(held, "restore")
            assert outcome.undo == ("redirect", str(other))
        say(shell, "three")
        until(lambda: log.read_text() == "got one\ngot three\n")
        assert other.read_text() == "got two\n"
        assert ProcFs().fds(shell.pid) == [0, 1, 2], "nothing is left open in the target"
        until(lambda: keepers_of(log) == [shell.pid], what="nobody keeps it any longer")


def test_restoring_goes_back_before_the_first_of_two_redirections(puppet: Puppet) -> None:
    fd = puppet("os.open('/dev/zero', os.O_RDONLY | os.O_CLOEXEC)")
    before = puppet.fdinfo(fd)
    for path in ("/dev/null", "/dev/urandom"):
        with custody_of(puppet.pid, fd) as held:
            do(held, "redirect", path)
        assert os.readlink(f"/proc/{puppet.pid}/fd/{fd}") == path
    with custody_of(puppet.pid, fd) as held:
        do(held, "restore")
    assert puppet.fdinfo(fd) == before
    with custody_of(puppet.pid, fd) as held, pytest.raises(FdtuiError, match="nothing is kept"):
        show(held, "restore")


def test_a_redirection_that_fails_leaves_all_as_it_was(puppet: Puppet, tmp_path: Path) -> None:
    fd = puppet(f"os.open({str(tmp_path / 'log')!r}, os.O_WRONLY | os.O_CREAT)")
    before = puppet.fdinfo(fd)
    with custody_of(puppet.pid, fd) as held:
        with pytest.raises(CallFailed, match="ENOENT"):
            do(held, "redirect", "/no/such/folder/file")
        with pytest.raises(Usage, match="absolute path"):
            show(held, "redirect", "file")
    assert puppet.fdinfo(fd) == before
    until(lambda: not keepsake.kept(puppet.target(fd)))


def test_a_pipe_into_a_command(puppet: Puppet, tmp_path: Path) -> None:
    out = tmp_path / "out"
    fd = puppet(f"os.open({str(tmp_path / 'log')!r}, os.O_WRONLY | os.O_CREAT)")
    with custody_of(puppet.pid, fd) as held:
        do(held, "redirect", f"|tr a-z A-Z >{out}")
    puppet(f"os.write({fd}, b'a line')")
    with custody_of(puppet.pid, fd) as held:
        do(held, "restore")
    until(lambda: out.exists() and out.read_text() == "A LINE", what="the command got its end")


def test_a_pipe_out_of_a_command(puppet: Puppet) -> None:
    fd = puppet("os.open('/dev/null', os.O_RDONLY)")
    with custody_of(puppet.pid, fd) as held:
        do(held, "redirect", "|echo what the target reads")
    assert puppet(f"os.read({fd}, 100)") == "what the target reads\n"
    assert puppet(f"os.read({fd}, 100)") == ""


def test_close_frees_the_number_and_only_of_what_is_held(puppet: Puppet) -> None:
    reader, writer = puppet("[*os.pipe()]")
    with custody_of(puppet.pid, writer) as held:
        shown = show(held, "close")
        puppet(f"copy = os.dup({writer}); os.dup2(os.open('/dev/null', os.O_RDWR), {writer})")
        with pytest.raises(Changed, match="the target's descriptor"):
            confirm(held, shown, "close")
        puppet(f"os.dup2(copy, {writer}); os.close(copy)")
        do(held, "close")
        assert writer not in puppet.fds()
        with pytest.raises(FdtuiError, match="the target has closed it"):
            show(held, "close")
    assert puppet(f"os.read({reader}, 1)") == ""


def test_a_keepsake_ends_with_its_target(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with echoing_shell(log) as shell:
        target = Target(shell.pid, ProcFs().start_time(shell.pid), 1)
        with custody_of(shell.pid, 1) as held:
            do(held, "redirect", "/dev/null")
        until(lambda: len(keepers_of(log)) == 1, what="it is kept")
        assert keepsake.kept(target)
        shell.send_signal(signal.SIGKILL)
        shell.wait()
        begin = time.monotonic()
        until(lambda: not keepers_of(log))
        assert time.monotonic() - begin < 5
    until(lambda: not keepsake.kept(target))  # its files go one after the other


def test_many_threads_see_the_new_file_at_once(puppet: Puppet, tmp_path: Path) -> None:
    log, other = tmp_path / "log", tmp_path / "other"
    fd = puppet(f"os.open({str(log)!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND)")
    puppet(f"""
def scribble():
    while going:
        os.write({fd}, b'line\\n')
        time.sleep(0.001)
going = True
threads = [threading.Thread(target=scribble) for _ in range(8)]
[thread.start() for thread in threads]
""")
    with custody_of(puppet.pid, fd) as held:
        do(held, "redirect", str(other))
    size = log.stat().st_size
    until(lambda: other.stat().st_size > 500)
    assert log.stat().st_size == size
    with custody_of(puppet.pid, fd) as held:
        do(held, "restore")
    until(lambda: log.stat().st_size > size + 500)
    puppet("going = False; [thread.join() for thread in threads]")
    assert set(log.read_bytes().split(b"\n")) == {b"line", b""}
