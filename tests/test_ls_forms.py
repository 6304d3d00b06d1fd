"""Forms of `fdtui ls`, refusals, exit statuses, and lsfd's answers to the same filters."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.listed import by_target, ls, rows
from tests.other_user import run_as
from tests.puppets import Puppet, hangfs
from tests.scanned import scanned


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    with scanned(tmp_path_factory.mktemp("specimens")) as pids:
        yield pids


# Forms


def table(*arguments: str) -> list[list[str]]:
    return [line.split() for line in ls(*arguments).stdout.splitlines()]


def test_the_table_and_its_columns(pair: tuple[int, int]) -> None:
    head, *lines = table("-p", str(pair[0]))
    assert head == ["PID", "USER", "COMMAND", "FD", "KIND", "MODE", "POS", "SIZE", "TARGET"]
    log = next(line for line in lines if line[-1].endswith("/plain.log"))
    assert log[4:8] == ["regular", "r", "1234", "5000"]
    head, *lines = table("-p", str(pair[0]), "-o", "FD,NAME,flags,user", "-w", "FD == 400")
    assert head == ["FD", "NAME", "FLAGS", "USER"]
    assert lines[0][0] == "400"
    assert lines[0][1].endswith("/far")
    assert len(lines) == 1
    head, *_ = table("-p", str(pair[0]), "-o", "+ino")
    assert head[-2:] == ["TARGET", "INO"]
    chosen = rows("-p", str(pair[0]), "-o", "fd,type", "-w", "fd == 400")
    assert chosen == [{"fd": 400, "type": ["REG"]}]


def test_columns_are_listed() -> None:
    text = ls("--list-columns").stdout
    assert "\nshared " in text
    assert "(lsfd: COMMAND)" in text


def test_what_is_held_without_a_descriptor() -> None:
    with Puppet() as puppet:
        puppet("import mmap; m = mmap.mmap(os.open('/etc/passwd', 0), 10, prot=1)")
        found = rows("-p", str(puppet.pid), "--all")
        special = {row["fd"]: row for row in found if isinstance(row["fd"], str)}
        assert special["cwd"]["target"] == os.getcwd()
        assert special["root"]["target"] == "/"
        assert special["exe"]["target"] == os.path.realpath(sys.executable)
        mapped = [row["target"] for row in found if row["fd"] == "mem"]
        assert "/etc/passwd" in mapped
        assert len(mapped) == len(set(mapped))
        assert [row["fd"] for row in found if isinstance(row["fd"], int)] == puppet.fds()


def test_summary_and_tree(pair: tuple[int, int]) -> None:
    counted = json.loads(ls("-p", str(pair[0]), "-p", str(pair[1]), "--summary", "--json").stdout)
    assert counted["descriptors"] == sum(counted["by_kind"].values()) > 100
    assert {one["pid"] for one in counted["by_process"]} == set(pair)
    text = ls("-p", str(pair[0]), "--summary").stdout
    assert "COUNT KIND" in text
    lines = ls("-p", str(pair[0]), "-p", str(pair[1]), "--tree").stdout.splitlines()
    assert lines[0].startswith(f"{pair[0]} ")
    below = next(line for line in lines if str(pair[1]) in line.split()[0])
    assert below.startswith("└─")
    assert any(line.endswith("/plain.log") and line.startswith("│ ") for line in lines)


@pytest.mark.parametrize("other", [["--tree"], ["-o", "pid"]])
def test_a_summary_has_neither_columns_nor_a_tree(other: list[str]) -> None:
    done = ls("--summary", *other)
    assert done.returncode == 2
    assert "is not allowed with --summary" in done.stderr


def on_terminal(arguments: list[str], **environment: str) -> str:
    """What a terminal gets."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "fdtui", "ls", *arguments],
        stdout=theirs,
        stderr=theirs,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
    ) as child:
        os.close(theirs)
        text = b""
        while select.select([ours], [], [], 20)[0]:
            try:
                data = os.read(ours, 1 << 16)
            except OSError:
                break
            text += data
        assert child.wait() == 0
    os.close(ours)
    return text.decode().replace("\r\n", "\n")


def test_a_terminal_gets_the_same_but_for_colour_and_width() -> None:
    with Puppet() as puppet:
        puppet("d = os.open('/', os.O_RDONLY)")
        arguments = ["-p", str(puppet.pid)]
        piped = ls(*arguments).stdout
        assert "\x1b" not in piped
        wide = on_terminal(arguments, COLUMNS="1000")
        assert wide.replace("\x1b[1m", "").replace("\x1b[0m", "") == piped
        assert wide != piped
        assert on_terminal(arguments, COLUMNS="1000", NO_COLOR="1") == piped
        narrow = on_terminal(arguments, COLUMNS="60", NO_COLOR="1").splitlines()
        assert max(map(len, narrow)) <= 60
        objects = on_terminal([*arguments, "--jsonl"])
        assert [json.loads(line) for line in objects.splitlines()] == rows(*arguments)


