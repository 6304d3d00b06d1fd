"""The pictures of README are what the screens look like now, and every place looks as it did."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from tests import snapshots
from tests.shots import FOLDER, SHOTS, Shot, at_rest, draw, still_app

PLACES = {
    "processes": Shot("processes", ("down", "down", "down")),
    "processes-tree": Shot("processes-tree", ("t",)),
    "processes-filter": Shot("processes-filter", ("slash", *"ingest")),
    "processes-nothing": Shot("processes-nothing", ("slash", *"nosuch", "enter")),
    "descriptors": Shot("descriptors", ("down",) * 7, (4182, None)),
    "descriptors-refused": Shot("descriptors-refused", (), (1, None)),
    "descriptors-groups": Shot("descriptors-groups", ("u", "u"), (4182, None)),
    "descriptors-mistake": Shot(
        "descriptors-mistake",
        ("slash", *"kind", "space", "equals_sign", "space", *"tcp", "enter"),
        (4182, None),
    ),
    "machine": Shot("machine", ("2",)),
    "machine-groups": Shot("machine-groups", ("2", "g", "g", "enter")),
    "deleted": Shot("deleted", ("2", "D")),
    "held-nothing": Shot("held-nothing", ("3",)),
    "held": Shot("held", ("down",) * 8 + ("s", "3"), (4182, None)),
    "help": Shot("help", ("question_mark",)),
    "yank": Shot("yank", ("down",) * 7 + ("y",), (4182, None)),
    "columns": Shot("columns", ("2", "c", "1")),
}


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_a_picture_of_the_readme_is_up_to_date(shot: Shot) -> None:
    kept = FOLDER / f"{shot.name}.svg"
    assert kept.exists(), "python -m tests.shots draws it"
    svg = asyncio.run(draw(shot))
    if svg != kept.read_text(encoding="utf-8"):
        assert snapshots.lines_of(svg) == snapshots.lines_of(kept.read_text(encoding="utf-8"))
        raise AssertionError("colours differ: look at it, then python -m tests.shots draws it anew")


def test_no_picture_is_left_over() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {shot.name for shot in SHOTS}


def test_pictures_are_the_same_to_the_byte_in_another_process() -> None:
    script = (
        "import asyncio; from tests.shots import *\n"
        "print(asyncio.run(draw(next(s for s in SHOTS if s.name == 'descriptors'))), end='')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout == (FOLDER / "descriptors.svg").read_bytes()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("name", PLACES)
def test_a_place_looks_as_it_did(name: str, size: tuple[int, int]) -> None:
    shot = PLACES[name]

    async def run() -> None:
        app = still_app(shot.open_at)
        async with app.run_test(size=size) as pilot:
            await at_rest(app, pilot)
            for key in shot.keys:
                await pilot.press(key)
                if not key.startswith("down"):
                    await at_rest(app, pilot)
            snapshots.check(app, f"place-{name}-{size[0]}x{size[1]}")

    asyncio.run(run())
