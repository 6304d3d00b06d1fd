"""`fdtui ls` on live processes: the objects that are promised, by either engine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest

from fdtui.commands import lsjson
from fdtui.linux.bpf.iterator import available
from fdtui.render.objects import as_object
from fdtui.survey.columns import KIND_NAMES
from fdtui.survey.decoding import decoded
from fdtui.survey.engine_proc import ProcEngine
from fdtui.survey.kinding import kind_of
from fdtui.survey.scan import Engine, choose
from fdtui.survey.socks import Socks
from tests.listed import Row, by_target, ls, rows
from tests.puppets import Puppet
from tests.scanned import scanned

KEYS = (
    "pid start_time comm uid fd kind mode flags pos size dev ino mnt_id deleted target info error"
)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    with scanned(tmp_path_factory.mktemp("specimens")) as pids:
        yield pids


# Objects


def test_objects_have_what_is_promised(pair: tuple[int, int]) -> None:
    found = rows("-p", str(pair[0]))
    assert len(found) == len(os.listdir(f"/proc/{pair[0]}/fd"))
    assert [row["fd"] for row in found] == sorted(row["fd"] for row in found)
    for row in found:
        assert set(KEYS.split()) <= row.keys() <= {*KEYS.split(), "target_raw"}
        assert row["pid"] == pair[0]
        assert row["kind"] in KIND_NAMES
        assert row["mode"] in ("r", "w", "rw", "path")
        assert row["error"] is None, row
        assert all(flag.startswith("O_") for flag in row["flags"])
    log = by_target(found, "/plain.log")
    assert (log["kind"], log["mode"], log["pos"], log["size"]) == ("regular", "r", 1234, 5000)
    assert log["ino"] == os.stat(log["target"]).st_ino
    gone = by_target(found, "/gone (deleted)")
    assert gone["deleted"] is True
    assert by_target(found, "/sparse")["size"] == 1 << 40
    assert "O_APPEND" in by_target(found, "/append.log")["flags"]


def test_objects_say_what_only_an_acquired_descriptor_tells(pair: tuple[int, int]) -> None:
    found = rows("-p", str(pair[0]))
    pipes = [r["info"] for r in found if r["kind"] == "pipe" and r["mode"] == "r"]
    assert (6, 65536) in [(pipe["queued"], pipe["capacity"]) for pipe in pipes]
    assert next(r for r in found if r["kind"] == "memfd")["info"]["seals"] == ["seal"]
    listener = next(r for r in found if r["info"].get("state") == "LISTEN")
    assert listener["info"]["laddr"] == "127.0.0.1"
    theirs = next(r for r in found if r["kind"] == "tcp" and r["info"].get("recv_queue") == 7)
    assert theirs["info"]["tcp_info"]["rtt"] >= 0
    assert theirs["info"]["options"]["SO_RCVBUF"] > 0
    assert by_target(found, "/locked")["info"]["locks"][0]["type"] == "flock"
    assert by_target(found, "[eventfd]")["info"]["eventfd_count"] == 5


def test_hostile_names_are_safe_and_come_back(pair: tuple[int, int]) -> None:
    found = rows("-p", str(pair[0]))
    name = next(row for row in found if "target_raw" in row and "line" in row["target"])
    assert r"new\nline \x1b[31m (deleted)" in name["target"]
    assert name["deleted"] is False
    raw = name["target_raw"].encode().decode("unicode_escape").encode("latin-1")
    assert os.stat(raw).st_ino == name["ino"]
    assert by_target(found, r"not-utf-8-\xff")["target_raw"].endswith(r"not-utf-8-\xff")
    for form in ((), ("--json",), ("--jsonl",), ("--tree",), ("--summary",)):
        done = ls("-p", str(pair[0]), *form)
        assert not set(done.stdout) & {"\x1b", "\x07", "\udcff"}
        assert "new\nline" not in done.stdout


def test_json_is_the_same_as_jsonl(pair: tuple[int, int]) -> None:
    arguments = ("-p", str(pair[0]), "-w", 'kind == "regular"')
    assert json.loads(ls("--json", *arguments).stdout) == rows(*arguments)
    assert json.loads(ls("--json", "-p", str(pair[0]), "-w", "pid == 1").stdout) == []


@pytest.mark.needs_root
@pytest.mark.parametrize("name", ["proc", "bpf"])
def test_what_is_written_by_hand_is_the_reference(name: str, pair: tuple[int, int]) -> None:
    """The fast writer, the row writer, and as_object of what procfs says are one."""
    if name == "bpf" and (reason := available()):
        pytest.skip(reason)
    socks = Socks()
    with choose("bpf" if name == "bpf" else "proc", workers=0) as engine:
        for table in engine.tables(list(pair)):
            lines = list(lsjson.rows(table.owner, table.records, socks))
            for record, line in zip(table.records, lines, strict=True):
                facts = decoded(table.owner, record, socks)
                known = as_object(
                    record.entry,
                    start_time=table.owner.start_time,
                    comm=table.owner.comm,
                    uid=table.owner.uid,
                    kind=kind_of(record),
                    info=facts.info,
                )
                assert json.loads(line + "}") == known
                assert json.loads(lsjson.row(facts)) == known


def whole(engine: Engine, pids: tuple[int, int]) -> dict[tuple[int, int], Row]:
    socks = Socks()
    return {
        (row["pid"], row["fd"]): row
        for table in engine.tables(list(pids))
        for line in lsjson.rows(table.owner, table.records, socks)
        for row in [json.loads(line + "}")]
    }


@pytest.mark.needs_root
def test_both_engines_give_the_same_objects(pair: tuple[int, int]) -> None:
    if reason := available():
        pytest.skip(reason)
    with choose("bpf") as bpf:
        theirs = whole(bpf, pair)
    known = whole(ProcEngine(size=0), pair)
    assert known.keys() == theirs.keys()
    for key, row in known.items():
        other = theirs[key]
        if "state" not in row["info"] and "state" in other["info"]:
            # No dump lists it (an unbound netlink socket): only the iterator knows more.
            other["info"] = {k: v for k, v in other["info"].items() if k in row["info"]}
            other["size"] = row["size"]
        assert other == row


@pytest.mark.needs_root
def test_the_whole_machine_by_either_engine(pair: tuple[int, int]) -> None:
    wanted = set(pair)
    found = {}
    for engine in ("proc", "bpf"):
        if engine == "bpf" and available():
            continue
        everything = rows("--engine", engine)
        keys = [(row["pid"], row["fd"]) for row in everything]
        assert keys == sorted(keys)
        found[engine] = [row for row in everything if row["pid"] in wanted]
        related = rows("--engine", engine, "--sharing", "--peers")
        assert [(r["pid"], r["fd"]) for r in related if r["pid"] in wanted] == [
            (r["pid"], r["fd"]) for r in found[engine]
        ]
        assert all("sharing" in r and "peers" in r for r in related)
    assert len(found["proc"]) > 100


@pytest.mark.needs_root
@pytest.mark.parametrize("engine", ["proc", "bpf"])
def test_rows_that_workers_close_say_what_the_others_say(
    pair: tuple[int, int], engine: str
) -> None:
    """With a filter every row passes the general way, without one through the workers'."""
    if engine == "bpf" and available():
        pytest.skip(available() or "")
    asked = ("--engine", engine, "--sharing", "--peers")

    def told(*more: str) -> dict[tuple[object, object], tuple[object, ...]]:
        return {
            (row["pid"], row["fd"]): (row["sharing"], row.get("sharing_reason"), row["peers"])
            for row in rows(*asked, *more)
            if row["pid"] in (*pair, 1)
        }

    closed, general = told(), told("-w", "fd >= 0")
    assert len(closed) > 100
    assert closed == general


