"""Menu, confirmation and refusal as drawn on the invented machine."""

from __future__ import annotations

import pytest

from fdtui.errors import FdtuiError
from fdtui.keeper.actions.base import Outcome
from tests import screens, snapshots
from tests.fakes import FakeKeeper


async def _at_the_log(on: screens.Driver) -> None:
    on.app.open_process(4182)
    await on.until("access.log")
    await on.press(*["down"] * 7)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
def test_the_confirmation_as_drawn(size: tuple[int, int]) -> None:
    async def check(on: screens.Driver) -> None:
        await _at_the_log(on)
        await on.press("x")
        await on.until("Act on")
        # The keeper's answer to what is held marks the row, also behind the menu.
        await on.until(lambda: on.app.holds)
        snapshots.check(on.app, f"action-menu-{size[0]}x{size[1]}")
        await on.press("t")
        await on.until("leave it alone")
        words = " ".join(on.text.replace("│", " ").split())
        assert words.count("same description: rewound too") == 2
        assert "its offset will lie beyond the end" in words
        snapshots.check(on.app, f"confirm-{size[0]}x{size[1]}")
        await on.press("enter")
        keeper = on.world.keeper
        assert isinstance(keeper, FakeKeeper)
        await on.until(lambda: "release 1" in keeper.asked)
        assert keeper.acting.performed == []

    screens.drive(check, size)


def test_the_menu_chooses_by_cursor_and_enter() -> None:
    async def check(on: screens.Driver) -> None:
        await _at_the_log(on)
        await on.press("x")
        await on.until("Act on")
        await on.press("down", "down", "enter")
        await on.until("truncate SIZE")
        await on.press("enter")
        await on.until("the offset stays")
        on.world.keeper.acting.outcomes.append(Outcome("truncated", "fd 7 of ingestd 4182 at all"))
        await on.press("y")
        await on.until("truncated fd 7 of ingestd 4182 at all")

    screens.drive(check)


def test_a_refusal_of_the_kernel_is_told_and_logged() -> None:
    async def check(on: screens.Driver) -> None:
        await _at_the_log(on)
        on.world.keeper.acting.outcomes.append(FdtuiError("ftruncate: Text file busy (ETXTBSY)"))
        await on.press("x")
        await on.until("Act on")
        await on.press("t")
        await on.until("leave it alone")
        await on.press("y")
        await on.until("(ETXTBSY)")
        assert [line.verb for line in on.app.log_of_session][-1] == "failed"

    screens.drive(check)
