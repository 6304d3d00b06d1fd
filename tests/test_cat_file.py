"""fdtui cat into a file: holes stay holes, a full disk is told, no file is read into itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.disks import small_disk
from tests.puppets import Puppet
from tests.terminal import Terminal

MIB = 1 << 20
CAT = f"{sys.executable} -m fdtui cat"


def shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, timeout=30, check=False
    )


def test_holes_stay_holes_and_the_shell_goes_on_behind_them(puppet: Puppet, tmp_path: Path) -> None:
    fd = puppet(f"os.open({str(tmp_path / 'sparse')!r}, os.O_RDWR | os.O_CREAT)")
    puppet(f"os.pwrite({fd}, b'here', {64 * MIB}); os.ftruncate({fd}, {200 * MIB})")
    before = puppet.fdinfo(fd)
    out = tmp_path / "out"
    done = shell(f"{{ {CAT} {puppet.pid}:{fd}; echo behind; }} > {out}")
    assert (done.returncode, done.stderr) == (0, "")
    assert puppet.fdinfo(fd) == before
    assert out.stat().st_size == 200 * MIB + len("behind\n")
    assert out.stat().st_blocks * 512 < MIB
    with out.open("rb") as file:
        assert os.pread(file.fileno(), 5, 64 * MIB) == b"here\0"
        assert os.pread(file.fileno(), 9, 200 * MIB) == b"behind\n"


def test_what_is_there_already_is_kept(puppet: Puppet, tmp_path: Path) -> None:
    fd = puppet("os.memfd_create('m')")
    puppet(f"os.write({fd}, bytes(8) + b'end')")
    out = tmp_path / "out"
    for redirection, content in (
        (">>", b"first\n" + bytes(8) + b"end"),
        ("1<>", bytes(8) + b"end"),
        (">", bytes(8) + b"end"),
    ):
        out.write_bytes(b"first\n")
        assert shell(f"{CAT} {puppet.pid}:{fd} {redirection} {out}").returncode == 0
        assert out.read_bytes() == content, redirection
    done = shell(f"{{ echo first; {CAT} {puppet.pid}:{fd}; }} > {out}")
    assert (done.stderr, out.read_bytes()) == ("", b"first\n" + bytes(8) + b"end")


def test_a_file_is_not_read_into_itself(puppet: Puppet, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    fd = puppet(f"os.open({str(path)!r}, os.O_RDONLY)")
    done = shell(f"{CAT} {puppet.pid}:{fd} >> {path}")
    assert (done.returncode, path.read_bytes()) == (1, b"content")
    assert "the output is the file itself" in done.stderr


@pytest.mark.needs_root
def test_a_full_disk_says_how_far_it_came(puppet: Puppet, tmp_path: Path) -> None:
    fd = puppet("os.memfd_create('m')")
    puppet(f"os.write({fd}, os.urandom({3 * MIB})); os.lseek({fd}, 7, 0)")
    before = puppet.fdinfo(fd)
    with small_disk(tmp_path / "disk") as disk:
        done = shell(f"{CAT} {puppet.pid}:{fd} > {disk / 'out'}")
        assert done.returncode == 1
        assert "write(stdout): No space left on device; 1.0 MB of 3.0 MB are in it" in done.stderr
        assert "the target is untouched" in done.stderr
    full = shell(f"{CAT} {puppet.pid}:{fd} > /dev/full")
    assert full.returncode == 1
    assert "write(stdout): No space left on device" in full.stderr
    assert puppet.fdinfo(fd) == before


PROGRESS = """
from itertools import count
from fdtui.commands.catfile import Progress
ticks = count()
progress = Progress(lambda: next(ticks) / 4)
for done in range(8):
    progress(done << 20, 8 << 20)
progress.end()
print("over")
input()
"""


def test_on_a_terminal_it_says_how_far_it_is() -> None:
    command = [sys.executable, "-c", PROGRESS]
    with Terminal([], command=command, columns=80, lines=8) as terminal:
        assert "8.0 MB" not in terminal.wait_for("over"), "and leaves nothing behind"
        drawn = "━···  7.0 MB of 8.0 MB   87 %   3.5 MB/s   0s left"
        assert drawn.encode() in terminal.raw
