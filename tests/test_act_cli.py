"""fdtui act as scripts call it: every action by its name, options anywhere, what goes wrong."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from fdtui.keeper.actions import actions
from tests.acting import ACT, act
from tests.disks import small_disk
from tests.puppets import Puppet, until

F_GETPIPE_SZ = 1032


class Case(NamedTuple):
    """An expression that gives a descriptor, words, what is printed and what is true then.

    `{path}` is a file of 100 bytes; `fd` is known to the expressions, which the target evaluates.
    """

    opened: str
    words: tuple[str, ...]
    printed: str
    holds: str


FILE = "os.open('{path}', os.O_RDWR)"
READER = "(ends := os.pipe(), os.write(ends[1], b'queued'), ends[0])[2]"
PAIR = "(pair := socket.socketpair(), pair[0].fileno())[1]"
TCP = "(server := socket.create_server(('127.0.0.1', 0)), tcp := socket.create_connection("
TCP += "server.getsockname()), conn := server.accept()[0], conn.fileno())[3]"
CONTENT = "open('{path}', 'rb').read()"
POS = "os.lseek(fd, 0, 1)"
CASES = [
    Case(FILE, ("write", r"a\x00b"), "wrote 3 bytes", f"{CONTENT}[:4] == b'a\\0b3' and {POS} == 3"),
    Case(FILE, ("pwrite", "0x2", "xy"), "wrote 2 bytes", f"{CONTENT}[:5] == b'01xy4'"),
    Case(FILE, ("append", "-"), "wrote 5 bytes", f"{CONTENT}[100:] == b'stdin' and {POS} == 0"),
    Case(FILE, ("truncate",), "truncated", f"{CONTENT} == b''"),
    Case(FILE, ("truncate", "1K"), "1.0 KB", f"len({CONTENT}) == 1024"),
    Case(
        f"(fd := {FILE}, os.lseek(fd, 50, 0), fd)[2]",
        ("truncate-rewind",),
        "truncated",
        f"{CONTENT} == b'' and {POS} == 0",
    ),
    Case(FILE, ("edit", "1", "1", "x"), "wrote 1 byte", f"{CONTENT}[:3] == b'0x2'"),
    Case(FILE, ("seek", "end"), "moved", f"{POS} == 100"),
    Case(
        FILE,
        ("set-append", "on"),
        "set O_APPEND on",
        "fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_APPEND",
    ),
    Case(READER, ("set-nonblock", "on"), "set O_NONBLOCK on", "not os.get_blocking(fd)"),
    Case(
        f"(fd := {FILE}, fcntl.flock(fd, fcntl.LOCK_EX), fd)[2]",
        ("unlock",),
        "flock WRITE 0 to EOF",
        "fcntl.flock(os.open('{path}', os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB) is None",
    ),
    Case(READER, ("pipe-size", "128K"), "128 KB", f"fcntl.fcntl(fd, {F_GETPIPE_SZ}) == 131072"),
    Case(READER, ("drain",), "6 bytes", "select.select([fd], [], [], 0)[0] == []"),
    Case(PAIR, ("send", "-5"), "sent 2 bytes", "pair[1].recv(9) == b'-5'"),
    Case(PAIR, ("shutdown", "write"), "shut down write", "pair[1].recv(9) == b''"),
    Case(FILE, ("sync",), "synced", f"len({CONTENT}) == 100"),
    Case(FILE, ("punch", "10", "5"), "5 bytes", f"{CONTENT}[9:16] == b'9' + bytes(5) + b'5'"),
    Case(
        TCP,
        ("sockopt", "keepalive", "on"),
        "SO_KEEPALIVE",
        "conn.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1",
    ),
    Case(
        TCP,
        ("sockopt", "nodelay", "1"),
        "TCP_NODELAY",
        "conn.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1",
    ),
]
ELSEWHERE = {"give", "close", "redirect", "restore"}  # below, and in test_act_stories


def test_every_action_has_its_case() -> None:
    assert {case.words[0] for case in CASES} | ELSEWHERE == set(actions())


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case.words))
def test_every_action_by_its_name(puppet: Puppet, tmp_path: Path, case: Case) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789" * 10)
    fd: int = puppet(case.opened.replace("{path}", str(path)))
    puppet(f"fd = {fd}")
    data = "stdin" if "-" in case.words else None
    refused = act(puppet.pid, fd, *case.words, data=data, yes=False)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("fdtui: nothing is changed without --yes")
    done = act(puppet.pid, fd, *case.words, data=data)
    assert done.returncode == 0, done.stderr
    assert case.printed in done.stdout
    assert "undo: " in done.stdout or case.words == ("sync",)
    assert puppet(case.holds.replace("{path}", str(path)))


@pytest.mark.needs_ptrace
def test_what_the_target_does_itself(puppet: Puppet, tmp_path: Path) -> None:
    path, other = tmp_path / "file", tmp_path / "other"
    path.write_bytes(b"")
    fd = puppet(f"os.open({str(path)!r}, os.O_WRONLY)")
    for words, said in (
        (("redirect", str(other)), f"redirected fd {fd}"),
        (("restore",), f"restored fd {fd}"),
        (("redirect", "|cat >" + str(tmp_path / "piped")), f"redirected fd {fd}"),
        (("restore",), f"restored fd {fd}"),
        (("close",), f"closed fd {fd}"),
    ):
        assert act(puppet.pid, fd, *words, yes=False).returncode == 1
        done = act(puppet.pid, fd, *words)
        assert (done.returncode, done.stderr) == (0, ""), words
        assert done.stdout.startswith(said)
        if words[0] != "close":
            puppet(f"os.write({fd}, b'{words[0]} ')")
    assert fd not in puppet.fds()
    assert path.read_bytes() == b"restore restore "
    assert other.read_bytes() == b"redirect "
    until(lambda: (tmp_path / "piped").read_bytes() == b"redirect ")


def test_give_hands_over_the_description(puppet: Puppet, tmp_path: Path) -> None:
    fd = puppet("os.memfd_create('given')")
    puppet(f"os.write({fd}, b'12345')")
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(os.fspath(tmp_path / "s"))
        listener.listen()
        listener.settimeout(10)
        done = act(puppet.pid, fd, "give", os.fspath(tmp_path / "s"))
        assert done.returncode == 0, done.stderr
        receiver, _ = listener.accept()
        with closing(receiver):
            _, (got,), _, _ = socket.recv_fds(receiver, 1, 1)
    try:
        assert os.lseek(got, 0, os.SEEK_CUR) == 5
        os.lseek(got, 2, os.SEEK_SET)
        assert puppet.fdinfo(fd).pos == 2, "one description"
    finally:
        os.close(got)
    nobody = act(puppet.pid, fd, "give", os.fspath(tmp_path / "s"))
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "nobody listens there (ECONNREFUSED)" in nobody.stderr


@pytest.mark.parametrize(
    "arrange",
    [
        lambda place: ["--yes", place, "seek", "3"],
        lambda place: [place, "--yes", "seek", "3"],
        lambda place: [place, "seek", "--yes", "3"],
        lambda place: [place, "seek", "3", "--yes"],
        lambda place: [place, "--via", "pidfd_getfd", "seek", "3", "--yes"],
        lambda place: ["--via=pidfd_getfd", "--yes", place, "seek", "3"],
        lambda place: [place, "seek", "--via=pidfd_getfd", "--yes", "--", "3"],
    ],
)
def test_options_stand_anywhere(puppet: Puppet, arrange: Callable[[str], list[str]]) -> None:
    fd = puppet("os.memfd_create('m')")
    done = run(arrange(f"{puppet.pid}:{fd}"))
    assert (done.returncode, done.stderr) == (0, "")
    assert puppet.fdinfo(fd).pos == 3


def test_text_may_look_like_an_option(puppet: Puppet) -> None:
    fd = puppet("os.memfd_create('m')")
    place = f"{puppet.pid}:{fd}"
    for words in (["write", "-n"], ["write", "--", "--yes"], ["write", "-"], ["--", "write", "-v"]):
        assert run(["--yes", place, *words], data="--via").returncode == 0
    assert puppet(f"os.pread({fd}, 99, 0)") == "-n--yes--via-v"
    refused = run([place, "write", "--", "--yes"])
    assert refused.returncode == 1
    assert f"fdtui act --yes {place} write -- --yes" in refused.stderr
    # What would have to be written back begins with `-`, and its undo must not be an option.
    undo = act(puppet.pid, fd, "pwrite", "2", "..yes").stdout.splitlines()[1]
    assert undo == rf"undo: fdtui act {place} pwrite 0x2 '\x2d-yes'  (writing the old bytes)"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "PID:FD is missing"),
        (["nonsense", "seek", "3"], "not PID or PID:FD: nonsense"),
        (["1", "seek", "3"], "not PID:FD: 1"),
        (["{place}", "--force", "seek", "3"], "no option is called --force"),
        (["--force", "{place}"], "unrecognized arguments: --force"),
        (["{place}", "--via"], "--via needs a name"),
        (["{place}", "--via", "magic", "seek", "3", "--yes"], "magic"),
        (["{place}", "levitate"], "no action is called levitate"),
        (["{place}", "seek"], "missing: OFFSET"),
        (["{place}", "seek", "-5"], "not a number of bytes: -5"),
        (["{place}", "seek", "1", "2"], "too many words: 2"),
        (["{place}", "pwrite", "4"], "missing: TEXT"),
        (["{place}", "write", r"\q"], r"no such escape: \q"),
        (["{place}", "truncate", "9E"], "more than a file can have: 9E"),
        (["{place}", "shutdown", "up"], "not one of read, write, both: up"),
        (["{place}", "set-append", "yes"], "not on or off: yes"),
    ],
)
def test_wrong_words_are_one_clear_line(puppet: Puppet, words: list[str], told: str) -> None:
    fd = puppet("os.memfd_create('m')")
    done = run([word.replace("{place}", f"{puppet.pid}:{fd}") for word in words])
    first, *rest = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert first.startswith("fdtui: ")
    assert told in first
    assert len(rest) <= 1, "and what to do about it"


def run(words: list[str], data: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*ACT, *words], capture_output=True, text=True, input=data, timeout=30, check=False
    )


def test_what_the_kernel_refuses_is_told_with_how_far_it_came(
    puppet: Puppet, tmp_path: Path
) -> None:
    full = puppet("os.open('/dev/full', os.O_WRONLY)")
    done = act(puppet.pid, full, "write", "x")
    assert (done.returncode, done.stdout) == (1, "")
    assert "No space left on device (ENOSPC)" in done.stderr

    one, other = puppet("[*map(socket.socket.detach, socket.socketpair())]")
    done = act(puppet.pid, one, "send", "-", data="m" * (8 << 20))
    puppet(f"other = socket.socket(fileno={other})")
    went = puppet(f"len(other.recv({8 << 20}, socket.MSG_PEEK))")
    assert done.returncode == 1
    assert f"sent {went:,} of 8,388,608 bytes" in done.stdout
    assert "(EAGAIN)" in done.stdout

    puppet("other.close()")
    done = act(puppet.pid, one, "send", "m")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nobody is left to read it (EPIPE)" in done.stderr

    puppet.kill()
    gone = act(puppet.pid, full, "write", "x")
    assert (gone.returncode, gone.stdout) == (1, "")
    assert "no such process (ENOENT)" in gone.stderr


@pytest.mark.needs_root
def test_a_full_disk_says_how_many_bytes_went(puppet: Puppet, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        fd = puppet(f"os.open({str(disk / 'file')!r}, os.O_WRONLY | os.O_CREAT)")
        done = act(puppet.pid, fd, "write", "-", data="m" * (3 << 19))
        puppet(f"os.close({fd})")
        assert done.returncode == 1
        assert "wrote 1,048,576 of 1,572,864 bytes" in done.stdout
        assert "No space left on device (ENOSPC)" in done.stdout
