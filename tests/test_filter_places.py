"""The filter language in Descriptors and Processes: on the invented machine and by keys, live."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from fdtui.survey import columns, processcolumns
from fdtui.survey.columns import Value
from fdtui.survey.typed import TypedFilter, is_plain
from fdtui.tui.app import FdtuiApp
from tests.invented import World
from tests.puppets import Puppet, until
from tests.stories import Story
from tests.terminal import Terminal
from tests.test_filter_line import below
from tests.test_places import names, play, press

# What is typed

Row = dict[str, Value]
ROWS: list[Row] = [
    {"fd": 3, "kind": "tcp", "deleted": False, "text": "3 tcp socket --type=x"},
    {"fd": 4, "kind": "regular", "deleted": True, "text": "4 regular /var/log/error.log"},
]


def typed() -> TypedFilter[Row]:
    return TypedFilter(lambda name: lambda row: row[name], lambda row: row["text"])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", [3, 4]),
        ("fd == 3", [3]),
        ("error", [4]),  # a column too, but what is meant is the word
        ("ERROR log", [4]),
        ("deleted", [4]),
        ("deleted tcp", []),
        ("--type=x", [3]),
        ("true", []),
        ("fd > 3 or tcp", [3, 4]),
    ],
)
def test_plain_words_stay_plain_words(text: str, wanted: list[int]) -> None:
    line = typed()
    matches = line.read(text, ROWS).matches
    assert line.mistake is None
    assert [row["fd"] for row in ROWS if matches(row)] == wanted


@pytest.mark.parametrize("more", [" =", " == '", " and", " and (", " and not", " or fd >"])
def test_what_ends_too_early_keeps_the_last_good_result(more: str) -> None:
    line = typed()
    for end in range(1, len(more) + 1):
        line.read("fd == 3" + more[:end], ROWS)
    assert line.mistake is not None
    if more.strip() != "or fd >":
        assert [row["fd"] for row in ROWS if line.filter.matches(row)] == [3]
    line.read("", ROWS)
    assert line.mistake is None
    line.read("(", ROWS)
    assert all(map(line.filter.matches, ROWS))


def test_what_is_plain() -> None:
    assert is_plain("nginx 8080 /var/log")
    assert not any(map(is_plain, ("fd > 3", "a and b", "not a", '"a"', "fd eq 3", "(a")))


def test_columns_of_processes_have_help_and_no_name_twice() -> None:
    assert all(column.help for column in processcolumns.COLUMNS)
    every = [name.lower() for name in processcolumns.PROCESSES.names()]
    assert len(every) == len(set(every))
    # Where both have a column it is the same.
    for column in processcolumns.COLUMNS:
        other = columns.find(column.name)
        assert other is None or other.type is column.type, column.name


# Descriptors, invented


async def keep(app: FdtuiApp, pilot: Pilot[int], text: str) -> list[str]:
    """Filter by a text; returns the first words of the rows that are on the screen."""
    await pilot.press("slash")
    app.screen.query_one(Input).value = text
    await press(app, pilot, "enter")
    return [row.split()[0] for row in names(app) if row.split()[0] not in ("No", "f")]


def app_text(app: FdtuiApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def test_expressions_in_one_process() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        every = len(names(app))
        assert await keep(app, pilot, "fd == 7") == ["7"]
        assert await keep(app, pilot, "7 < fd and fd <= 9") == ["8", "9"]
        found = await keep(app, pilot, 'kind == "tcp" and state == "LISTEN"')
        assert found
        assert all("LISTEN" in row for row in names(app))
        tcp = await keep(app, pilot, "kind == tcp")
        assert set(found) < set(tcp)
        assert await keep(app, pilot, "assoc == cwd") == ["cwd"]
        assert await keep(app, pilot, f"pid == 4182 and comm == {world.procfs.stat(4182).comm}")
        assert len(await keep(app, pilot, "pid == 4182")) in (every, every - 1)
        assert await keep(app, pilot, "uid == 4711") == []
        shared = await keep(app, pilot, "shared > 1")
        assert shared
        assert all("×" in row for row in names(app))
        assert await keep(app, pilot, 'peer.comm =~ "."')
        # Plain words as ever, and those that are columns too.
        assert set(found) <= set(await keep(app, pilot, "listen"))
        assert "error" not in "".join(names(app))
        assert await keep(app, pilot, "error") == []

    play(story, at=(4182, None))


def test_groups_hold_what_the_filter_left() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        await press(app, pilot, "slash", *"kind == tcp", "enter", "u")
        assert len(names(app)) == 1
        assert "tcp" in names(app)[0]

    play(story, at=(4182, None))


def test_completion_the_place_of_a_mistake_and_earlier_filters_in_one_process() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        _, under = below(await press(app, pilot, "slash"))
        assert "tab completes" in under
        line, _ = below(await press(app, pilot, "k", "i", "tab", *" == tc", "tab"))
        assert line.startswith(" / kind == tcp ")
        count = len(names(app))
        line, under = below(await press(app, pilot, *" and"))
        assert "it ends too early" in under
        assert len(names(app)) == count
        line, under = below(await press(app, pilot, *" fdd == 3"))
        assert under.index("^") == line.index("fdd")
        assert "no column is called fdd" in under
        line, under = below(await press(app, pilot, "enter"))
        assert under.index("^") == line.index("fdd")
        assert "no column is called fdd" in under
        text = await press(app, pilot, "escape")
        assert "^" not in text
        line, _ = below(await press(app, pilot, "slash", "up"))
        assert line.startswith(" / kind == tcp and fdd == 3 ")
        # Machine has the same last ones.
        line, _ = below(await press(app, pilot, "escape", "2", "slash"))
        assert line.startswith(" /  ")

    for size in ((120, 40), (80, 24)):
        play(story, size=size, at=(4182, None))


# Processes, invented


def test_expressions_in_processes() -> None:
    async def story(app: FdtuiApp, pilot: Pilot[int], world: World) -> None:
        assert await keep(app, pilot, "pid == 4182") == ["4182"]
        many = await keep(app, pilot, "fds > 1000")
        assert "3318" in many
        assert len(many) < 20
        assert "3318" in await keep(app, pilot, 'fds > 1K and user == "elastic"')
        assert await keep(app, pilot, 'limit% >= 80 or name == "java"')
        assert await keep(app, pilot, r'command =~ "^/usr/share/elasticsearch"') == ["3318"]
        assert await keep(app, pilot, "-Xms8") == ["3318"]
        assert await keep(app, pilot, "kthread and not kthread") == []
        text = await press(app, pilot, "escape", "slash", *"kind == t")
        line, under = below(text)
        assert under.index("^") == line.index("kind")
        assert "kind is a column of descriptors: 2 Machine" in under
        text = await press(app, pilot, "enter")
        assert "kind is a column of descriptors: 2 Machine" in text
        assert "who has" not in text.split("\n")[0]

    play(story)


def test_enter_on_what_no_process_matches_asks_who_has_it() -> None:
    for question in ("/nowhere/to be found (1)", "ino:4711", "/nowhere"):

        async def story(app: FdtuiApp, pilot: Pilot[int], world: World, it: str = question) -> None:
            await keep(app, pilot, it)
            assert f"who has {it}" in app_text(app)

        play(story)


def test_expressions_among_those_who_have_it() -> None:
    with Puppet() as puppet, Story() as story:
        puppet("os.open('/dev/full', os.O_RDONLY)")
        fd = puppet("os.open('/dev/full', os.O_WRONLY)")
        story.press("f", "/dev/full", "enter")
        story.wait_for("who has /dev/full")
        story.wait_for(lambda _: bool(story.selected))
        story.press("/", f"pid == {puppet.pid} and mode == w", "enter")
        story.wait_for("1 row")
        story.wait_for(lambda _: story.selected.split()[:1] == [str(puppet.pid)])
        story.wait_for(lambda _: f" {fd} " in story.selected)
        story.press("/", " and modd == w", "enter")
        story.wait_for("no column is called modd")


# By keys, live


def test_the_language_in_one_process_live(tmp_path: Path) -> None:
    with Puppet() as puppet:
        listener = puppet("(lambda s: (s.listen(), s.detach())[1])(__import__('socket').socket())")
        memfd = puppet("os.memfd_create('filtered')")
        copy = puppet(f"os.dup({memfd})")
        with Terminal([str(puppet.pid)], environment={"XDG_STATE_HOME": str(tmp_path)}) as term:
            term.wait_for("FD  KIND")
            kept = tmp_path / "fdtui" / "filters"

            def left(filter: str, *fds: int) -> None:
                term.press("/", filter, "enter")

                def shown(text: str) -> bool:
                    lines = text.split("\n")
                    head = next((n for n, line in enumerate(lines) if "FD  KIND" in line), 99)
                    body = lines[head + 1 : head + 2 + len(fds)]
                    return [line[2:].split()[:1] for line in body if line[2:6].strip()] == [
                        [str(fd)] for fd in fds
                    ]

                term.wait_for(lambda text: "earlier filters" not in text and shown(text))
                until(lambda: kept.exists() and filter in kept.read_text())  # enter was taken
                term.press("escape")
                term.wait_for(lambda text: f" / {filter}" not in text)

            left(f"fd == {memfd}", memfd)
            left('kind == "tcp" and state == "LISTEN"', listener)
            left("shared == 2 and kind == memfd", memfd, copy)
            left("DELETED and fd > 2", memfd, copy)
            left("filtered", memfd, copy)
            left(f'fd >= {copy} and NAME =~ "filtered"', copy)
            term.press("q")
            assert term.wait_exit() == 0
        lines = kept.read_text().splitlines()
        assert lines[0] == f"fd == {memfd}"
        assert len(lines) == 6


def test_the_language_in_processes_live() -> None:
    with Puppet() as puppet, Story() as story:
        puppet("[os.dup(0) for _ in range(77)][0]")
        story.press("/", f"fds > 77 and pid == {puppet.pid}", "enter")
        story.wait_for(lambda _: story.selected.split()[:1] == [str(puppet.pid)])
        story.press("escape", "/", f'state == "LISTEN" and pid == {puppet.pid}')
        story.wait_for("state is a column of descriptors: 2 Machine")
