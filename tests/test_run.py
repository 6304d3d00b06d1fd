"""fdtui run: a real command inherits the descriptor, and nothing else."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fdtui.commands.run import parse_words
from fdtui.errors import WrongUsage
from fdtui.linux.owned import OwnedFd
from fdtui.linux.spawn import spawn
from tests.puppets import Puppet, ended, until

RUN = [sys.executable, "-m", "fdtui", "run"]
TEXT = b"0123456789" * 1000


@pytest.fixture
def fd(puppet: Puppet, tmp_path: Path) -> int:
    """A file of the puppet, its offset at 4000."""
    path = tmp_path / "file"
    path.write_bytes(TEXT)
    number: int = puppet(f"os.open({str(path)!r}, os.O_RDWR)")
    puppet(f"os.lseek({number}, 4000, 0)")
    return number


def run(
    *words: str, data: bytes | None = None, pass_fds: tuple[int, ...] = ()
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*RUN, *words], capture_output=True, input=data, timeout=30, check=False, pass_fds=pass_fds
    )


def test_gzip_reads_the_whole_file_and_the_target_does_not_notice(puppet: Puppet, fd: int) -> None:
    before = puppet.fdinfo(fd)
    done = run(f"{puppet.pid}:{fd}=0", "--", "gzip", "-c")
    assert gzip.decompress(done.stdout) == TEXT
    assert b"0 = regular" in done.stderr
    assert b"private: opened anew for reading" in done.stderr
    assert puppet.fdinfo(fd) == before


def test_dd_moves_the_offset_that_is_shared(puppet: Puppet, fd: int) -> None:
    done = run("--shared", f"{puppet.pid}:{fd}=0", "--", "dd", "bs=10", "count=5", "status=none")
    assert (done.returncode, done.stdout) == (0, TEXT[:50])
    assert b"shared with the target: one offset" in done.stderr
    assert puppet.fdinfo(fd).pos == 4050
    run("--shared", f"{puppet.pid}:{fd}=1", "--", "echo", "through descriptor 1")
    assert puppet(f"os.pread({fd}, 21, 4050)") == "through descriptor 1\n"
    assert puppet.fdinfo(fd).pos == 4071


def test_what_is_written_or_queued_is_shared_by_default(puppet: Puppet, tmp_path: Path) -> None:
    log = tmp_path / "log"
    fd = puppet(f"os.open({str(log)!r}, os.O_WRONLY | os.O_CREAT)")
    done = run(f"{puppet.pid}:{fd}=1", "--", "echo", "a line")
    assert log.read_text() == "a line\n"
    assert b"shared with the target" in done.stderr
    assert puppet.fdinfo(fd).pos == 7
    reader, writer = puppet("[*os.pipe()]")
    puppet(f"os.write({writer}, b'queued')")
    done = run(f"{puppet.pid}:{reader}=0", "--", "head", "-c", "3")
    assert done.stdout == b"que"
    done = run("--private", f"{puppet.pid}:{reader}=0", "--", "cat")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"a pipe cannot be had privately" in done.stderr
    assert puppet(f"os.read({reader}, 100)") == "ued"


SHOW = """
import os, sys
for name in sorted(os.listdir('/proc/self/fd'), key=int):
    try:
        print(name, os.readlink(f'/proc/self/fd/{name}'), os.get_inheritable(int(name)))
    except OSError:
        pass
