"""Looks at live targets: what they see, and that the target never notices."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fdtui.acquire.base import Target
from fdtui.errors import FdtuiError
from fdtui.keeper.api import Acquired, Window
from fdtui.keeper.client import KeeperClient, start_keeper
from tests.puppets import Puppet, hangfs

PATIENCE = 10.0


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


def test_a_file_is_read_and_its_owner_undisturbed(
    keeper: KeeperClient, puppet: Puppet, tmp_path: Path
) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"0123456789" * 10)
    os.utime(path, (0, 0))
    fd = puppet(f"os.open({str(path)!r}, os.O_RDWR | os.O_APPEND)")
    puppet(f"os.lseek({fd}, 5, 0)")
    before = puppet.fdinfo(fd)
    seen = look(keeper, puppet.target(fd))
    assert (seen.kind, seen.view, seen.reads, seen.via) == (
        "regular",
        "bytes",
        "private",
        "pidfd_getfd",
    )
    first = window(keeper, seen.id, 95)
    assert first.data == b"56789"
    assert (first.size, first.pos) == (100, 5)
    keeper.state(seen.id).result(PATIENCE)
    keeper.search(seen.id, b"9", regex=False, ignore_case=False, start=0, backwards=False).result(
        PATIENCE
    )
    assert puppet.fdinfo(fd) == before
    assert path.stat().st_atime == 0, "our own description is opened with O_NOATIME"
    assert puppet(f"os.read({fd}, 3)") == "567"
    puppet(f"os.write({fd}, b'new')")
    again = window(keeper, seen.id, 100)
    assert (again.data, again.size, again.pos) == (b"new", 103, 103)
    puppet(f"os.ftruncate({fd}, 2)")
    assert window(keeper, seen.id).data == b"01"


def test_writing_only_is_no_obstacle(keeper: KeeperClient, puppet: Puppet, tmp_path: Path) -> None:
    fd = puppet(f"os.open({str(tmp_path / 'out')!r}, os.O_WRONLY | os.O_CREAT)")
    puppet(f"os.write({fd}, b'written'); os.unlink({str(tmp_path / 'out')!r})")
    seen = look(keeper, puppet.target(fd))
    assert seen.reads == "private"
    assert seen.entry.deleted
    shown = window(keeper, seen.id)
    assert (shown.data, shown.pos) == (b"written", 7)


def test_a_look_at_a_named_file_keeps_no_shared_description(
    keeper: KeeperClient, puppet: Puppet, tmp_path: Path
) -> None:
    """So its flock goes when the target closes, while somebody still looks."""
    path = tmp_path / "lock"
    fd = puppet(f"os.open({str(path)!r}, os.O_RDWR | os.O_CREAT)")
    puppet(f"fcntl.flock({fd}, fcntl.LOCK_EX)")
    seen = look(keeper, puppet.target(fd))
    puppet(f"os.close({fd})")
    puppet(f"other = os.open({str(path)!r}, os.O_RDWR)")
    puppet("fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)")
    assert window(keeper, seen.id).data == b""


def test_a_lease_is_not_broken(keeper: KeeperClient, puppet: Puppet, tmp_path: Path) -> None:
    """Opening the file anew would break it: it is read through the shared description."""
    path = tmp_path / "leased"
    path.write_bytes(b"content")
    fd = puppet(f"os.open({str(path)!r}, os.O_RDWR)")
    puppet("signal.signal(signal.SIGIO, signal.SIG_IGN)")
    puppet(f"fcntl.fcntl({fd}, fcntl.F_SETLEASE, fcntl.F_WRLCK)")
    seen = look(keeper, puppet.target(fd))
    assert seen.reads == "shared"
    puppet(f"os.lseek({fd}, 3, 0)")
    assert window(keeper, seen.id).data == b"content"
    assert puppet.fdinfo(fd).pos == 3, "read by pread"
    assert puppet(f"fcntl.fcntl({fd}, fcntl.F_GETLEASE)") == 1  # F_WRLCK
    assert "BREAK" not in str(puppet.fdinfo(fd).get("lock"))


def test_a_procfs_file_is_read_without_mixing_the_targets_next_read(
    keeper: KeeperClient, puppet: Puppet
) -> None:
    fd = puppet("os.open('/proc/self/mountinfo', os.O_RDONLY)")
    whole = puppet("open('/proc/self/mountinfo').read()")
    puppet(f"os.read({fd}, 10)")
    seen = look(keeper, puppet.target(fd))
    assert seen.reads == "private"
    assert window(keeper, seen.id, 0, 4096).data.startswith(whole[:10].encode())
    assert puppet.fdinfo(fd).pos == 10
    assert puppet(f"os.read({fd}, 10)") == whole[10:20]


def test_a_pipe_is_looked_at_and_not_held(keeper: KeeperClient, puppet: Puppet) -> None:
    reader, writer = puppet("[*os.pipe()]")
    puppet(f"os.write({writer}, b'queued bytes')")
    for fd in (reader, writer):
        seen = look(keeper, puppet.target(fd))
        assert (seen.kind, seen.view) == ("pipe", "queue")
        for _ in range(2):
            shown = window(keeper, seen.id)
            assert (shown.data, shown.size, shown.pos) == (b"queued bytes", 12, None)
    assert puppet(f"os.read({reader}, 100)") == "queued bytes"
    puppet(f"os.close({writer})")
    assert puppet(f"os.read({reader}, 100)") == "", "end-of-file at once, though it is looked at"


def test_a_reused_number_is_noticed(keeper: KeeperClient, puppet: Puppet) -> None:
    fd, other = puppet("[os.eventfd(1), os.eventfd(2)]")
    seen = look(keeper, puppet.target(fd))
    puppet(f"os.dup2({other}, {fd})")
    with pytest.raises(FdtuiError, match=f"fd {fd} of .* now holds another file"):
        keeper.state(seen.id).result(PATIENCE)
    puppet(f"os.close({fd})")
    with pytest.raises(FdtuiError, match="closed"):
        keeper.state(seen.id).result(PATIENCE)


def test_the_offset_of_another_file_is_not_told(
    keeper: KeeperClient, puppet: Puppet, tmp_path: Path
) -> None:
    """A look at a file has a description of its own; the offset is read from the target's."""
    fd, other = (
        puppet(f"os.open({str(tmp_path / name)!r}, os.O_RDWR | os.O_CREAT)") for name in "ab"
    )
    puppet(f"os.write({fd}, b'0123456789'); os.lseek({other}, 5, 0)")
    seen = look(keeper, puppet.target(fd))
    assert window(keeper, seen.id).pos == 10
    puppet(f"os.dup2({other}, {fd})")
    shown = window(keeper, seen.id)
    assert (shown.data, shown.pos) == (b"0123456789", None)
    puppet(f"os.close({fd})")
    assert window(keeper, seen.id).pos is None


