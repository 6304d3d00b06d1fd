"""Both scan engines give the same rows; workers, refusals, cancelling, repeated sweeps."""

from __future__ import annotations

import errno
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fdtui.errors import CallFailed
from fdtui.linux import syscalls
from fdtui.linux.bpf.iterator import available
from fdtui.linux.fdtable import read_table
from fdtui.linux.procfs import ProcFs
from fdtui.linux.record import Record, Table, Wants
from fdtui.survey.engine_proc import ProcEngine
from fdtui.survey.scan import Engine, choose
from fdtui.survey.sweeper import Sweeper
from fdtui.survey.workers import Job, Pool, qualified
from tests.bench.load import load
from tests.scanned import scanned

pytestmark = pytest.mark.needs_root
NOT_OF_PROC = ("ofd", "sock")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    with scanned(tmp_path_factory.mktemp("specimens")) as pids:
        yield pids


@pytest.fixture(scope="module")
def bpf() -> Iterator[Engine]:
    reason = available()
    if reason:
        pytest.skip(reason)
    with choose("bpf") as engine:
        yield engine


def rows(engine: Engine, pids: list[int] | None = None) -> dict[tuple[int, int], Record]:
    return {(r.pid, r.fd): r for batch in engine.sweep(pids) for r in batch}


def comparable(record: Record) -> dict[str, object]:
    return {k: v for k, v in record._asdict().items() if k not in NOT_OF_PROC}


@pytest.mark.parametrize("whole", [False, True], ids=["filtered", "one-pass"])
def test_engines_agree_field_by_field(pair: tuple[int, int], bpf: Engine, whole: bool) -> None:
    known = rows(ProcEngine(size=0), list(pair))
    said = rows(bpf, None if whole else list(pair))
    said = {key: row for key, row in said.items() if key[0] in pair}
    assert len(known) > 100
    assert known.keys() == said.keys()
    for key, row in known.items():
        assert comparable(said[key]) == comparable(row)


def test_entry_of_a_record_is_procfs_entry(pair: tuple[int, int]) -> None:
    procfs = ProcFs()
    table = read_table(pair[0])
    assert table is not None
    for record in table.records:
        entry, known = record.entry, procfs.entry(record.pid, record.fd)
        assert (entry.link, entry.access, entry.info) == (known.link, known.access, known.info)
        assert (entry.sockproto, entry.error) == (known.sockproto, known.error)
        assert entry.stat is not None
        assert known.stat is not None
        untold = {"gid": 0, "blksize": 0, "mtime_ns": 0}
        if entry.info is not None and known.stat.mnt_id != entry.info.mnt_id:
            untold["mnt_id"] = entry.info.mnt_id
        assert entry.stat == known.stat._replace(**untold)


def test_description_identity_is_kcmp(pair: tuple[int, int], bpf: Engine) -> None:
    records = list(rows(bpf, list(pair)).values())
    by_id: dict[tuple[int, int, int], list[Record]] = {}
    for record in records:
        by_id.setdefault((record.ofd, record.dev, record.ino), []).append(record)
    groups = list(by_id.values())
    assert any(len(group) > 2 for group in groups)  # dup and fork
    for group in groups:
        for other in group[1:]:
            assert same_description(group[0], other)
    for one, two in itertools.pairwise(groups):
        assert not same_description(one[0], two[0])


def same_description(one: Record, two: Record) -> bool:
    return not syscalls.kcmp(one.pid, two.pid, syscalls.KCMP_FILE, one.fd, two.fd)


def test_no_kernel_address_leaves_the_program(pair: tuple[int, int], bpf: Engine) -> None:
    ids = {record.ofd for record in rows(bpf, [pair[0]]).values()}
    assert len(ids) > 40
    canonical = [number for number in ids if number >> 47 == 0x1FFFF]
    assert len(canonical) <= 1
    assert len({number >> 40 for number in ids}) > len(ids) // 2