# Sharing and peers


@pytest.mark.needs_ptrace
@pytest.mark.parametrize("scope", ["process", "machine"])
def test_sharing_and_peers(scope: str, pair: tuple[int, int]) -> None:
    where = ("-p", str(pair[0]), "-p", str(pair[1])) if scope == "process" else ()
    found = [r for r in rows(*where, "--sharing", "--peers") if r["pid"] in pair]
    shared = [row for row in found if row["target"].endswith("/shared")]
    ids = [row["sharing"] for row in shared]
    assert len(shared) == 6
    assert sorted(map(ids.count, set(ids))) == [2, 4]  # opened twice: one was also duplicated
    pipes = [r for r in found if r["kind"] == "pipe" and r["mode"] == "r" and r["pid"] == pair[0]]
    ends = {(peer["pid"], peer["relation"]) for pipe in pipes for peer in pipe["peers"]}
    assert {(os.getpid(), "writer"), (pair[0], "writer"), (pair[1], "writer")} <= ends
    unix = next(r for r in found if r["kind"] == "unix" and r["info"].get("state") == "ESTAB")
    assert unix["peers"][0]["relation"] == "other end"


def test_filters_may_ask_for_sharing_and_peers() -> None:
    with Puppet() as puppet:
        puppet("fd = os.memfd_create('x'); os.dup(fd)")
        fd = puppet("fd")
        found = rows("-p", str(puppet.pid), "-w", "shared == 2", "-w", 'kind == "memfd"')
        assert [row["fd"] for row in found] == [fd, fd + 1]
        assert found[0]["sharing"] == found[1]["sharing"] == f"{puppet.pid}:{fd}"
        table = ls("-p", str(puppet.pid), "-o", "fd,peer.pid", "-w", f"peer.pid == {os.getpid()}")
        assert str(os.getpid()) in table.stdout
