"""Holds on live targets: let go when the target does, unless pinned, and what they cost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fdtui.acquire.base import Target
from fdtui.errors import FdtuiError
from fdtui.keeper.api import Acquired, Event, Window
from fdtui.keeper.client import KeeperClient, start_keeper
from fdtui.linux.procfs import ProcFs
from tests.puppets import Puppet, hangfs, until

PATIENCE = 10.0
SOON = 0.5  # seconds within which a hold lets go


@pytest.fixture(scope="module")
def keeper() -> Iterator[KeeperClient]:
    client = start_keeper()
    yield client
    client.close()


@pytest.fixture
def puppet(keeper: KeeperClient) -> Iterator[Puppet]:
    with Puppet() as puppet:
        yield puppet
    keeper.release_all().result(PATIENCE)


def look(keeper: KeeperClient, target: Target) -> Acquired:
    return keeper.look(target).result(PATIENCE)


def window(keeper: KeeperClient, ident: int, offset: int = 0, length: int = 100) -> Window:
    return keeper.window(ident, offset, length).result(PATIENCE)


def test_a_hold_lets_go_when_its_target_does(keeper: KeeperClient, puppet: Puppet) -> None:
    """Within 500 ms of the close the reader gets its end-of-file."""
    events: list[Event] = []
    keeper.subscribe(events.append)
    reader, writer = puppet("[*os.pipe()]")
    held = keeper.steal(puppet.target(writer)).result(PATIENCE)
    puppet(f"os.close({writer})")
    begin = time.monotonic()
    assert puppet(f"os.read({reader}, 1)") == ""
    assert time.monotonic() - begin < SOON
    until(lambda: any(e.verb == "released" and e.hold_id == held.id for e in events))
    assert "the target closed its own" in [e.detail for e in events if e.hold_id == held.id]


def test_an_epoll_that_watched_it_falls_silent(keeper: KeeperClient, puppet: Puppet) -> None:
    """A held description keeps firing for a number the target closed: until it is released."""
    reader, writer = puppet("[*os.pipe()]")
    puppet(f"os.write({writer}, b'x'); e = select.epoll(); e.register({reader}, select.EPOLLIN)")
    held = keeper.steal(puppet.target(reader)).result(PATIENCE)
    keeper.pin(held.id, True).result(PATIENCE)
    puppet(f"os.close({reader})")
    until(lambda: keeper.held().result(PATIENCE)[0].in_target == "closed", SOON)
    assert puppet("len(e.poll(0))") == 1, "pinned, it fires on"
    keeper.pin(held.id, False).result(PATIENCE)
    assert until(lambda: not puppet("len(e.poll(0))")) < SOON


def test_a_hold_lets_go_when_its_number_is_reused(keeper: KeeperClient, puppet: Puppet) -> None:
    fd, other = puppet("[os.memfd_create('a'), os.memfd_create('b')]")
    keeper.steal(puppet.target(fd)).result(PATIENCE)
    puppet(f"os.dup2({other}, {fd})")
    assert until(lambda: keeper.held().result(PATIENCE) == []) < SOON


def test_a_shared_look_lets_go_as_well(
    keeper: KeeperClient, puppet: Puppet, tmp_path: Path
) -> None:
    """One that has no description of its own, since opening it would break a lease."""
    path = tmp_path / "leased"
    path.write_bytes(b"content")
    fd = puppet(f"os.open({str(path)!r}, os.O_RDWR)")
    puppet("signal.signal(signal.SIGIO, signal.SIG_IGN)")
    puppet(f"fcntl.fcntl({fd}, fcntl.F_SETLEASE, fcntl.F_WRLCK)")
    seen = look(keeper, puppet.target(fd))
    puppet(f"os.close({fd})")

    def refused() -> bool:
        try:
            window(keeper, seen.id)
        except FdtuiError:
            return True
        return False

    assert until(refused) < SOON


def test_a_pinned_hold_recovers_a_deleted_file(
    keeper: KeeperClient, puppet: Puppet, tmp_path: Path
) -> None:
    events: list[Event] = []
    keeper.subscribe(events.append)
    path = tmp_path / "gone"
    fd = puppet(f"os.open({str(path)!r}, os.O_RDWR | os.O_CREAT)")
    puppet(f"os.write({fd}, b'precious' * 1000); os.unlink({str(path)!r})")
    held = keeper.steal(puppet.target(fd)).result(PATIENCE)
    keeper.pin(held.id, True).result(PATIENCE)
    (row,) = keeper.held().result(PATIENCE)
    assert row.pinned
    assert "stay allocated until you release it" in row.cost
    puppet.kill()
    until(lambda: keeper.held().result(PATIENCE)[0].in_target == "exited", SOON)
    assert window(keeper, held.id, 0, 8000).data == b"precious" * 1000
    until(lambda: any(e.verb == "noticed" and e.hold_id == held.id for e in events))
    keeper.pin(held.id, False).result(PATIENCE)
    until(lambda: keeper.held().result(PATIENCE) == [], what="unpinned, it goes")


def test_costs_are_said(keeper: KeeperClient, puppet: Puppet, tmp_path: Path) -> None:
    reader, writer = puppet("[*os.pipe()]")
    puppet(f"e = select.epoll(); e.register({reader}, select.EPOLLIN)")
    epoll = puppet("e.fileno()")
    plain = puppet(f"os.open({str(tmp_path / 'plain')!r}, os.O_RDWR | os.O_CREAT, 0o600)")
    ids = {
        name: keeper.steal(puppet.target(fd)).result(PATIENCE).id
        for name, fd in (("reader", reader), ("writer", writer), ("plain", plain))
    }

    def costs() -> dict[int, str]:
        return {hold.acquired.id: hold.cost for hold in keeper.held().result(PATIENCE)}

    brief = costs()
    assert brief[ids["plain"]] == ""
    assert "end-of-file up to 0.5 s late" in brief[ids["writer"]]
    assert f"in the epoll set {epoll} of" in brief[ids["reader"]]
    keeper.pin(ids["writer"], True).result(PATIENCE)
    keeper.pin(ids["reader"], True).result(PATIENCE)
    lasting = costs()
    assert "only when you release it" in lasting[ids["writer"]]
    assert "until you release it" in lasting[ids["reader"]]
    assert "0.5 s" not in lasting[ids["writer"]] + lasting[ids["reader"]]


@pytest.mark.parametrize("holding", [True, False])
def test_watching_costs_next_to_nothing(
    keeper: KeeperClient, puppet: Puppet, holding: bool
) -> None:
    """A look at each hold every 100 ms, and none at all while nothing is held."""
    if holding:
        keeper.steal(puppet.target(puppet("os.eventfd(0)"))).result(PATIENCE)
    else:
        assert keeper.held().result(PATIENCE) == []

    def used() -> int:
        fields = Path(f"/proc/{keeper.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])  # utime and stime, in 10 ms

    before, begin = used(), time.monotonic()
    until(lambda: time.monotonic() - begin > 0.5)
    assert used() - before <= 5


def test_release_all_counts(keeper: KeeperClient, puppet: Puppet) -> None:
    fd = puppet("os.eventfd(0)")
    for _ in range(5):
        keeper.steal(puppet.target(fd)).result(PATIENCE)
    seen = look(keeper, puppet.target(fd))
    assert keeper.release_all().result(PATIENCE) == 5
    assert keeper.held().result(PATIENCE) == []
    keeper.state(seen.id).result(PATIENCE)


@pytest.mark.needs_root
def test_a_release_is_one_whatever_the_server_says(
    keeper: KeeperClient, puppet: Puppet, tmp_path: Path
) -> None:
    """close(2) of a file whose server died is ENOTCONN, and the number is free all the same."""
    before = ProcFs().fd_count(keeper.pid)
    with hangfs(tmp_path / "fuse") as folder:
        fd = puppet(f"os.open({str(folder / 'fine')!r}, os.O_RDWR)")
        held = keeper.steal(puppet.target(fd)).result(PATIENCE)
    keeper.release(held.id).result(PATIENCE)
    assert keeper.held().result(PATIENCE) == []
    assert ProcFs().fd_count(keeper.pid) == before
