"""Acting through the keeper, as the screens do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fdtui.errors import FdtuiError
from fdtui.keeper.actions.arguments import parse_words
from fdtui.keeper.actions.base import Outcome, Preview
from fdtui.keeper.actions.codec import action_named, outcome_from, preview_from
from fdtui.keeper.actions.editing import edit_args
from fdtui.keeper.client import KeeperClient, start_keeper
from fdtui.keeper.ops.act import act_request, preview_request
from tests.acting import custody_of, do
from tests.puppets import Puppet

PATIENCE = 10.0


@pytest.fixture(scope="module")
def keeper() -> Iterator[KeeperClient]:
    client = start_keeper()
    yield client
    client.close()


def preview(keeper: KeeperClient, ident: int, name: str, *words: str) -> Preview:
    action = action_named(name)
    request = preview_request(action, parse_words(action.arguments, words))
    return preview_from(keeper.perform("preview", ident, request).result(PATIENCE).facts)


def act(keeper: KeeperClient, ident: int, shown: Preview, name: str, *words: str) -> Outcome:
    action = action_named(name)
    request = act_request(action, parse_words(action.arguments, words), shown.token)
    return outcome_from(keeper.perform("act", ident, request).result(PATIENCE).facts)


def names(keeper: KeeperClient, ident: int) -> list[object]:
    found = keeper.perform("actions", ident).result(PATIENCE).facts["actions"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("keep", [False, True])
def test_a_file_that_is_looked_at_or_held(
    keeper: KeeperClient, puppet: Puppet, tmp_path: Path, keep: bool
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    fd = puppet(f"os.open({str(path)!r}, os.O_RDWR)")
    puppet(f"os.lseek({fd}, 10, 0)")
    take = keeper.steal if keep else keeper.look
    ident = take(puppet.target(fd)).result(PATIENCE).id
    before = puppet.fdinfo(fd)
    assert names(keeper, ident)[0] == "truncate-rewind"
    shown = preview(keeper, ident, "truncate-rewind")
    assert (puppet.fdinfo(fd), path.read_bytes()) == (before, b"0123456789")
    outcome = act(keeper, ident, shown, "truncate-rewind")
    assert outcome.verb == "truncated"
    assert (puppet.fdinfo(fd).pos, path.read_bytes()) == (0, b"")

    puppet(f"os.write({fd}, b'new content')")
    edit = action_named("edit")
    args = edit_args([(0, b"new", b"NEW"), (4, b"c", b"C")])
    shown = preview_from(
        keeper.perform("preview", ident, preview_request(edit, args)).result(PATIENCE).facts
    )
    puppet(f"os.pwrite({fd}, b'K', 4)")
    request = act_request(edit, args, shown.token)
    with pytest.raises(FdtuiError, match="changed since confirmed"):
        keeper.perform("act", ident, request).result(PATIENCE)
    assert path.read_bytes() == b"new Kontent"
    puppet(f"os.pwrite({fd}, b'c', 4)")
    keeper.perform("act", ident, request).result(PATIENCE)
    assert path.read_bytes() == b"NEW Content"
    keeper.release(ident).result(PATIENCE)


def test_a_pipe_is_borrowed_for_each_act_only(keeper: KeeperClient, puppet: Puppet) -> None:
    reader, writer = puppet("[*os.pipe()]")
    ident = keeper.look(puppet.target(writer)).result(PATIENCE).id
    assert "write" in names(keeper, ident)
    shown = preview(keeper, ident, "write", "x")
    act(keeper, ident, shown, "write", "x")
    assert puppet(f"os.read({reader}, 100)") == "x"
    shown = preview(keeper, ident, "write", "y")
    puppet(f"os.close({writer})")
    assert puppet(f"os.read({reader}, 100)") == ""
    assert puppet("[*os.pipe()]")[0] == writer, "the number is another pipe's"
    with pytest.raises(FdtuiError, match="now holds another file"):
        act(keeper, ident, shown, "write", "y")
    keeper.release(ident).result(PATIENCE)


def test_a_private_description_is_no_door(
    keeper: KeeperClient, puppet: Puppet, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    fd = puppet(f"os.open({str(path)!r}, os.O_RDWR)")
    ident = keeper.steal(puppet.target(fd), "reopen").result(PATIENCE).id
    assert names(keeper, ident) == []
    with pytest.raises(FdtuiError, match="reopen gives a private description"):
        preview(keeper, ident, "seek", "3")
    keeper.release(ident).result(PATIENCE)


def test_wrong_requests_are_refused(keeper: KeeperClient, puppet: Puppet) -> None:
    fd = puppet("os.memfd_create('m')")
    ident = keeper.steal(puppet.target(fd)).result(PATIENCE).id
    with pytest.raises(FdtuiError, match="no action is called nonsense"):
        keeper.perform("preview", ident, {"action": "nonsense", "args": []}).result(PATIENCE)
    with pytest.raises(FdtuiError):
        keeper.perform("preview", ident, {"action": "write", "args": [7]}).result(PATIENCE)
    with pytest.raises(FdtuiError, match="changed since confirmed"):
        keeper.perform("act", ident, {"action": "truncate", "args": [], "token": {}}).result(
            PATIENCE
        )
    shown = preview(keeper, ident, "seek", "3")
    forged = shown.token | {"more": 1}
    request = act_request(action_named("seek"), (3,), forged)
    with pytest.raises(FdtuiError, match="changed since confirmed: more"):
        keeper.perform("act", ident, request).result(PATIENCE)
    assert puppet.fdinfo(fd).pos == 0


def test_a_redirection_outlives_the_session(puppet: Puppet, tmp_path: Path) -> None:
    log, other = tmp_path / "log", tmp_path / "other"
    fd = puppet(f"os.open({str(log)!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND)")
    before = puppet.fdinfo(fd)
    keeper = start_keeper()
    try:
        ident = keeper.steal(puppet.target(fd)).result(PATIENCE).id
        shown = preview(keeper, ident, "redirect", str(other))
        act(keeper, ident, shown, "redirect", str(other))
    finally:
        keeper.close()
    puppet(f"os.write({fd}, b'elsewhere')")
    assert (log.read_bytes(), other.read_bytes()) == (b"", b"elsewhere")
    with custody_of(puppet.pid, fd) as held:
        do(held, "restore")
    assert puppet.fdinfo(fd) == before
    assert os.readlink(f"/proc/{puppet.pid}/fd/{fd}") == str(log)
