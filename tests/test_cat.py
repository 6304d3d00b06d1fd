"""fdtui cat: bytes to stdout, exact words on stderr, and nothing for the target to notice."""

from __future__ import annotations

import argparse
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fdtui.commands.cat import parse_bytes, parse_offset
from tests.puppets import Puppet, ended, hangfs, until

CAT = [sys.executable, "-m", "fdtui", "cat"]


def cat(puppet: Puppet, fd: int, *options: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*CAT, f"{puppet.pid}:{fd}", *options], capture_output=True, timeout=20, check=False
    )


def test_bytes_of_a_file_in_every_stretch(puppet: Puppet, tmp_path: Path) -> None:
    path = tmp_path / "data"
    data = os.urandom(3 << 20)
    path.write_bytes(data)
    fd = puppet(f"os.open({str(path)!r}, os.O_WRONLY)")
    puppet(f"os.lseek({fd}, 1000, 0); os.unlink({str(path)!r})")
    before = puppet.fdinfo(fd)
    assert cat(puppet, fd).stdout == data
    assert cat(puppet, fd, "--offset", "0x10", "--length", "1K").stdout == data[16:1040]
    assert cat(puppet, fd, "--offset", "1M").stdout == data[1 << 20 :]
    assert cat(puppet, fd, "--offset=-5").stdout == data[-5:]
    assert cat(puppet, fd, "--offset", "@", "--length", "7").stdout == data[1000:1007]
    assert cat(puppet, fd, "--offset", str(2**63 - 1)).stdout == b""
    assert cat(puppet, fd, "--length", "0").stdout == b""
    assert puppet.fdinfo(fd) == before


def test_what_is_queued_stays_queued(puppet: Puppet) -> None:
    reader, writer = puppet("[*os.pipe()]")
    puppet(f"os.write({writer}, b'queued bytes')")
    assert cat(puppet, reader).stdout == b"queued bytes"
    assert cat(puppet, writer, "--offset", "7", "--length", "3").stdout == b"byt"
    followed = cat(puppet, reader, "-f")
    assert followed.returncode == 1
    assert b"only once its reader takes" in followed.stderr
    assert puppet(f"os.read({reader}, 100)") == "queued bytes"


def test_refusals_are_one_line_a_remedy_and_a_status(puppet: Puppet) -> None:
    event = puppet("os.eventfd(1)")
    none = cat(puppet, event)
    assert (none.returncode, none.stdout) == (1, b"")
    assert none.stderr.splitlines()[0] == b"fdtui: eventfd: there are no bytes"
    closed = cat(puppet, 999)
    assert closed.returncode == 1
    assert b"pidfd_getfd(pid %d, fd 999)" % puppet.pid in closed.stderr
    assert b"(EBADF)" in closed.stderr
    for options in (["--offset", "x"], ["--length=-1"], ["--nonsense"]):
        assert cat(puppet, event, *options).returncode == 2
    missing = subprocess.run([*CAT, "4194305:1"], capture_output=True, timeout=20, check=False)
    assert missing.returncode == 1
    assert b"no such process (ENOENT)" in missing.stderr


def test_following_prints_what_is_appended_until_it_is_closed(
    puppet: Puppet, tmp_path: Path
) -> None:
    fd = puppet(f"os.open({str(tmp_path / 'log')!r}, os.O_RDWR | os.O_CREAT | os.O_APPEND)")
    puppet(f"os.write({fd}, b'first')")
    with subprocess.Popen(
        [*CAT, f"{puppet.pid}:{fd}", "-f"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        out = process.stdout.fileno()
        assert os.read(out, 100) == b"first"
        puppet(f"os.write({fd}, b' second')")
        assert select.select([out], [], [], 1.0)[0], "within a second"
        assert os.read(out, 100) == b" second"
        puppet(f"os.ftruncate({fd}, 0); os.write({fd}, b'new')")
        assert os.read(out, 100) == b"new"
        puppet(f"os.write({fd}, b' last'); os.close({fd})")
        rest, told = process.communicate(timeout=10)
        assert rest == b" last"
        assert b"truncated" in told
        assert process.returncode == 0


def test_a_reader_that_goes_and_ctrl_c_end_it_quietly(puppet: Puppet, tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.write_bytes(bytes(4 << 20))
    fd = puppet(f"os.open({str(path)!r}, os.O_RDONLY)")
    with subprocess.Popen(
        [*CAT, f"{puppet.pid}:{fd}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(10) == bytes(10)
        process.stdout.close()
        assert process.wait(10) == 128 + signal.SIGPIPE
        assert process.stderr.read() == b""
    with subprocess.Popen(
        [*CAT, f"{puppet.pid}:{fd}", "-f"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(4 << 20) == bytes(4 << 20)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(10) == 128 + signal.SIGINT
        assert process.stderr is not None
        assert process.stderr.read() == b""


@pytest.mark.needs_root
def test_bad_blocks_become_zeros_and_are_told(puppet: Puppet, tmp_path: Path) -> None:
    with hangfs(tmp_path / "fuse") as mount:
        fd = puppet(f"os.open({str(mount / 'bad')!r}, os.O_RDONLY)")
        done = cat(puppet, fd, "--length", "16K")
        puppet(f"os.close({fd})")
    assert done.returncode == 1
    assert b"pread at 0x1000: Input/output error (EIO); 4,096 bytes printed as zeros" in done.stderr
    assert done.stdout == b"A" * 4096 + bytes(4096) + b"C" * 4096 + b"D" * 4096


@pytest.mark.needs_root
def test_a_dead_file_server_cannot_make_it_unkillable(puppet: Puppet, tmp_path: Path) -> None:
    with hangfs(tmp_path / "fuse") as mount:
        fd = puppet(f"os.open({str(mount / 'hang')!r}, os.O_RDONLY)")
        process = subprocess.Popen(
            [*CAT, f"{puppet.pid}:{fd}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        with process:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            until(lambda: children.read_text().split())
            child = int(children.read_text())
            until(lambda: "fuse" in Path(f"/proc/{child}/wchan").read_text() or _in_d(child))
            os.killpg(process.pid, signal.SIGINT)
            assert process.wait(1.0) == 128 + signal.SIGINT
    until(lambda: ended(child))


def _in_d(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "DS"


def test_numbers_of_bytes() -> None:
    assert [parse_bytes(text) for text in ("0", "4096", "0xfF", "2k", "3M", "1G", "1T")] == [
        0,
        4096,
        255,
        2048,
        3 << 20,
        1 << 30,
        1 << 40,
    ]
    assert parse_offset("-1K") == -1024
    assert parse_offset("@") == "@"
    for text in ("", "K", "-", "1.5", "0x", "9E", str(2**63)):
        with pytest.raises(argparse.ArgumentTypeError, match="not a number of bytes"):
            parse_bytes(text)
