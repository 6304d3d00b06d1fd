"""Search: both ways, over chunks and holes, stoppable, and never in anybody's way."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fdtui.errors import FdtuiError
from fdtui.keeper import scan
from fdtui.keeper.api import Match
from fdtui.keeper.client import KeeperClient, start_keeper
from fdtui.keeper.scan import Literal, Matcher, Regex, Source
from fdtui.linux.memmem import memmem
from fdtui.linux.procfs import ProcFs
from tests.puppets import Puppet, ended, until

PATIENCE = 20.0
HOLE = 4096


class Holey(Source):
    """Bytes whose all-zero blocks count as holes; remembers what was read."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.reads = 0

    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        assert offset >= 0
        assert length >= 0
        self.reads += 1
        return self.data[offset : offset + length]

    def next_data(self, offset: int) -> int | None:
        for start in range(offset - offset % HOLE, len(self.data), HOLE):
            if self.data[start : start + HOLE].strip(b"\0"):
                return max(start, offset)
        return None


def expected(data: bytes, pattern: re.Pattern[bytes], start: int, backwards: bool) -> int | None:
    """Tell where re finds it, when it looks at every place."""
    places = range(min(start, len(data)) - 1, -1, -1) if backwards else range(start, len(data))
    return next((at for at in places if (m := pattern.match(data, at)) and m.group()), None)


pieces = st.lists(st.sampled_from([b"ab", b"a", b"B", b"\0", bytes(HOLE), b"\n", b"x" * 70]))


@settings(max_examples=150, deadline=None)
@given(
    pieces, st.sampled_from([b"ab", b"aB", b"\0a", b"\0\0", b"b\0", b"xa"]), st.integers(0, 9000)
)
def test_literals_are_found_wherever_they_lie(
    parts: list[bytes], needle: bytes, start: int
) -> None:
    data = b"".join(parts)
    for backwards in (False, True):
        for fold in (False, True):
            pattern = re.compile(re.escape(needle), re.IGNORECASE if fold else 0)
            match = small(Holey(data), Literal(needle, fold), start, backwards)
            assert match.offset == expected(data, pattern, start, backwards)


def small(source: Source, matcher: Matcher, start: int, backwards: bool) -> Match:
    """Search with chunks so small that everything lies across their edges."""
    before, scan.CHUNK = scan.CHUNK, 64
    try:
        return scan.search(source, matcher, start, backwards, lambda done, total: None)
    finally:
        scan.CHUNK = before


@settings(max_examples=100, deadline=None)
@given(pieces, st.sampled_from([rb"a+", rb"^a", rb"[ab]$", rb"\bab\b", rb"x{60,}"]))
def test_expressions_are_found_as_in_the_whole(parts: list[bytes], regex: bytes) -> None:
    data = b"".join(parts)
    match = small(Holey(data), Regex(regex, False), 0, False)
    whole = next((m for m in re.finditer(regex, data, re.MULTILINE) if m.group()), None)
    assert match.offset == (whole.start() if whole else None)
    if whole:
        assert match.length == len(whole.group())


def test_zeros_are_found_in_holes_too() -> None:
    data = b"a" * HOLE + bytes(2 * HOLE) + b"b"
    tick = lambda done, total: None  # noqa: E731
    assert scan.search(Holey(data), Literal(b"\0\0", False), 0, False, tick).offset == HOLE
    assert scan.search(Holey(data), Regex(rb"\0{3}", False), 0, False, tick).offset == HOLE


@given(st.binary(), st.binary(min_size=1, max_size=3), st.integers(0, 10), st.integers(0, 200))
def test_memmem_is_find(haystack: bytes, needle: bytes, start: int, end: int) -> None:
    assert memmem(haystack, needle, start, end) == haystack.find(needle, start, end)


@pytest.fixture(scope="module")
def keeper() -> Iterator[KeeperClient]:
    client = start_keeper()
    yield client
    client.close()


def find(
    keeper: KeeperClient,
    ident: int,
    pattern: bytes,
    start: int = 0,
    *,
    regex: bool = False,
    ignore_case: bool = False,
    backwards: bool = False,
) -> Match:
    return keeper.search(
        ident, pattern, regex=regex, ignore_case=ignore_case, start=start, backwards=backwards
    ).result(PATIENCE)


def test_an_exabyte_of_holes_takes_no_time(keeper: KeeperClient, puppet: Puppet) -> None:
    fd = puppet("os.memfd_create('sparse')")
    place = 2**62 + 12345
    puppet(f"os.ftruncate({fd}, 2**63 - 1); os.pwrite({fd}, b'a needle here', {place})")
    puppet(f"os.lseek({fd}, 77, 0)")
    ident = keeper.look(puppet.target(fd)).result(PATIENCE).id
    begin = time.monotonic()
    assert find(keeper, ident, b"needle").offset == place + 2
    assert find(keeper, ident, b"needle", 2**63 - 1, backwards=True).offset == place + 2
    assert find(keeper, ident, b"\0a NEEDLE", ignore_case=True).offset == place - 1
    assert find(keeper, ident, rb"n\w+e", regex=True) == Match(place + 2, 6, place + 2)
    assert find(keeper, ident, rb"n\w+e", 2**63 - 1, regex=True, backwards=True).offset == place + 2
    assert find(keeper, ident, b"nowhere").offset is None
    assert find(keeper, ident, b"nowhere", 2**63 - 1, backwards=True).offset is None
    assert time.monotonic() - begin < 2
    assert puppet.fdinfo(fd).pos == 77, "holes are asked for on a description of our own"