# Refusals and ends


def test_exit_statuses() -> None:
    gone = ls("-p", "4194305")
    assert gone.returncode == 1
    assert "no such process (ENOENT)" in gone.stderr
    partly = ls("-p", str(os.getpid()), "-p", "4194305")
    assert partly.returncode == 1
    assert str(os.getpid()) in partly.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-w", 'knid == "tcp"'], ["column 1: no column is called knid", 'knid == "tcp"\n  ^']),
        (["-w", "fd > 1", "-w", 'kind = "tcp"'], ['  kind = "tcp"\n       ^']),
        (["-o", "pid,trget"], ["no column is called trget", "is target meant?"]),
        (["-o", ""], ["no column is named"]),
        (["--nonsense"], ["unrecognized arguments"]),
        (["--json", "--jsonl"], ["not allowed with"]),
    ],
)
def test_wrong_usage_points_at_the_mistake(arguments: list[str], words: list[str]) -> None:
    done = ls(*arguments)
    assert done.returncode == 2
    assert all(word in done.stderr for word in words), done.stderr
    assert not done.stdout


@pytest.mark.needs_root
def test_others_processes_are_told_and_the_rest_is_listed() -> None:
    code = """
import io, json, os, sys
from fdtui.cli import main
status = main(["ls", "--jsonl"])
sys.stdout.flush()
print(json.dumps(status))
"""
    both = run_as(65534, "import contextlib, sys\nsys.stderr = sys.stdout\n" + code)
    *lines, status = both.splitlines()
    assert status == "3"
    told = next(line for line in lines if line.startswith("fdtui: "))
    assert "processes could not be looked into: EACCES, other users' processes" in told
    uids = {json.loads(line)["uid"] for line in lines if line.startswith("{")}
    assert uids == {65534}


@pytest.mark.needs_root
def test_one_refused_process_is_a_failure() -> None:
    code = """
import sys
from fdtui.cli import main
sys.stderr = sys.stdout
print(main(["ls", "-p", sys.argv[1]]))
"""
    text = run_as(65534, code, str(os.getpid()))
    assert "1 of 1 process could not be looked into" in text
    assert text.splitlines()[-1] == "1"


def test_a_reader_that_leaves_and_an_interrupt_are_quiet() -> None:
    command = f"{sys.executable} -m fdtui ls --jsonl | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=True, timeout=50
    )
    line, status = done.stdout.splitlines()
    assert json.loads(line)["pid"]
    assert status in ("141", "0", "3")  # it may have been done before head left
    assert "Traceback" not in done.stderr
    code = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"
    hook = f"from fdtui.commands import lsrows; lsrows.Scan._chosen = lambda s: exec({code!r})"
    hook += "; from fdtui.cli import main; raise SystemExit(main())"
    end = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{hook}; from fdtui.cli import main; raise SystemExit(main())",
            "ls",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert end.returncode == 128 + signal.SIGINT
    assert not end.stderr


@pytest.mark.needs_root
def test_a_dead_file_server_delays_nothing(tmp_path: Path) -> None:
    with Puppet() as puppet, hangfs(tmp_path / "hung") as folder:
        for name in ("hang", "stuck"):  # to acquire and close `stuck` would wait for ever
            puppet(f"os.open({str(folder / name)!r}, os.O_RDONLY)")
        done = subprocess.run(
            [sys.executable, "-m", "fdtui", "ls", "--all", "--jsonl", "-p", str(puppet.pid)],
            capture_output=True,
            timeout=20,
            check=True,
        )
        found = [json.loads(line) for line in done.stdout.splitlines()]
        assert by_target(found, "/hung/hang")["kind"] == "regular"
        assert by_target(found, "/hung/stuck")["info"]["fstype"].startswith("fuse")


@pytest.mark.skipif(not shutil.which("lsfd"), reason="lsfd is not installed")
def test_filters_agree_with_lsfd(pair: tuple[int, int]) -> None:
    """Who has what: the same descriptors for the same question."""
    for expression in ('TYPE == "REG"', "FD > 20", 'NAME =~ ".*plain.*"'):
        done = subprocess.run(
            ["lsfd", "-p", str(pair[0]), "-n", "-r", "-o", "ASSOC", "-Q", expression],
            capture_output=True,
            text=True,
            check=True,
        )
        theirs = {int(word) for word in done.stdout.split() if word.isdigit()}
        assert {r["fd"] for r in rows("-p", str(pair[0]), "-w", expression)} == theirs