"""


def test_nothing_else_leaks_into_the_command(puppet: Puppet, fd: int, tmp_path: Path) -> None:
    """Neither what fdtui has open nor what it was started with."""
    stray, kept = os.open("/dev/zero", os.O_RDONLY), os.open("/dev/full", os.O_WRONLY)
    try:
        done = run(
            *(f"{puppet.pid}:{fd}=7", f"{puppet.pid}:{fd}", f"{puppet.pid}:0=300"),
            *("--", sys.executable, "-I", "-S", "-c", SHOW),
            pass_fds=(stray, kept),
        )
    finally:
        os.close(stray)
        os.close(kept)
    lines = [line.split() for line in done.stdout.decode().splitlines()]
    numbers = sorted({0, 1, 2, 7, fd, 300})
    assert [int(number) for number, *_ in lines] == numbers, done.stdout
    assert {link for number, link, _ in lines if number in ("7", str(fd))} == {
        str(tmp_path / "file")
    }
    assert {inheritable for *_, inheritable in lines} == {"True"}


def test_numbers_that_cross(tmp_path: Path) -> None:
    """Each wanted number is the present one of the other."""
    one, two = (OwnedFd(os.open(path, os.O_RDONLY)) for path in ("/dev/null", "/dev/zero"))
    out = tmp_path / "out"
    with one, two, OwnedFd(os.open(out, os.O_WRONLY | os.O_CREAT)) as file:
        a, b = one.fileno(), two.fileno()
        script = f"readlink /proc/self/fd/{a}; readlink /proc/self/fd/{b}"
        pid = spawn(["sh", "-c", script], {b: one, a: two, 1: file})
        assert os.waitpid(pid, 0)[1] == 0
        assert out.read_text() == "/dev/zero\n/dev/null\n"
        assert not os.get_inheritable(a)


def test_the_exit_status_is_the_commands(puppet: Puppet, fd: int) -> None:
    word = f"{puppet.pid}:{fd}"
    assert run(word, "--", "sh", "-c", "exit 42").returncode == 42
    assert run(word, "--", "sh", "-c", "kill -TERM $$").returncode == 128 + signal.SIGTERM
    missing = run(word, "--", "no-such-command-here")
    assert missing.returncode == 127
    assert b"exec(no-such-command-here): No such file" in missing.stderr
    assert run(word, "--", "/etc/passwd").returncode == 126
    assert run(f"{puppet.pid}:999", "--", "true").returncode == 1


@pytest.mark.parametrize(
    "words",
    [
        ["1:2"],
        ["--"],
        ["--", "true"],
        ["1:2", "--"],
        ["--shared", "--private", "1:2", "--", "true"],
        ["{me}:0=3", "{me}:1=3", "--", "true"],
        ["{me}:0=x", "--", "true"],
        ["{me}:0=", "--", "true"],
    ],
)
def test_wrong_words_are_2(words: list[str]) -> None:
    done = run(*(word.format(me=os.getpid()) for word in words))
    assert (done.returncode, done.stdout) == (2, b"")


def test_dashes_behind_the_first_belong_to_the_command() -> None:
    wishes, command = parse_words([f"{os.getpid()}:0=5", "--", "cmd", "--", "x=1"])
    assert [wish.number for wish in wishes] == [5]
    assert command == ["cmd", "--", "x=1"]
    with pytest.raises(WrongUsage):
        parse_words(["cmd"])


def test_signals_that_python_ignores_are_the_commands_again(puppet: Puppet, fd: int) -> None:
    done = run(f"{puppet.pid}:{fd}", "--", "grep", "SigIgn", "/proc/self/status")
    ignored = int(done.stdout.split()[1], 16)
    assert not ignored >> (signal.SIGPIPE - 1) & 1
    assert not ignored >> (signal.SIGXFSZ - 1) & 1


def test_a_term_reaches_the_command_and_its_end_is_waited_for(puppet: Puppet, fd: int) -> None:
    with subprocess.Popen(
        [
            *RUN,
            f"{puppet.pid}:{fd}",
            "--",
            "sh",
            "-c",
            "trap 'exit 9' TERM; echo $$; while :; do read x; done",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        process.stdin.close() if process.stdin else None
        assert process.wait(10) == 9
    assert ended(child)


def test_only_the_command_has_it_while_it_runs(puppet: Puppet) -> None:
    """fdtui itself lets go: when the command and the target close it, the reader gets its end."""
    reader, writer = puppet("[*os.pipe()]")
    with subprocess.Popen(
        [*RUN, f"{puppet.pid}:{writer}=1", "--", "sh", "-c", "echo started; exec >&2; read x"],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert puppet(f"os.read({reader}, 100)") == "started\n"
        puppet(f"os.close({writer})")
        assert puppet(f"os.read({reader}, 100)") == ""
        process.communicate(b"\n", 10)
        assert process.returncode == 0
    until(lambda: ended(process.pid))