def test_queues_are_searched_and_stay_queued(keeper: KeeperClient, puppet: Puppet) -> None:
    reader, writer = puppet("[*os.pipe()]")
    puppet(f"os.write({writer}, b'some queued bytes')")
    ident = keeper.look(puppet.target(reader)).result(PATIENCE).id
    assert find(keeper, ident, b"QUEUED", ignore_case=True).offset == 5
    assert find(keeper, ident, rb"b\w+s", regex=True) == Match(12, 5, 12)
    assert puppet(f"os.read({reader}, 100)") == "some queued bytes"


@pytest.mark.needs_root
@pytest.mark.parametrize("regex", [False, True])
def test_what_may_not_be_read_is_not_searched(
    keeper: KeeperClient, puppet: Puppet, regex: bool
) -> None:
    """/proc/kmsg hands out each line once: to read it would take it from the target."""
    fd = puppet("os.open('/proc/kmsg', os.O_RDONLY | os.O_NONBLOCK)")
    seen = keeper.look(puppet.target(fd)).result(PATIENCE)
    assert keeper.window(seen.id, 0, 100).result(PATIENCE).why
    with pytest.raises(FdtuiError, match="cannot be searched"):
        find(keeper, seen.id, b"Linux", regex=regex)


def test_what_is_no_expression_is_refused(keeper: KeeperClient, puppet: Puppet) -> None:
    ident = keeper.look(puppet.target(puppet("os.memfd_create('x')"))).result(PATIENCE).id
    with pytest.raises(FdtuiError, match="not a regular expression: unterminated"):
        find(keeper, ident, b"([", regex=True)
    with pytest.raises(FdtuiError, match="nothing to search for"):
        find(keeper, ident, b"")


def children(keeper: KeeperClient) -> list[int]:
    """Return the processes that run because the keeper wanted them: children of its nursery."""
    proc = ProcFs()
    found: dict[int, list[int]] = {}
    for pid in proc.pids():
        try:
            stat = proc.stat(pid)
        except OSError:
            continue
        if stat.state not in "ZX":
            found.setdefault(stat.ppid, []).append(pid)
    (nursery,) = found.get(keeper.connect().pid, [-1])
    return found.get(nursery, [])


@pytest.fixture
def endless(puppet: Puppet, tmp_path: Path) -> int:
    """A descriptor of the target: 4 KiB of `a`, then 1 TiB of zeros that must be read."""
    fd: int = puppet(f"os.open({str(tmp_path / 'big')!r}, os.O_RDWR | os.O_CREAT)")
    puppet(f"os.write({fd}, b'a' * 4000 + b'!'); os.ftruncate({fd}, 1 << 40)")
    # A lease keeps fdtui from opening it anew, and so from asking where the holes are.
    puppet("signal.signal(signal.SIGIO, signal.SIG_IGN)")
    puppet(f"fcntl.fcntl({fd}, fcntl.F_SETLEASE, fcntl.F_WRLCK)")
    return fd


def test_a_shared_description_is_never_seeked(
    keeper: KeeperClient, puppet: Puppet, endless: int
) -> None:
    """Where there is no description of our own, holes are read like anything else."""
    puppet(f"os.pwrite({endless}, b'end', 1 << 20); os.lseek({endless}, 5, 0)")
    seen = keeper.look(puppet.target(endless)).result(PATIENCE)
    assert seen.reads == "shared"
    assert find(keeper, seen.id, b"end").offset == 1 << 20
    assert find(keeper, seen.id, b"e.d", regex=True).offset == 1 << 20
    assert puppet.fdinfo(endless).pos == 5
    keeper.release(seen.id).result(PATIENCE)


@pytest.mark.parametrize("regex", [False, True])
def test_a_search_can_be_stopped_and_holds_nothing_up(
    keeper: KeeperClient, puppet: Puppet, endless: int, regex: bool
) -> None:
    """Also an expression that takes exponential time: the release of holds stays in time."""
    reader, writer = puppet("[*os.pipe()]")
    ident = keeper.look(puppet.target(endless)).result(PATIENCE).id
    told = threading.Event()
    future = keeper.search(
        ident,
        rb"(a+)+$\n~" if regex else b"nowhere",
        regex=regex,
        ignore_case=False,
        start=0,
        backwards=False,
        progress=lambda done, total: told.set(),
    )
    assert told.wait(PATIENCE)
    begin = time.monotonic()
    assert keeper.window(ident, 0, 10).result(PATIENCE).data == b"a" * 10
    assert time.monotonic() - begin < 0.5, "the view stays live during a search"
    keeper.steal(puppet.target(writer)).result(PATIENCE)
    puppet(f"os.close({writer})")
    begin = time.monotonic()
    assert puppet(f"os.read({reader}, 1)") == ""
    assert time.monotonic() - begin < 0.5, "a hold is released in time during a search"
    assert not future.done()
    assert future.cancel()
    assert find(keeper, ident, b"!").offset == 4000, "the next search need not wait for the first"
    until(lambda: not children(keeper), what="its process is killed")
    keeper.release(ident).result(PATIENCE)


def cpu_ticks(pid: int) -> int:
    """Return the user time a process has taken, in hundredths of a second."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])


def test_the_process_of_a_search_dies_with_the_keeper(puppet: Puppet) -> None:
    client = start_keeper()
    fd = puppet("os.memfd_create('big')")
    puppet(f"os.write({fd}, b'a' * 4000)")
    ident = client.look(puppet.target(fd)).result(PATIENCE).id
    client.search(ident, rb"(a+)+$\n~", regex=True, ignore_case=False, start=0, backwards=False)
    until(lambda: children(client))
    (child,) = children(client)
    until(lambda: cpu_ticks(child) > 20, what="it is past its start and at work")
    os.kill(client.connect().pid, signal.SIGKILL)
    until(lambda: ended(child), 2.0)
    client.close()
