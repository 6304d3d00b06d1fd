"""FdtuiApp over this machine and a keeper of its own, driven by keys, for tests of screens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from fdtui.tui.app import FdtuiApp
from fdtui.tui.screens.actionmenu import ActionMenu
from fdtui.tui.screens.confirming import Confirm
from fdtui.tui.screens.descriptors import Descriptors
from tests.puppets import Puppet
from tests.snapshots import screen_lines

LINE = b"the first line\n"

PATIENCE = 15.0  # seconds


class Screens:
    """An app that runs."""

    def __init__(self, app: FdtuiApp, pilot: Pilot[int]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(screen_lines(self.app))

    async def until(self, wanted: str | Callable[[], object], what: str = "") -> str:
        """Wait until a text is on the screen, or a condition holds; returns the screen."""
        holds = wanted if callable(wanted) else lambda: wanted in self.text
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not holds():
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"never: {what or wanted}\n{self.text}")
            await self.pilot.pause(0.02)
        await self.pilot.pause()
        return self.text

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def select(self, fd: int) -> None:
        """Put the cursor on a descriptor."""
        screen = self.app.screen
        assert isinstance(screen, Descriptors)
        await self.until(lambda: screen.table.select(fd), f"fd {fd}")
        await self.until(lambda: (chosen := screen.selected()) is not None and chosen.fd == fd)

    async def menu(self, fd: int) -> str:
        """Open the menu of actions on a descriptor; returns the screen."""
        await self.select(fd)
        await self.press("x")
        return await self.until(lambda: isinstance(self.app.screen, ActionMenu), "the menu")

    async def choose(self, fd: int, key: str, *asked: tuple[str, str]) -> str:
        """Choose an action, answer each prompt; returns the screen with its confirmation."""
        await self.menu(fd)
        await self.press(key)
        for prompt, word in asked:
            await self.until(prompt)
            await self.type(word)
        return await self.confirmation()

    async def confirmation(self) -> str:
        """Wait until there is one; returns the screen."""
        return await self.until(lambda: isinstance(self.app.screen, Confirm), "the confirmation")

    async def type(self, text: str) -> None:
        """Put a text into the line that asks, and take it."""
        line = self.app.screen.query_one(Input)
        line.value = text
        await self.press("enter")

    @property
    def log(self) -> list[str]:
        """The session log."""
        return [f"{line.verb} {line.about} {line.detail}" for line in self.app.log_of_session]


def drive(
    check: Callable[[Screens], Awaitable[None]], pid: int, size: tuple[int, int] = (120, 40)
) -> None:
    """Run `check` at the descriptors of a process."""

    async def main() -> None:
        app = FdtuiApp(open_at=(pid, None))
        async with app.run_test(size=size) as pilot:
            screens = Screens(app, pilot)
            await screens.until(f" {pid}   ")
            await check(screens)

    asyncio.run(main())


def log_writer(puppet: Puppet, path: Path) -> int:
    """Open a log in it and write LINE; returns the number."""
    fd: int = puppet(f"os.open({str(path)!r}, os.O_WRONLY | os.O_CREAT, 0o644)")
    puppet(f"os.write({fd}, {LINE!r})")
    return fd
