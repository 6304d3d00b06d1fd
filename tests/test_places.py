"""Processes, Descriptors, Machine and Held on the invented machine, driven by keys."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable

from textual.pilot import Pilot

from fdtui.tui.app import FdtuiApp
from fdtui.tui.widgets.linetable import LineTable
from tests.invented import World
from tests.shots import at_rest, text_of

Story = Callable[[FdtuiApp, Pilot[int], World], Awaitable[None]]


def play(
    story: Story, *, size: tuple[int, int] = (120, 40), at: tuple[int, int | None] | None = None
) -> None:
    """Run a story on a fresh world."""

    async def run() -> None:
        world = World()
        app = FdtuiApp(world.machine(), open_at=at)
        async with app.run_test(size=size) as pilot:
            await at_rest(app, pilot)
            await story(app, pilot, world)

    asyncio.run(run())


async def press(app: FdtuiApp, pilot: Pilot[int], *keys: str) -> str:
    """Press, wait until all is at rest, return the screen."""
    await pilot.press(*keys)
    await at_rest(app, pilot)
    return text_of(app)


async def look_again(app: FdtuiApp, pilot: Pilot[int]) -> str:
    """Have the poller look, and return the screen."""
    app.poller.poke()
    await at_rest(app, pilot)
    return text_of(app)


def names(app: FdtuiApp) -> list[str]:
    """The text of the table's rows, without marks."""
    table = app.screen.query_one("#table", LineTable)
    rows = [table.render_line(y).text[2:].strip() for y in range(1, table.size.height)]
    return [row for row in rows if row]


def selected(app: FdtuiApp) -> str:
    """The row with the cursor mark."""
    table = app.screen.query_one("#table", LineTable)
    lines = [table.render_line(y).text for y in range(1, table.size.height)]
    return next(line for line in lines if line[1] == "▎")


def test_processes_are_sorted_by_count_and_by_any_column() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        assert "143 processes" in text_of(app)
        assert names(app)[0].startswith("3318  elastic")
        await press(app, pilot, "r", "home")
        counts = [int(row.split()[2].replace(",", "")) for row in names(app)]
        assert counts == sorted(counts)
        await press(app, pilot, "less_than_sign", "less_than_sign", "home")
        assert names(app)[0].split()[0] == "1"
        await press(app, pilot, "r", "home")
        pids = [int(row.split()[0]) for row in names(app)]
        assert pids == sorted(pids, reverse=True)

    play(story)


def test_a_filter_is_live_kept_and_cleared() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        everything = len(names(app))
        text = await press(app, pilot, "slash", *"ingest")
        assert "/ ingest" in text
        assert 0 < len(names(app)) < everything
        assert all("ingest" in row for row in names(app))
        text = await press(app, pilot, "enter", "j")
        assert "/ ingest" in text  # kept, and keys go to the table again
        await press(app, pilot, "escape")
        assert len(names(app)) == everything
        text = await press(app, pilot, "slash", *"nosuch", "enter")
        assert 'No process matches "nosuch".  esc clears the filter' in text
        await press(app, pilot, "slash", "escape")
        assert len(names(app)) == everything

    play(story)


def test_the_tree_shows_children_below_their_parents() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        text = await press(app, pilot, "t")
        assert "├ " in text
        lines = text.split("\n")
        parent = next(y for y, line in enumerate(lines) if " systemd  " in line)
        assert "├ java" in lines[parent + 1]
        assert "t flat" in text
        await press(app, pilot, "t", "home")
        assert names(app)[0].startswith("3318")

    play(story)


def test_the_selection_stays_on_its_process_while_rows_move() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        await press(app, pilot, "down", "down", "down")
        before = selected(app)
        assert "ingest-worker" in before
        for pid in (3318, 812):
            del world.procfs.processes[pid]
        world.now += 10  # longer than ended rows are kept
        await look_again(app, pilot)
        world.now += 10
        await look_again(app, pilot)
        assert "ingest-worker" in selected(app)
        assert "3318" not in text_of(app)

    play(story)


def test_ended_processes_are_struck_through_for_a_while() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        del world.procfs.processes[3318]
        world.now += 1
        await look_again(app, pilot)
        table = app.screen.query_one("#table", LineTable)
        assert table.render_line(1).text.startswith("-")
        assert any(segment.style and segment.style.strike for segment in table.render_line(1))
        world.now += 4
        await look_again(app, pilot)
        assert "elastic" not in text_of(app)

    play(story)


