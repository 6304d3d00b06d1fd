"""A FUSE server that answers nothing any more, not even a stat: every question is answered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from fdtui.linux.bpf.iterator import available
from fdtui.linux.mountinfo import Mount
from fdtui.survey import reach
from fdtui.survey.reach import device_of
from tests.puppets import Puppet, served
from tests.terminal import Terminal

pytestmark = pytest.mark.needs_root
WHOLE = 20.0  # seconds for a question about everything that runs beside this test


class Dead(NamedTuple):
    """A file system whose server is dead, and who has what of it."""

    folder: Path
    pid: int
    file: int  # descriptors
    directory: int


@pytest.fixture(scope="module")
def dead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dead]:
    folder = tmp_path_factory.mktemp("mounts") / "dead"
    with Puppet() as puppet, served(folder) as die:
        puppet(f"os.chdir({str(folder)!r})")
        file = puppet(f"os.open({str(folder / 'fine')!r}, os.O_RDWR)")
        directory = puppet(f"os.open({str(folder)!r}, os.O_RDONLY)")
        private = "flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ"
        puppet(f"import mmap; m = mmap.mmap({file}, 4096, {private})")
        die()
        yield Dead(folder, puppet.pid, file, directory)


@pytest.fixture(params=["proc", "bpf"])
def engine(request: pytest.FixtureRequest) -> str:
    if request.param == "bpf" and (reason := available()):
        pytest.skip(reason)
    return str(request.param)


def ask(*arguments: str, seconds: float = WHOLE) -> str:
    """Run a subcommand; what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "fdtui", *arguments],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode in (0, 3), done.stderr
    return done.stdout


def test_it_is_dead(dead: Dead) -> None:
    """What fdtui must never do: this hangs until the server is gone."""
    with subprocess.Popen(
        [sys.executable, "-c", f"import os; os.stat({str(dead.folder)!r})"]
    ) as one:
        with pytest.raises(subprocess.TimeoutExpired):
            one.wait(1)
        one.kill()


@pytest.mark.parametrize("more", [(), ("--peers", "--sharing", "--all")], ids=["plain", "related"])
@pytest.mark.parametrize("whole", [True, False], ids=["machine", "process"])
def test_ls_shows_the_row(dead: Dead, engine: str, more: tuple[str, ...], whole: bool) -> None:
    only = () if whole else ("-p", str(dead.pid))
    text = ask("ls", "--jsonl", "--engine", engine, *more, *only)
    found = [json.loads(line) for line in text.splitlines()]
    rows = {row["fd"]: row for row in found if row["pid"] == dead.pid}
    file, folder = rows[dead.file], rows[dead.directory]
    assert (file["target"], file["kind"], file["mode"]) == (
        str(dead.folder / "fine"),
        "regular",
        "rw",
    )
    assert (file["pos"], file["error"], folder["kind"]) == (0, None, "directory")
    assert file["info"]["fstype"] == "fuse"
    if more:
        assert rows["cwd"]["target"] == str(dead.folder)
        assert file["sharing"]
        mapped = [row["target"] for row in found if (row["pid"], row["fd"]) == (dead.pid, "mem")]
        assert str(dead.folder / "fine") in mapped


def test_tables_trees_and_counts_end(dead: Dead, engine: str) -> None:
    for arguments in ((), ("--tree",), ("--summary",), ("-w", "deleted or size > 1G")):
        assert ask("ls", "--engine", engine, *arguments)
    assert str(dead.folder / "fine") in ask("ls", "-p", str(dead.pid))


def test_who_keeps_it_busy(dead: Dead, engine: str) -> None:
    """By its name, whatever is below, and by the name of what runs."""
    for query in (str(dead.folder), str(dead.folder / "fine"), Path("/proc/self/comm").read_text()):
        lines = ask("who", query.strip(), "--engine", engine).splitlines()[1:]
        mine = [line.split() for line in lines if line.split()[0] == str(dead.pid)]
        there = {line[3]: line[-1] for line in mine}
        assert there[str(dead.file)] == str(dead.folder / "fine")
        if query == str(dead.folder):
            assert there["cwd"] == there[str(dead.directory)] == str(dead.folder)
            assert there["mem"] == str(dead.folder / "fine")


def test_the_machine_place_shows_it_and_keys_go_on(dead: Dead) -> None:
    with Terminal([]) as term:
        term.wait_for("processes,")
        term.press("2")
        term.wait_for(lambda text: "TARGET" in text and "so far" not in text, WHOLE)
        term.press("/", f"pid == {dead.pid} and fstype == fuse", "enter")
        term.wait_for(lambda text: " 3 of " in text and "/fine" in text)
        began = time.monotonic()
        term.press("g")
        term.wait_for("by file")
        term.press("1")
        term.wait_for("COMMAND")
        assert time.monotonic() - began < 3
        term.press("q")
        assert term.wait_exit() == 0


def test_a_lookup_that_is_answered_is_no_loss_of_time(tmp_path: Path) -> None:
    with served(tmp_path / "alive"):
        began = time.monotonic()
        assert reach.answers(str(tmp_path / "alive" / "fine"))
        assert reach.answers("/no/such/path")
        assert time.monotonic() - began < reach.PATIENCE


def test_the_mount_of_a_path_is_the_longest_and_the_last() -> None:
    def mount(number: int, point: str) -> Mount:
        return Mount(number, 1, (0, number), "/", point, "rw", "fuse", "x")

    mounts = {
        one.id: one
        for one in (mount(1, "/"), mount(2, "/mnt"), mount(3, "/mnt"), mount(4, "/mnt/a"))
    }
    for path, number in (("/mnt", 3), ("/mnt/b", 3), ("/mnt/a/c", 4), ("/mnta", 1), ("/", 1)):
        assert device_of(path, mounts) == os.makedev(0, number)
