"""FdtuiApp over this machine and a keeper of its own, driven by keys, for tests of screens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from textual.pilot import Pilot
from textual.widgets import Input

from fdtui.tui.app import FdtuiApp
from tests.snapshots import screen_lines

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
