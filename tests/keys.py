"""Acting by keys in the real program on a terminal: a row, x, the action, its words, y, the log."""

from __future__ import annotations

import re

from fdtui.linux.procfs import ProcFs
from tests.terminal import Terminal

LINE = re.compile(r"^.?\s(\d\d:\d\d:\d\d)  (\S.*)$")


class Keys(Terminal):
    """fdtui at the descriptors of a process."""

    def __init__(self, pid: int, *, columns: int = 120, lines: int = 40) -> None:
        super().__init__([str(pid)], columns=columns, lines=lines)
        self.pid = pid
        self.wait_for(lambda text: "FD  KIND" in text and f" {pid}" in text)

    def select(self, fd: int) -> None:
        """Put the cursor on a descriptor."""
        down = sorted(ProcFs().fds(self.pid)).index(fd)
        self.press("home", *["down"] * down)
        self.wait_for(f"─ fd {fd}  ")

    def menu(self, fd: int) -> str:
        """Open the menu of actions on a descriptor."""
        self.select(fd)
        self.press("x")
        return self.wait_for(lambda text: "Act on" in text and "enter go on" in text)

    def choose(self, fd: int, key: str, *asked: tuple[str, str]) -> str:
        """Choose an action, answer each prompt; returns the screen with its confirmation."""
        self.menu(fd)
        self.press(key)
        for prompt, word in asked:
            self.below(prompt)
            self.press(word, "enter")
        return self.wait_for("leave it alone")

    def do(self, done: str) -> str:
        """Confirm, and wait for what is told of it."""
        self.press("y")
        return self.below(done)

    def below(self, words: str) -> str:
        """Wait until the last line begins with these words."""
        return self.wait_for(lambda text: text.splitlines()[-1].startswith(f" {words}"))

    def log(self, lines: int) -> list[str]:
        """Return the session log as it is shown, the words behind the times; that many lines."""
        self.press("3")
        self.wait_for("─ this session ─")
        self.press("L")
        found: list[str] = []

        def listed(text: str) -> bool:
            found.clear()
            _, _, below = text.rpartition("─ this session ─")
            for row in below.splitlines()[1:-2]:
                if match := LINE.match(row):
                    found.append(match[2].rstrip())
                elif found and row.strip():  # it goes on
                    found[-1] += " " + row.strip()
            return len(found) >= lines

        self.wait_for(listed)
        return found