def test_wants_decide_what_is_read(pair: tuple[int, int]) -> None:
    table = read_table(pair[0], Wants.LINK)
    assert table is not None
    assert all(r.link and r.flags == -1 and r.nlink == -1 and not r.extra for r in table.records)
    table = read_table(pair[0], Wants.FDINFO)
    assert table is not None
    assert all(not r.link and r.flags >= 0 and r.nlink == -1 for r in table.records)


def as_json(tables: list[Table], mark: str) -> bytes:
    lines = [json.dumps([r.pid, r.fd, r.link, mark]) for table in tables for r in table.records]
    return "".join(line + "\n" for line in lines).encode()


@pytest.mark.parametrize("name", ["proc", "bpf"])
@pytest.mark.parametrize("threaded", [False, True], ids=["fork", "spawn"])
def test_workers_give_the_rows_of_one_process_in_order(
    name: str, threaded: bool, bpf: Engine
) -> None:
    stop = threading.Event()
    if threaded:
        threading.Thread(target=stop.wait, daemon=True).start()
    try:
        chosen = choose("bpf" if name == "bpf" else "proc", workers=2)
        with load(60, 100) as top, chosen as engine:
            pids = sorted(pid for pid in ProcFs().pids() if is_load(pid, top))
            assert len(pids) == 60
            alone = [
                (r.pid, r.fd, r.link) for batch in ProcEngine(size=0).sweep(pids) for r in batch
            ]
            assert len(alone) == 6_000
            for _ in range(2):  # while workers start, and with all of them
                shared = [(r.pid, r.fd, r.link) for batch in engine.sweep(pids) for r in batch]
                assert shared == alone
            # all processes: workers are used whatever the number of those wanted
            text = b"".join(engine.transform(as_json, "!"))
            assert [
                tuple(row) for row in map(json.loads, text.splitlines()) if row[0] in set(pids)
            ] == [(*row, "!") for row in alone]
    finally:
        stop.set()


def is_load(pid: int, top: int) -> bool:
    """Is it a process of our own load?  A bench may run another beside it."""
    procfs = ProcFs()
    try:
        found = procfs.stat(pid)
        return found.comm.startswith("load-") and procfs.stat(found.ppid).ppid == top
    except OSError:
        return False


def busy(payload: tuple[int]) -> Iterator[bytes]:
    while True:
        yield bytes(payload[0])


def test_cancelling_ends_workers_that_are_busy() -> None:
    before = children()
    pool = Pool(2)
    looks = iter([False, False, False, True])
    jobs = [Job(qualified(busy), (1000,))] * 4
    started = time.monotonic()
    frames = list(pool.run(jobs, lambda: next(looks)))  # ends, though the jobs never do
    assert all(frame == bytes(1000) for frame in frames)
    assert time.monotonic() - started < 5
    assert children() == before


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_workers_have_no_descriptor_of_ours(tmp_path: Path) -> None:
    with open(tmp_path / "mine", "wb"):
        pool = Pool(1)
        frames = list(pool.run([Job(qualified(own_links), ())], lambda: False))
        pool.close()
    assert frames
    assert b"mine" not in frames[0]


def own_links(_: tuple[()]) -> Iterator[bytes]:
    names = os.listdir("/proc/self/fd")
    yield "\n".join(os.path.realpath(f"/proc/self/fd/{name}") for name in names).encode()


def test_a_process_that_ended_is_left_out(bpf: Engine) -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"]) as ended:
        ended.wait()
    for engine in (ProcEngine(size=0), bpf):
        assert rows(engine, [ended.pid, os.getpid()])[os.getpid(), 0]
        assert list(engine.tables([ended.pid])) == []


