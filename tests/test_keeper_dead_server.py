"""New processes while a file is held whose server hangs in the close: they cannot even start."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fdtui.errors import FdtuiError
from fdtui.keeper.client import KeeperClient, start_keeper
from tests.puppets import Puppet, hangfs

pytestmark = pytest.mark.needs_root
PATIENCE = 10.0


@pytest.fixture
def keeper() -> Iterator[KeeperClient]:
    client = start_keeper()
    yield client
    client.close()


def find(keeper: KeeperClient, ident: int, pattern: bytes, *, regex: bool) -> int | None:
    return (
        keeper.search(ident, pattern, regex=regex, ignore_case=False, start=0, backwards=False)
        .result(PATIENCE)
        .offset
    )


def test_an_expression_is_refused_in_words_and_text_is_found(
    keeper: KeeperClient, tmp_path: Path
) -> None:
    with Puppet() as puppet, hangfs(tmp_path / "fuse") as folder:
        text = puppet("os.memfd_create('text')")
        puppet(f"os.write({text}, b'one two')")
        seen = keeper.look(puppet.target(text)).result(PATIENCE)
        assert find(keeper, seen.id, b"t.o", regex=True) == 4
        stuck = puppet(f"os.open({str(folder / 'stuck')!r}, os.O_RDWR)")
        keeper.steal(puppet.target(stuck)).result(PATIENCE)
        began = time.monotonic()
        with pytest.raises(FdtuiError, match="no process for the expression starts") as refused:
            find(keeper, seen.id, b"t.o", regex=True)
        assert "plain text" in refused.value.remedy
        assert time.monotonic() - began < 7
        assert find(keeper, seen.id, b"two", regex=False) == 4


@pytest.mark.needs_ptrace
def test_an_injection_is_refused_in_words_and_works_again(
    keeper: KeeperClient, tmp_path: Path
) -> None:
    with Puppet() as puppet:
        with hangfs(tmp_path / "fuse") as folder:
            stuck = puppet(f"os.open({str(folder / 'stuck')!r}, os.O_RDWR)")
            keeper.steal(puppet.target(stuck)).result(PATIENCE)
            with pytest.raises(FdtuiError, match="its process does not start") as refused:
                keeper.look(puppet.target(0), "injection").result(PATIENCE)
            assert "pidfd_getfd needs no process" in refused.value.remedy
        assert keeper.look(puppet.target(0), "injection").result(PATIENCE).via == "injection"
