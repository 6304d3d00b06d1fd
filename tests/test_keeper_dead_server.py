"""New processes while a file is held whose server hangs in the close: they do their work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fdtui.acquire.injection import METHOD as INJECTION
from fdtui.acquire.injection import WORKERS, redirect_in_target
from fdtui.acquire.pidfd_getfd import METHOD as GETFD
from fdtui.errors import CallFailed
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


def test_expressions_and_text_are_found(keeper: KeeperClient, tmp_path: Path) -> None:
    with Puppet() as puppet, hangfs(tmp_path / "fuse") as folder:
        text = puppet("os.memfd_create('text')")
        puppet(f"os.write({text}, b'one two')")
        seen = keeper.look(puppet.target(text)).result(PATIENCE)
        stuck = puppet(f"os.open({str(folder / 'stuck')!r}, os.O_RDWR)")
        keeper.steal(puppet.target(stuck)).result(PATIENCE)
        assert find(keeper, seen.id, b"t.o", regex=True) == 4
        assert find(keeper, seen.id, b"two", regex=False) == 4


@pytest.mark.needs_ptrace
def test_injection_goes_on_also_into_what_hangs(keeper: KeeperClient, tmp_path: Path) -> None:
    """What is taken, given and compared goes to the throw-away process, which may hang with it."""
    with Puppet() as puppet:
        with hangfs(tmp_path / "fuse") as folder:
            stuck = puppet(f"os.open({str(folder / 'stuck')!r}, os.O_RDWR)")
            for _ in range(3):
                pulled = keeper.steal(puppet.target(stuck), "injection").result(PATIENCE)
                assert pulled.via == "injection"
                assert keeper.look(puppet.target(0), "injection").result(PATIENCE).via
        assert keeper.look(puppet.target(0), "injection").result(PATIENCE).via == "injection"


@pytest.mark.needs_ptrace
def test_a_refused_order_with_a_hung_file_keeps_no_pipe(tmp_path: Path) -> None:
    """The throw-away process has both in its hands, and hangs with the file alone."""
    with Puppet() as puppet, hangfs(tmp_path / "fuse") as folder:
        INJECTION.acquire(puppet.target(0)).close()  # no nursery here: the worker starts now
        reader, writer = puppet("[*os.pipe()]")
        stuck = puppet(f"os.open({str(folder / 'stuck')!r}, os.O_RDWR)")
        hung, pipe = (GETFD.acquire(puppet.target(fd)) for fd in (stuck, writer))
        with pytest.raises(CallFailed, match="ESTALE"):
            redirect_in_target(puppet.target(0), hung, pipe)
        pipe.close()
        puppet(f"os.close({writer})")
        assert puppet(f"select.select([{reader}], [], [], 3.0)[0]") == [reader]
        INJECTION.acquire(puppet.target(0)).close()  # what forks for all orders hangs with none
        WORKERS.close()
    hung.let_go()
