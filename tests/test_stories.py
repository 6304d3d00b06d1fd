"""Looking for what is wrong: each problem in no more keys than it may take, in the real program."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.puppets import Puppet, until
from tests.stories import Story, idle, logging_shell, running, write_line


def _listen(puppet: Puppet) -> int:
    """Have it listen on a port whose number is in no command line and no pid."""
    while True:
        puppet("s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()")
        port: int = puppet("s.getsockname()[1]")
        ps = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True)
        if str(port) not in ps.stdout:
            return port
        puppet("s.close()")


def test_who_holds_a_port(puppet: Puppet) -> None:
    port = _listen(puppet)
    with Story() as story:
        story.key("/")
        story.word(str(port))
        story.key("enter")
        story.wait_for(f"who has {port}")
        story.wait_for(lambda _: story.selected.split()[:1] == [str(puppet.pid)])
        story.wait_for(lambda _: f"LISTEN 127.0.0.1:{port}" in story.selected)
        assert len(story.counted) <= 3
        story.press("escape")
        story.wait_for("COMMAND")


def test_who_holds_a_port_that_is_in_a_command_line_too(puppet: Puppet) -> None:
    """The filter finds that command; `f` asks whoever has the port, and takes the word over."""
    port = _listen(puppet)
    with running(idle(str(port))) as other, Story() as story:
        story.key("f")
        story.word(str(port))  # right behind the key: not a letter of it is lost
        story.key("enter")
        story.wait_for(lambda _: story.selected.split()[:1] == [str(puppet.pid)])
        assert len(story.counted) <= 3
        story.press("escape")
        story.wait_for("COMMAND")
        story.press("/", str(port), "enter")
        story.wait_for(lambda text: story.selected.split()[:1] == [str(other.pid)])
        story.wait_for("f who has it")
        story.press("f", "enter")
        story.wait_for(lambda _: story.selected.split()[:1] == [str(puppet.pid)])


def test_what_a_nohup_job_prints(tmp_path: Path) -> None:
    log = tmp_path / "nohup.out"
    with logging_shell(log) as job, Story() as story:
        write_line(job, 1, log)
        story.find_process(job.pid)
        story.key("o")
        story.wait_for("line 1")
        story.wait_for("nohup.out")
        assert len(story.counted) <= 3


LEAK = """
import os, time
ends = []
while len(ends) < 900:
    ends.extend(os.pipe())
    time.sleep(0.005)
time.sleep(99)
"""


def test_a_server_that_leaks_descriptors() -> None:
    """Which process, and of which kind: what grows comes first, and says by how many."""
    with running([sys.executable, "-I", "-S", "-c", LEAK]) as server, Story() as story:
        grown = re.compile(rf" {server.pid} .*[▁▂▃▄▅▆]{{2}}")
        story.wait_for(lambda text: grown.search(text) is not None)
        story.key("c")
        story.wait_for(lambda _: story.selected.split()[:1] == [str(server.pid)])
        story.key("enter")
        story.wait_for(lambda text: "TARGET" in text and str(server.pid) in text)
        story.key("u")
        story.wait_for("by kind")
        story.wait_for(lambda _: {"|", "pipe"} < set(story.selected.split()))
        story.wait_for(lambda _: re.search(r"\+\d+ in \d+s", story.selected) is not None)
        assert len(story.counted) <= 3


def test_who_keeps_a_pipe_from_its_end() -> None:
    """A reader waits for an end of file that a forgotten writer never lets come."""
    read, write = os.pipe()
    with running(idle(), pass_fds=(write,)) as forgotten, running(idle(), stdin=read) as stuck:
        os.write(write, b"queued")
        os.close(write)
        os.close(read)
        with Story() as story:
            story.find_process(stuck.pid)
            story.key("enter")  # fd 0 is the first
            story.wait_for(lambda text: "other end" in text and "writer" in text)
            story.wait_for(str(forgotten.pid))
            story.wait_for("6 of 64.0K queued")
            assert len(story.counted) <= 2


def test_how_far_a_reader_is(puppet: Puppet, tmp_path: Path) -> None:
    big = tmp_path / "backup.tar"
    big.write_bytes(b"")
    os.truncate(big, 800 << 20)
    puppet(f"f = os.open({str(big)!r}, os.O_RDONLY); os.lseek(f, 344 << 20, 0)")
    with Story() as story:
        story.find_process(puppet.pid)
        story.key("enter")
        wanted = {"regular", "344M", "800M", "43%"}
        story.wait_for(lambda _: any(wanted <= set(row.split()) for row in story.rows))
        assert len(story.counted) <= 2


@contextmanager
def _mounted(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.needs_root
def test_who_keeps_a_mount_busy(tmp_path: Path) -> None:
    """Not one descriptor does: a working directory, and the program itself."""
    sleep = shutil.which("sleep")
    assert sleep is not None
    with _mounted(tmp_path / "usb") as mount:
        shutil.copy(sleep, mount / "idle")
        with running(["./idle", "99"], cwd=mount) as busy, Story() as story:
            story.key("/")
            story.word(str(mount))
            story.key("enter")
            story.wait_for(f"who has {mount}"[:40])
            story.wait_for(lambda _: story.selected.split()[:1] == [str(busy.pid)])
            ways = {f"{busy.pid} idle {way}" for way in ("cwd", "exe", "mem")}
            story.wait_for(lambda _: ways <= {" ".join(r[2:].split()[:3]) for r in story.rows})
            assert len(story.counted) <= 3


def test_which_descriptors_are_one_description(tmp_path: Path) -> None:
    """A log that two processes write through three numbers: one offset, or several?"""
    log = tmp_path / "shared.log"
    child = f"{shlex.join(idle())} & wait"
    with log.open("w") as out, running(["/bin/sh", "-c", child], out=out) as shell:
        out.close()  # ours would be a fifth
        children = Path(f"/proc/{shell.pid}/task/{shell.pid}/children")
        until(children.read_text)
        other = int(children.read_text().split()[0])
        try:
            with Story() as story:
                story.find_process(shell.pid)
                story.key("enter")
                story.wait_for(lambda _: sum("×4" in row for row in story.rows) == 2)
                assert len(story.counted) <= 2
                story.down_to(1)
                story.wait_for("4 descriptors in 2 processes")
                story.wait_for(str(other))
                story.press("u", "u")
                story.wait_for("+2 elsewhere")
                story.wait_for("fd 1, 2  ")
        finally:
            os.kill(other, signal.SIGKILL)