def test_what_is_shown_is_what_was_acquired(
    keeper: KeeperClient, puppet: Puppet, tmp_path: Path
) -> None:
    """A target that flips a number between two files: never the name of one, bytes of the other."""
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(name.encode() * (1 if name == "one" else 100))
    puppet(f"a = os.open({str(tmp_path / 'one')!r}, os.O_RDONLY); os.dup2(a, 50)")
    puppet(f"b = os.open({str(tmp_path / 'two')!r}, os.O_RDONLY)")
    puppet(
        "def flip():\n"
        "  while not stop.is_set():\n"
        "    os.dup2(a, 50); os.dup2(b, 50)\n"
        "stop = threading.Event(); flipper = threading.Thread(target=flip); flipper.start()"
    )
    seen_names = set()
    for _ in range(150):
        seen = look(keeper, puppet.target(50))
        name = os.path.basename(seen.entry.link)
        seen_names.add(name)
        data = window(keeper, seen.id).data
        assert data[:3].decode() == name
        assert seen.entry.stat is not None
        assert (seen.entry.stat.size == 3) == (name == "one")
        keeper.release(seen.id).result(PATIENCE)
    puppet("stop.set(); flipper.join()")
    assert seen_names == {"one", "two"}, "it did flip"


def test_directories_are_listed_and_their_offset_stays(
    keeper: KeeperClient, puppet: Puppet, tmp_path: Path
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "file\udcff").touch()
    (tmp_path / "link").symlink_to("nowhere")
    fd = puppet(f"os.open({str(tmp_path)!r}, os.O_RDONLY)")
    seen = look(keeper, puppet.target(fd))
    puppet(f"os.lseek({fd}, 1, 0)")
    before = puppet.fdinfo(fd)
    listed = keeper.entries(seen.id).result(PATIENCE)
    assert {(entry.name, entry.type) for entry in listed} == {
        ("sub", "/"),
        ("file\udcff", ""),
        ("link", "@"),
    }
    assert len(keeper.entries(seen.id, limit=2).result(PATIENCE)) == 2
    assert puppet.fdinfo(fd) == before
    assert len(puppet(f"os.listdir({fd})")) == 3


