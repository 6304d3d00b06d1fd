"""The pictures of README, drawn from the invented machine: `python -m tests.shots`.

They are the same to the byte on every run; the tests draw them again and compare.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

os.environ["TEXTUAL_SPEEDUPS"] = "0"
os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ.pop("NO_COLOR", None)
# Clocks on the screen are local times.
os.environ["TZ"] = "UTC"

import time  # after TZ

from textual.pilot import Pilot  # after the switches above

from fdtui.survey.processes import SAMPLES, ProcessTable, Snapshot
from fdtui.tui.app import FdtuiApp
from tests.invented import World

time.tzset()

FOLDER = Path(__file__).resolve().parent.parent / "screenshots"
_PATIENCE = 20.0  # seconds for a screen to come to rest


class Shot(NamedTuple):
    """A picture: where the screen opens, the keys pressed then, the size in cells."""

    name: str
    keys: Sequence[str] = ()
    open_at: tuple[int, int | None] | None = None
    size: tuple[int, int] = (120, 40)
    theme: str = ""


SHOTS = (
    Shot("processes", ("down", "down", "down")),
    Shot("descriptors", ("down",) * 7, (4182, None)),
    Shot("descriptors-narrow", ("down",) * 7, (4182, None), (80, 24)),
    Shot("descriptors-wide", ("down",) * 7, (4182, None), (200, 50)),
    Shot("descriptors-light", ("down",) * 7, (4182, None), theme="textual-light"),
    Shot("viewer-text", ("f",), (4182, 7)),
    Shot("viewer-hex", ("tab", "i"), (5120, 9)),
    Shot("state-tcp", (), (4182, 6)),
    Shot("state-epoll", (), (4182, 3)),
    Shot("machine", ("2",)),
    Shot("deleted", ("2", "D"), size=(120, 24)),
    Shot("held", ("down",) * 8 + ("s", "up", "up", "s", *["up"] * 5, "s", "3", "P"), (4182, None)),
)


def text_of(app: FdtuiApp) -> str:
    """What is on the screen."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def at_rest(app: FdtuiApp, pilot: Pilot[int]) -> None:
    """Wait until further looks at the machine change nothing on the screen any more."""
    deadline = time.monotonic() + _PATIENCE
    before: object = None
    quiet = 0
    while quiet < 2:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the screen never came to rest\n{text_of(app)}")
        await look_once(app, pilot)
        now = app.screen._compositor.render_strips()
        quiet = quiet + 1 if now == before else 0
        before = now


async def look_once(app: FdtuiApp, pilot: Pilot[int]) -> None:
    """Have the poller look, unless there is nothing to look at, and let what it saw be painted."""
    looks = app.poller.looks
    if app.poller.busy:
        app.poller.poke()
        deadline = time.monotonic() + _PATIENCE
        while app.poller.looks == looks and app.poller.busy and time.monotonic() < deadline:
            await asyncio.sleep(0.002)
    # Answers of the keeper and searches for sharers come from threads of their own.
    await asyncio.sleep(0.02)
    await pilot.pause()


class _Still(ProcessTable):
    """Every sweep finds what the last of a dozen found, so that trends neither fill nor pass."""

    def __init__(self, moving: ProcessTable) -> None:
        for _ in range(SAMPLES):
            self._found = moving.sweep()

    def sweep(self, cancelled: Callable[[], bool] = lambda: False) -> Snapshot:
        return self._found

    def recheck(self) -> None:
        """Nothing becomes other."""


def still_app(open_at: tuple[int, int | None] | None) -> FdtuiApp:
    """The app over the invented machine, with trends."""
    app = FdtuiApp(World().machine(), open_at=open_at)
    app.process_table = _Still(app.process_table)
    app.last_sweep = app.process_table.sweep()
    return app


async def draw(shot: Shot) -> str:
    """Return the picture as SVG."""
    app = still_app(shot.open_at)
    async with app.run_test(size=shot.size) as pilot:
        if shot.theme:
            app.theme = shot.theme
        await at_rest(app, pilot)
        for key in shot.keys:
            await pilot.press(key)
            if not key.startswith(("down", "up")):
                await at_rest(app, pilot)
        await at_rest(app, pilot)
        return app.export_screenshot(title="fdtui")


def main() -> None:
    """Draw all pictures, or those that are named."""
    FOLDER.mkdir(exist_ok=True)
    for shot in SHOTS:
        if len(sys.argv) == 1 or shot.name in sys.argv[1:]:
            (FOLDER / f"{shot.name}.svg").write_text(asyncio.run(draw(shot)), encoding="utf-8")
            print(shot.name)


if __name__ == "__main__":
    main()
