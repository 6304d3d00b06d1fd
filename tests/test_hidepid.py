"""A /proc that hides others' processes (hidepid): fdtui works, and says what it cannot see."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fdtui.linux.hidepid import hiding
from tests.other_user import NOBODY
from tests.terminal import Terminal
from tests.user_screen import installation, python

pytestmark = pytest.mark.needs_root
HIDDEN = "other users' processes are hidden and cannot be counted: hidepid=invisible"


def behind(option: str) -> list[str]:
    """A command line in front of another: as a plain user, /proc mounted with this option."""
    mounting = f'mount -t proc -o hidepid={option} proc /proc && exec "$@"'
    who = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
    return ["unshare", "-m", "sh", "-c", mounting, "sh", *who, python(), "-B", "-m", "fdtui"]


def environment(home: Path) -> dict[str, str]:
    """What that user has."""
    return {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": installation(),
        "XDG_RUNTIME_DIR": str(home),
        "XDG_CONFIG_HOME": str(home),
        "XDG_STATE_HOME": str(home),
        "HOME": str(home),
        "TEXTUAL_SPEEDUPS": "0",
    }


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder of theirs, in one that they can reach."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chown(folder, NOBODY, NOBODY)
        yield Path(folder)


@contextmanager
def theirs() -> Iterator[int]:
    """A process of that user."""
    who = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
    with subprocess.Popen([*who, "cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as one:
        while Path(f"/proc/{one.pid}/comm").read_text() != "cat\n":
            pass
        yield one.pid
        assert one.stdin is not None
        one.stdin.close()


def said(option: str, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a subcommand."""
    return subprocess.run(
        [*behind(option), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env=environment(home),
        cwd="/",
    )


def test_one_s_own_processes_are_listed_and_the_rest_is_told(home: Path) -> None:
    with theirs() as pid:
        done = said("2", home, "ls", "--jsonl")
        assert done.returncode == 3
        found = [json.loads(line) for line in done.stdout.splitlines()]
        assert {row["uid"] for row in found} == {NOBODY}
        assert {row["fd"] for row in found if row["pid"] == pid} >= {0, 1, 2}
        assert HIDDEN in done.stderr
        assert "remount,hidepid=0" in done.stderr
        asked = said("2", home, "ls", "-p", str(pid))
        assert (asked.returncode, asked.stderr) == (0, "")
        one = said("2", home, "ls", "-p", "1")
        assert one.returncode == 1
        assert "no such process" in one.stderr


def test_who_says_that_others_may_have_it_as_well(home: Path) -> None:
    with theirs() as pid:
        done = said("2", home, "who", "cat")
        assert done.returncode == 3
        assert any(line.split()[0] == str(pid) for line in done.stdout.splitlines())
        assert HIDDEN in done.stderr
        nobody = said("2", home, "who", "no-such-process")
        assert nobody.returncode == 1
        assert "as far as can be seen" in nobody.stderr
        assert HIDDEN in nobody.stderr


def test_processes_of_which_only_the_number_is_told_are_counted(home: Path) -> None:
    done = said("1", home, "ls", "--summary")
    assert done.returncode == 3
    found = re.search(r"(\d+) processes of other users.* hidepid=noaccess", done.stderr)
    assert found is not None, done.stderr
    assert int(found[1]) >= 2


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("2", "others' processes hidden: hidepid=invisible"),
        ("1", " others hidden: hidepid=noaccess"),
    ],
)
def test_the_screen_says_what_is_hidden(home: Path, option: str, words: str) -> None:
    with (
        theirs() as pid,
        Terminal([], command=behind(option), environment=environment(home), clean=True) as term,
    ):
        row = re.compile(rf"^.. +{pid} .* cat ", re.MULTILINE)
        term.wait_for(lambda text: words in text and row.search(text) is not None)
        term.press("2")
        row = re.compile(rf"^.. +{pid}  cat  +0 ", re.MULTILINE)
        term.wait_for(lambda text: row.search(text) is not None)
        assert words in term.text
        term.press("q")
        assert term.wait_exit() == 0


def test_nothing_is_hidden_from_root() -> None:
    assert hiding() is None


def test_a_proc_without_process_1_hides_something(tmp_path: Path) -> None:
    found = hiding(str(tmp_path))
    assert found is not None
    assert found.pids is None