@pytest.mark.needs_root
def test_one_bad_block_leaves_the_rest_readable(
    keeper: KeeperClient, puppet: Puppet, tmp_path: Path
) -> None:
    with hangfs(tmp_path / "fuse") as mount:
        fd = puppet(f"os.open({str(mount / 'bad')!r}, os.O_RDONLY)")
        seen = look(keeper, puppet.target(fd))
        shown = window(keeper, seen.id, 100, 16384)
        assert [tuple(block) for block in shown.errors] == [(4096, 4096, 5)]
        assert shown.data[: 4096 - 100] == b"A" * (4096 - 100)
        assert shown.data[4096 - 100 : 8192 - 100] == bytes(4096)
        assert shown.data[8192 - 100 : 12288 - 100] == b"C" * 4096
        assert len(shown.data) == 16384
        found = keeper.search(
            seen.id, b"CD", regex=False, ignore_case=False, start=0, backwards=False
        ).result(PATIENCE)
        assert found.offset == 12287, "a search goes past it"
        keeper.release(seen.id).result(PATIENCE)
        puppet(f"os.close({fd})")


def test_memory_of_a_process_has_holes_of_eio(keeper: KeeperClient, puppet: Puppet) -> None:
    fd = puppet("os.open('/proc/self/mem', os.O_RDONLY)")
    seen = look(keeper, puppet.target(fd))
    assert [tuple(block) for block in window(keeper, seen.id, 0, 10000).errors] == [(0, 10000, 5)]
    address = puppet("ctypes.addressof(keep := ctypes.create_string_buffer(b'in memory'))")
    assert window(keeper, seen.id, address, 9).data == b"in memory"


def test_offsets_up_to_the_last(keeper: KeeperClient, puppet: Puppet) -> None:
    fd = puppet("os.memfd_create('sparse')")
    puppet(f"os.ftruncate({fd}, 2**63 - 1); os.pwrite({fd}, b'end', 2**63 - 4)")
    seen = look(keeper, puppet.target(fd))
    assert window(keeper, seen.id, 2**63 - 10).data == bytes(6) + b"end"
    assert window(keeper, seen.id, 2**63 - 2).data == b"d"
    for offset in (2**63 - 1, 2**63, 2**64):
        assert window(keeper, seen.id, offset).data == b""


def test_glance_decodes_and_keeps_nothing(keeper: KeeperClient, puppet: Puppet) -> None:
    reader, writer = puppet("[*os.pipe()]")
    fd = puppet("os.eventfd(7)")
    puppet(f"os.write({writer}, b'12345')")
    wanted = [puppet.target(n) for n in (fd, reader, 999, writer)]
    wanted.append(Target(puppet.pid, puppet.start_time + 1, fd))
    rows = keeper.glance(wanted).result(PATIENCE)
    assert [row is None for row in rows] == [False, False, True, False, True]
    assert rows[0] is not None
    assert rows[0][1]["eventfd_count"] == 7
    assert rows[1] is not None
    assert rows[1][1]["queued"] == 5
    assert keeper.held().result(PATIENCE) == []
    puppet(f"os.close({writer})")
    assert puppet(f"os.read({reader}, 5)") == "12345"
    assert puppet(f"os.read({reader}, 5)") == ""


def test_check_asks_every_method(keeper: KeeperClient, puppet: Puppet) -> None:
    verdicts = dict(keeper.check(puppet.target(0)).result(PATIENCE))
    assert verdicts["pidfd_getfd"].state == "works"
    with pytest.raises(FdtuiError, match="no method is called magic"):
        keeper.steal(puppet.target(0), "magic").result(PATIENCE)


def test_gone_targets_are_told(keeper: KeeperClient, puppet: Puppet) -> None:
    target = puppet.target(0)
    with pytest.raises(FdtuiError, match="another process"):
        keeper.look(target._replace(start_time=1)).result(PATIENCE)
    puppet.kill()
    with pytest.raises(FdtuiError, match="has ended"):
        keeper.look(target).result(PATIENCE)