def as_nobody(function: Callable[[], object]) -> object:
    """What a function gives in a child that is uid 65534 without capabilities."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            os.write(write_end, json.dumps(function()).encode())
        finally:
            os._exit(0)
    os.close(write_end)
    with open(read_end, "rb") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return json.loads(text)


def test_refused_tables_are_rows_with_an_error(bpf: Engine) -> None:
    parent = os.getpid()

    def look() -> object:
        engine = choose("auto")
        found = [(r.fd, r.error) for batch in engine.sweep([parent]) for r in batch]
        try:
            choose("bpf")
        except CallFailed as failed:
            return [engine.name, engine.reason, found, failed.errno, str(failed)]
        return "bpf was had without a privilege"

    reason = "CAP_BPF and CAP_PERFMON are missing in the initial user namespace"
    assert as_nobody(look) == [
        "proc",
        reason,
        [[-1, ["open", errno.EACCES]]],
        errno.EPERM,
        f"bpf(BPF_PROG_LOAD): {reason} (EPERM)",
    ]


@pytest.mark.parametrize("size", [0, 2])
def test_holders_of_a_file(pair: tuple[int, int], bpf: Engine, size: int, tmp_path: Path) -> None:
    table = read_table(pair[0])
    assert table is not None
    shared = next(r for r in table.records if r.link.endswith("/shared"))
    known = [
        (pid, r.fd)
        for pid in pair
        for r in (read_table(pid) or table).records
        if r.link == shared.link
    ]
    assert len(known) == 6  # opened, dup, opened again; all of it in the child too
    with load(60, 100), ProcEngine(size=size) as proc:
        for engine in (proc, bpf):
            found = list(engine.holders(shared.dev, shared.ino))
            assert [(r.pid, r.fd) for r in found] == known
            assert found[0].flags == shared.flags
            assert not list(engine.holders(shared.dev + 1, shared.ino))


def test_choice_by_size_says_why() -> None:
    engine = choose("auto", descriptors=100)
    assert engine.name == "proc"
    assert "100 descriptors" in engine.reason
    assert choose("proc").reason == "as asked"


def test_unknown_engine_failure_is_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fdtui.linux.bpf.iterator.VMLINUX", "/nonexistent/btf")
    with pytest.raises(CallFailed, match="the kernel has no BTF: /nonexistent/btf is missing"):
        choose("bpf")
    assert "no BTF" in choose("auto").reason


@pytest.mark.parametrize("name", ["proc", "bpf"])
def test_sweeper_reads_what_changed(name: str, bpf: Engine, tmp_path: Path) -> None:
    engine = bpf if name == "bpf" else ProcEngine(size=0)
    sweeper = Sweeper(engine, duty=0.0)
    first = list(sweeper.sweep())
    me = os.getpid()
    assert me in {change.pid for change in first}
    assert all(change.before is None for change in first)
    with open(tmp_path / "opened-later", "wb") as later:
        changes = {change.pid: change for change in sweeper.sweep()}
        mine = changes[me].now
        assert mine is not None
        links = {record.fd: record.link for record in mine.records}
        assert links[later.fileno()] == str(tmp_path / "opened-later")
    with subprocess.Popen(["sleep", "60"]) as child:
        changes = {change.pid: change for change in sweeper.sweep()}
        assert changes[child.pid].before is None
        child.kill()
        child.wait()
        changes = {change.pid: change for change in sweeper.sweep()}
        assert changes[child.pid].now is None
        assert child.pid not in sweeper.tables


def test_sweeper_reads_quiet_tables_in_turn(pair: tuple[int, int]) -> None:
    now = [0.0]
    sweeper = Sweeper(ProcEngine(size=0), duty=1.0, clock=lambda: now[0])
    list(sweeper.sweep())
    before = sweeper.tables[pair[0]]
    fd = next(r.fd for r in before.records if r.link.endswith("plain.log"))
    pidfd = os.pidfd_open(pair[0])
    taken = syscalls.pidfd_getfd(pidfd, fd)
    try:
        os.lseek(taken, 4321, os.SEEK_SET)  # the count stays: only a turn finds this
        now[0] += 1000
        changed = {change.pid: change for change in sweeper.sweep()}
    finally:
        os.lseek(taken, 1234, os.SEEK_SET)
        os.close(taken)
        os.close(pidfd)
    after = changed[pair[0]].now
    assert after is not None
    assert {r.fd: r.pos for r in after.records}[fd] == 4321
