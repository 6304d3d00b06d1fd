"""Children of a keeper that holds a file whose server hangs in the close: they have nothing of it.

A child that got a copy of every held descriptor would hang while exec(2) or the end closes that
file, and keep the others: the reader of a pipe that was released would wait for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from fdtui.errors import FdtuiError
from fdtui.keeper.actions.arguments import parse_words
from fdtui.keeper.actions.codec import action_named, preview_from
from fdtui.keeper.client import KeeperClient, start_keeper
from fdtui.keeper.ops.act import act_request, preview_request
from tests.puppets import Puppet, hangfs

pytestmark = [pytest.mark.needs_root, pytest.mark.needs_ptrace]
PATIENCE = 10.0


class Scene(NamedTuple):
    """A keeper that holds a hung file and, of a number above it, the write end of a pipe."""

    keeper: KeeperClient
    puppet: Puppet
    reader: int  # the pipe's, in the puppet
    writer: int
    held: int  # the keeper's id of the write end
    folder: Path


@pytest.fixture
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    keeper = start_keeper()
    with Puppet() as puppet, hangfs(tmp_path / "fuse") as mount:
        if request.param.before is not None:
            request.param.before(keeper, puppet)
        reader, writer = puppet("[*os.pipe()]")
        stuck = puppet(f"os.open({str(mount / 'stuck')!r}, os.O_RDWR)")
        keeper.steal(puppet.target(stuck)).result(PATIENCE)
        held = keeper.steal(puppet.target(writer)).result(PATIENCE).id
        yield Scene(keeper, puppet, reader, writer, held, tmp_path)
        keeper.close()


def regex(scene: Scene) -> None:
    text = scene.puppet("os.memfd_create('text')")
    scene.puppet(f"os.write({text}, b'one two')")
    seen = scene.keeper.look(scene.puppet.target(text)).result(PATIENCE)
    found = scene.keeper.search(
        seen.id, b"t.o", regex=True, ignore_case=False, start=0, backwards=False
    )
    assert found.result(PATIENCE).offset == 4


def injection(scene: Scene) -> None:
    scene.keeper.look(scene.puppet.target(0), "injection").result(PATIENCE)


def redirect(scene: Scene, to: str) -> None:
    path = scene.folder / "before"
    fd = scene.puppet(f"os.open({str(path)!r}, os.O_WRONLY | os.O_CREAT)")
    ident = scene.keeper.steal(scene.puppet.target(fd)).result(PATIENCE).id
    action = action_named("redirect")
    args = parse_words(action.arguments, [to])
    asked = scene.keeper.perform("preview", ident, preview_request(action, args))
    token = preview_from(asked.result(PATIENCE).facts).token
    scene.keeper.perform("act", ident, act_request(action, args, token)).result(2 * PATIENCE)
    scene.puppet(f"os.write({fd}, b'moved')")
    assert path.read_bytes() == b""


def keepsake(scene: Scene) -> None:
    redirect(scene, str(scene.folder / "after"))
    assert (scene.folder / "after").read_bytes() == b"moved"


def command(scene: Scene) -> None:
    redirect(scene, "|cat >/dev/null")


def helper(scene: Scene) -> None:
    fd = scene.puppet("os.memfd_create('taken by the helper')")
    assert scene.keeper.look(scene.puppet.target(fd), "helper").result(PATIENCE).via == "helper"


def injected_once(keeper: KeeperClient, puppet: Puppet) -> None:
    """What forks for injections runs already: the next child is another's."""
    seen = keeper.look(puppet.target(0), "injection").result(PATIENCE)
    keeper.release(seen.id).result(PATIENCE)


class Kind(NamedTuple):
    """What makes the keeper start a child, and what is done before anything is held."""

    start: Callable[[Scene], None]
    before: Callable[[KeeperClient, Puppet], None] | None = None


KINDS = [
    Kind(regex),
    Kind(injection),
    Kind(keepsake, injected_once),
    Kind(command, injected_once),
    Kind(helper),
]


@pytest.mark.parametrize(
    ("scene", "kind"), [(kind, kind) for kind in KINDS], indirect=["scene"],
    ids=[kind.start.__name__ for kind in KINDS],
)  # fmt: skip
def test_a_released_pipe_ends_for_its_reader(scene: Scene, kind: Kind) -> None:
    """And the child does what it was started for, whatever hangs."""
    failed: list[FdtuiError] = []
    try:
        kind.start(scene)
    except (FdtuiError, TimeoutError) as error:
        failed.append(FdtuiError(str(error)))
    scene.keeper.release(scene.held).result(PATIENCE)
    scene.puppet(f"os.close({scene.writer})")
    ended = scene.puppet(f"select.select([{scene.reader}], [], [], 3.0)[0]") == [scene.reader]
    assert ended, f"a child of the keeper has a copy of the pipe's write end; {failed}"
    assert not failed
