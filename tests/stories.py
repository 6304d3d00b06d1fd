"""People's problems, solved by keys in the real program; the keys are counted as they are typed.

A key is one, a word that is typed (a path, a port, a command) is one, and finding the row of a
process or descriptor is one, whether by a filter, arrows or a click.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self

from tests.puppets import until
from tests.terminal import Terminal


class Story(Terminal):
    """fdtui at its home place; `counted` is what was typed so far."""

    def __init__(self, columns: int = 120, lines: int = 40) -> None:
        super().__init__([], columns=columns, lines=lines)
        self.counted: list[str] = []

    def __enter__(self) -> Self:
        super().__enter__()
        self.wait_for(lambda text: "live 1 s" in text and "  root" in text)
        return self

    def key(self, *keys: str) -> None:
        """Press keys, each counts one."""
        for key in keys:
            self.counted.append(key)
            self.press(key)

    def word(self, text: str) -> None:
        """Type a word, which counts one."""
        self.counted.append(text)
        self.press(text)

    def find_process(self, pid: int) -> None:
        """Put the cursor on a process, which counts one."""
        self.counted.append(f"process {pid}")
        self.press("/", str(pid), "enter")
        self.wait_for(lambda _: self.selected.split()[:1] == [str(pid)])

    def find_descriptor(self, pid: int, fd: int) -> None:
        """Go to a descriptor of a process, which counts one."""
        self.find_process(pid)
        self.counted[-1] = f"pid {pid} fd {fd}"
        self.press("enter")
        self.wait_for(lambda text: "TARGET" in text and bool(self.selected))
        self.down_to(fd)

    def down_to(self, fd: int) -> None:
        """Move the cursor down to a descriptor; counts nothing."""
        self.wait_for(lambda text: any(line[2:].split()[:1] == [str(fd)] for line in self.rows))
        while self.selected.split()[:1] != [str(fd)]:
            self._step()

    def _step(self) -> None:
        before = self.selected.split()[:1]  # what else is in the row changes by itself
        self.press("down")
        self.wait_for(lambda _: self.selected.split()[:1] not in ([], before))

    @property
    def rows(self) -> list[str]:
        """The lines of the screen."""
        return self.text.split("\n")

    @property
    def selected(self) -> str:
        """The row with the cursor mark, without it; "" while there is none."""
        return next((line[2:] for line in self.rows if line[1:2] == "▎"), "")


@contextmanager
def running(
    arguments: Sequence[str],
    *,
    stdin: int | None = None,
    out: IO[str] | None = None,
    pass_fds: Sequence[int] = (),
    cwd: Path | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """A program that is killed at the end; `out` is its stdout and stderr."""
    process = subprocess.Popen(
        arguments, stdin=stdin, stdout=out, stderr=out, pass_fds=pass_fds, cwd=cwd, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def idle(*more: str) -> list[str]:
    """A program that does nothing, with these further arguments."""
    return [sys.executable, "-I", "-S", "-c", "import time; time.sleep(99)", *more]


@contextmanager
def logging_shell(log: Path) -> Iterator[subprocess.Popen[str]]:
    """A `sh` that writes `line N` to a log for each line that it gets."""
    loop = ["/bin/sh", "-c", "while read -r n; do echo line $n; done"]
    with log.open("w") as out, running(loop, stdin=subprocess.PIPE, out=out) as shell:
        out.close()  # it is the shell's alone
        yield shell


def write_line(shell: subprocess.Popen[str], number: int, log: Path) -> None:
    """Have the shell write a line, and wait until it is in the log."""
    assert shell.stdin is not None
    shell.stdin.write(f"{number}\n")
    shell.stdin.flush()
    until(lambda: f"line {number}\n".encode() in log.read_bytes())