def test_freezing_stops_what_is_seen() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        text = await press(app, pilot, "space")
        assert "frozen 14:12:23" in text
        del world.procfs.processes[3318]
        world.now += 10
        await pilot.pause(1.2)
        assert "elastic" in text_of(app)
        await press(app, pilot, "space")
        world.now += 10
        text = await look_again(app, pilot)
        assert "elastic" not in text
        assert "live 1 s" in text

    play(story)


def test_descriptors_say_who_is_at_the_other_end_and_who_shares() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        text = text_of(app)
        assert "ingestd 4182   25 descriptors, limit 1,024" in text
        assert "tee 4183:0" in text
        assert "LISTEN 0.0.0.0:8443" in text
        text = await press(app, pilot, *["down"] * 7)
        assert "3 descriptors in 2 processes" in text
        assert "mira:adm  0640, 1 link" in text
        assert "same file, opened apart 1 descriptor" in text

    play(story, at=(4182, None))


def test_new_and_closed_descriptors_are_marked() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        world.open(40, "/etc/hosts", os.O_RDONLY)
        world.close(13)
        world.now += 1
        await look_again(app, pilot)
        text = await press(app, pilot, "end")
        rows = {line[2:6].strip(): line for line in text.split("\n")}
        assert rows["40"].startswith("+")
        assert rows["13"].startswith("-")
        world.now += 4
        text = await look_again(app, pilot)
        rows = {line[2:6].strip(): line for line in text.split("\n")}
        assert rows["40"].startswith(" ")
        assert "13" not in rows

    play(story, at=(4182, None))


def test_a_failed_row_is_a_row() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        row = next(line for line in text_of(app).split("\n") if line[2:6].strip() == "20")
        assert row.startswith("!")
        assert "readlink: Permission denied (EACCES)" in row

    play(story, at=(4182, None))


def test_a_refused_table_says_why_and_what_would_help() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        text = text_of(app)
        assert "systemd 1 cannot be looked into: EACCES on /proc/1/fd (runs as root)." in text
        assert "p asks sudo for a helper" in text

    play(story, at=(1, None))


def test_jump_goes_to_the_other_end_and_backspace_returns() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        await press(app, pilot, "down")
        text = await press(app, pilot, "J")
        assert "› tee 4183" in text
        text = await press(app, pilot, "backspace")
        assert "› ingestd 4182" in text

    play(story, at=(4182, None))


def test_the_process_that_ends_keeps_its_rows() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        del world.procfs.processes[4182]
        world.now += 1
        text = await look_again(app, pilot)
        assert "ingestd 4182 (ended)" in text
        assert "/var/log/ingestd/access.log" in text

    play(story, at=(4182, None))


def test_the_machine_is_filtered_by_expressions_and_grouped() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        text = await press(app, pilot, "2")
        assert "Machine" in text
        text = await press(app, pilot, "slash", *'kind == "tcp"', "enter")
        assert all("tcp" in row for row in names(app))
        text = await press(app, pilot, "slash", *" and", "enter")
        assert "column 18: it ends too early" in text
        await press(app, pilot, "escape")
        text = await press(app, pilot, "g")
        assert "by file" in text
        text = await press(app, pilot, "g")
        assert "by process" in text
        assert "ingestd 4182" in names(app)[0]
        text = await press(app, pilot, "home", "enter")
        assert "/dev/null" in text

    play(story)


def test_places_keep_where_one_was() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        text = await press(app, pilot, "2")
        text = await press(app, pilot, "3")
        assert "Nothing is held." in text
        text = await press(app, pilot, "1")
        assert "› ingestd 4182" in text
        text = await press(app, pilot, "1")
        assert "143 processes" in text

    play(story, at=(4182, None))


def test_help_names_every_key_of_the_screen() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        text = await press(app, pilot, "question_mark")
        for word in ("filter", "sort left", "tree", "freeze", "cannot be looked into"):
            assert word in text
        await press(app, pilot, "escape")

    play(story, size=(120, 50))


def test_a_key_can_be_remapped() -> None:
    async def run() -> None:
        from fdtui.tui.settings import Settings

        app = FdtuiApp(World().machine(), settings=Settings(keys={"processes.tree": "u"}))
        async with app.run_test(size=(120, 40)) as pilot:
            await at_rest(app, pilot)
            await pilot.press("u")
            await at_rest(app, pilot)
            assert "├ " in text_of(app)

    asyncio.run(run())


def test_g_is_the_first_row_of_a_table_as_everywhere() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        for place in ("descriptors", "processes"):
            if place == "processes":
                await press(app, pilot, "escape")
            rows = app.screen.query_one("#table", LineTable).rows
            await press(app, pilot, "G")
            assert rows.cursor > 0
            await press(app, pilot, "g")
            assert rows.cursor == 0

    play(story, at=(4182, None))
