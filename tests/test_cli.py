"""The command line: what is imported, what it costs, how it refuses."""

from __future__ import annotations

import atexit
import errno
import os
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
from functools import cache

import pytest

import fdtui
from fdtui.commands.telling import unexpected


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fdtui", *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def cpu(*command: str) -> float:
    """The least CPU of five runs, in seconds: what else runs here can only add."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode()}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    costs = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        costs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(costs)


@cache
def bytecode() -> str:
    """A folder for compiled modules, which an installation has."""
    folder = tempfile.mkdtemp(prefix="fdtui-bytecode-")
    atexit.register(shutil.rmtree, folder)
    return folder


def test_version_and_help() -> None:
    assert run("--version").stdout == f"fdtui {fdtui.__version__}\n"
    text = run("--help").stdout
    for command in ("ls", "who", "cat", "run", "act", "send", "doctor"):
        assert f"\n  {command} " in text


@pytest.mark.parametrize("command", ["ls", "who", "cat", "run", "act", "send", "doctor", "helper"])
def test_every_command_explains_itself_without_textual(command: str) -> None:
    script = (
        "import sys; from fdtui.cli import main\n"
        f"try: main([{command!r}, '--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "assert 'textual' not in sys.modules and 'rich' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "usage: fdtui" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "not PID or PID:FD: nonsense"),
        (["12:x"], "not PID or PID:FD: 12:x"),
        (["4194305"], "no such process (ENOENT)"),
        (["cat", "4194305:1"], "no such process (ENOENT)"),
        (["\x1b[31m"], r"\x1b[31m"),
        (["who", ""], "nothing is asked for"),
    ],
)
def test_bad_input_is_one_clear_line(arguments: list[str], words: str) -> None:
    done = run(*arguments)
    assert done.returncode in (1, 2)
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr


PRINTING = [
    ["ls", "-p", "{pid}"],
    ["ls", "-p", "{pid}", "--jsonl"],
    ["ls", "--tree"],
    ["ls", "--summary"],
    ["ls", "--list-columns"],
    ["who", "{file}"],
    ["cat", "{pid}:{fd}"],
    ["act", "{pid}:{fd}"],
    ["doctor"],
]


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"])
@pytest.mark.parametrize("words", PRINTING, ids=" ".join)
def test_an_output_that_takes_nothing_is_told(words: list[str], redirection: str) -> None:
    with open(__file__) as file:
        names = {"pid": os.getpid(), "fd": file.fileno(), "file": __file__}
        command = [sys.executable, "-m", "fdtui", *(word.format(**names) for word in words)]
        line = f"{shlex.join(command)} {redirection}"
        done = subprocess.run(
            ["/bin/sh", "-c", line], capture_output=True, text=True, check=False, timeout=30
        )
    assert done.returncode == 1
    told = done.stderr.splitlines()[-1]
    assert told.startswith("fdtui: write(stdout): ")
    assert told.endswith("(ENOSPC)" if "full" in redirection else "(EBADF)")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("limit", [5, 6, 8])  # Python itself cannot start with four
@pytest.mark.parametrize("words", ["ls --sharing", "who /etc/passwd", "doctor"])
def test_too_low_a_limit_on_descriptors_is_told(words: str, limit: int) -> None:
    command = [sys.executable, "-m", "fdtui", *words.split()]
    line = f"ulimit -n {limit}; exec {shlex.join(command)}"
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1, 3)
    assert "Traceback" not in done.stderr


def test_what_nobody_foresaw_is_told_or_raised() -> None:
    assert "(RLIMIT_NOFILE " in str(unexpected(OSError(errno.EMFILE, "")))
    assert str(unexpected(OSError(errno.ENOSPC, ""))).startswith("write(stdout): ")
    with pytest.raises(OSError, match="of ours"):
        unexpected(OSError(errno.EINVAL, "a mistake of ours"))


def test_a_closed_stderr_leaves_stdout_alone() -> None:
    command = shlex.join([sys.executable, "-m", "fdtui", "ls", "-p", "4194305"])
    done = subprocess.run(
        ["/bin/sh", "-c", f"{command} 2>&-"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "fdtui:" not in done.stdout


def test_help_costs_little_more_than_python_itself() -> None:
    floor = cpu(sys.executable, "-c", "pass")
    assert cpu(sys.executable, "-m", "fdtui", "--help") - floor < 0.060


def test_the_table_of_one_process_costs_little_more_than_python_itself() -> None:
    floor = cpu(sys.executable, "-c", "pass")
    assert cpu(sys.executable, "-m", "fdtui", "ls", "-p", str(os.getpid())) - floor < 0.060
