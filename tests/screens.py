"""FdtuiApp over an invented world, driven by keys, for tests of screens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from textual.pilot import Pilot
from textual.screen import Screen

from fdtui.acquire.base import Target
from fdtui.tui.app import FdtuiApp
from fdtui.tui.screens.place import PlaceScreen
from fdtui.tui.screens.viewer import ViewerScreen
from tests.fake_things import Thing
from tests.invented import World
from tests.snapshots import screen_lines

Check = Callable[["Driver"], Awaitable[None]]
S = TypeVar("S", bound=Screen[Any])


class Driver:
    """An app that runs, and the world it shows."""

    def __init__(self, world: World, app: FdtuiApp, pilot: Pilot[int]) -> None:
        self.world, self.app, self.pilot = world, app, pilot

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(screen_lines(self.app))

    async def until(self, wanted: str | Callable[[], object], seconds: float = 5.0) -> None:
        """Wait until a text is on the screen, or a condition holds."""
        holds = wanted if callable(wanted) else lambda: wanted in self.text
        deadline = asyncio.get_running_loop().time() + seconds
        while not holds():
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"never: {wanted}\n{self.text}")
            await self.pilot.pause(0.01)
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        """Press keys; what they do in this thread is done then."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    def front(self, kind: type[S]) -> S:
        """The screen in front, which is of that kind."""
        screen = self.app.screen
        assert isinstance(screen, kind), f"{screen}\n{self.text}"
        return screen

    async def open(self, pid: int, fd: int, via: str | None = None) -> None:
        """Look into a descriptor."""
        from fdtui.tui.screens.looking import look

        place = self.front(PlaceScreen)
        process = self.world.procfs.processes[pid]
        look(place, Target(pid, process.start_time, fd), process.name, via)
        await self.until(lambda: self.app.screen is not place)

    async def view(self, pid: int, fd: int) -> ViewerScreen:
        """Look at its bytes."""
        await self.open(pid, fd)
        await self.until("OFFSET")
        return self.front(ViewerScreen)

    def thing(self, pid: int, fd: int) -> Thing:
        """What the keeper acquires there."""
        return self.world.keeper.things[pid, fd]

    async def see_again(self) -> None:
        """Have the poller look once more, and wait for what comes of it."""
        asked = len(self.world.keeper.asked)
        self.app.poller.poke()
        await self.until(lambda: len(self.world.keeper.asked) > asked)


def drive(check: Check, size: tuple[int, int] = (120, 40), world: World | None = None) -> None:
    """Run `check` over an app that has seen its processes once."""

    async def main() -> None:
        invented = world or World()
        app = FdtuiApp(invented.machine())
        async with app.run_test(size=size) as pilot:
            driver = Driver(invented, app, pilot)
            await driver.until(lambda: app.last_sweep is not None)
            await check(driver)

    asyncio.run(main())
