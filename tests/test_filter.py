"""The filter language: a table of expressions, of mistakes, and lsfd's own answers."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from fdtui.linux.fdtable import read_table
from fdtui.survey import columns, values
from fdtui.survey.columns import Value
from fdtui.survey.completing import complete
from fdtui.survey.facts import Facts
from fdtui.survey.filter import MOST, Filter, FilterError, compile_filter
from tests.scanned import scanned

NOTHING: dict[str, Value] = {column.name: None for column in columns.COLUMNS}
ROW: Mapping[str, Value] = {
    **NOTHING,
    "pid": 812,
    "fd": 5,
    "assoc": "5",
    "comm": "nginx",
    "user": "www-data",
    "kind": "regular",
    "type": ("REG",),
    "mode": "rw",
    "flags": "rdwr,append",
    "deleted": True,
    "target": "/var/log/access.log",
    "pos": 100,
    "size": 5000,
    "shared": 2,
    "peer.comm": ("php-fpm", "nginx"),
    "peer.pid": (900, 812),
    "age": 4.5,
    "rate": 2_000_000.0,
}
SOCKET: Mapping[str, Value] = {
    **NOTHING,
    "pid": 7,
    "fd": 3,
    "comm": "sshd",
    "kind": "tcp",
    "type": ("SOCK", "TCP"),
    "state": "LISTEN",
    "listening": True,
    "lport": 22,
    "laddr": "0.0.0.0",
    "target": "socket:[4711]",
}


@pytest.mark.parametrize(
    ("text", "row", "socket"),
    [
        ("", True, True),
        ("fd > 4", True, False),
        ("FD gt 4", True, False),
        ("4 < FD", True, False),
        ("FD>=3 and fd <= 5", True, True),
        ("FD == 5 || FD == 3", True, True),
        ("FD == 5 or FD eq 3 and PID == 7", True, True),
        ("(FD == 5 or FD == 3) and PID == 7", False, True),
        ("not FD == 5", False, True),
        ("!(FD == 5)", False, True),
        ("not fd == 5 and pid == 7", False, True),
        ('TYPE == "REG" and DELETED', True, False),
        ('TYPE == "SOCK"', False, True),
        ("type == TCP", False, True),
        ('TYPE != "SOCK"', True, False),
        ('(KIND == "tcp") and STATE == "LISTEN"', False, True),
        ('SOCK.STATE == "listen"', False, True),
        ("state == LISTEN", False, True),
        ("STATE != 'LISTEN'", False, False),  # no state is no value
        ("not STATE == 'LISTEN'", True, False),
        (r'NAME =~ "\.log$"', True, False),
        (r'NAME !~ "\.log$"', False, True),
        ('NAME == "/var/log/access.log"', True, False),
        ('COMMAND == "nginx"', True, False),
        ("comm ne sshd", True, False),
        ("comm < nz", True, False),
        ('MODE == "rw-"', True, False),
        ("mode == rw", True, False),
        ('FLAGS =~ "append"', True, False),
        ("size > 4K", True, False),
        ("size > 4KiB", True, False),
        ("size > 5KB", False, False),
        ("size == 5000", True, False),
        ("size < 1G", True, False),
        ("size >= 4.5k", True, False),
        ("fd == 0x5", True, False),
        ("shared > 1", True, False),
        ('peer.comm == "nginx"', True, False),
        ('peer.comm != "nginx"', False, False),
        ("peer.pid == 900", True, False),
        ('peer.comm =~ "^php"', True, False),
        ("age < 5", True, False),
        ("rate > 1M", True, False),
        ("pos < size", True, False),
        ("LPORT == 22", False, True),
        ("TCP.LPORT == 22", False, True),
        ("DELETED", True, False),
        ("!DELETED", False, True),
        ("DELETED == true", True, False),
        ("DELETED != true", False, False),
        ("listening == true", False, True),
        ("state", False, True),
        ("true", True, True),
        ("false or fd == 3", False, True),
        ("nginx", True, False),
        ("NGINX access", True, False),
        ("nginx sshd", False, False),
        ("nginx or sshd", True, True),
        ("not nginx", False, True),
        ("/var/log", True, False),
        ("socket:[4711]", False, True),
        ("22", False, True),
        ('"access.log"', True, False),
        ("nginx fd > 4", True, False),
        ("nginx size > 1M", False, False),
        ("ORacle", False, False),
        ("andy or fd == 3", False, True),
        ("(deleted)", True, False),
    ],
)
def test_expressions(text: str, row: bool, socket: bool) -> None:
    compiled: Filter[Mapping[str, Value]] = compile_filter(text)
    assert (compiled.matches(ROW), compiled.matches(SOCKET)) == (row, socket)


@pytest.mark.parametrize(
    ("text", "column", "problem", "expected"),
    [
        ("fd >", 5, "it ends too early", "value"),
        ("fd > > 3", 6, "unexpected >", "value"),
        ("fd = 3", 4, "= is no comparison", "=="),
        ("(fd > 3", 8, "it ends too early", ")"),
        ("fd > 3)", 7, "unexpected )", "the end"),
        ("fdd > 3", 1, "no column is called fdd", "fd"),
        ("fd > 1 and szie > 3", 12, "no column is called szie", "size"),
        ("1 == 1", 1, "neither side", "a column"),
        ('"a" == "b"', 1, "neither side", "a column"),
        ("fd > abc", 6, "fd is a number", "a number"),
        ('size == "big"', 9, "size is a number", "a number"),
        ("deleted > 3", 11, "deleted is true or false", "== true"),
        ("deleted == maybe", 12, "deleted is true or false", "== true"),
        ("comm == true", 9, "comm is text", "text"),
        ('NAME =~ "("', 10, "not a regular expression", ""),
        ('NAME =~ "a[b"', 11, "not a regular expression", ""),
        ('comm == "nginx', 9, "a quotation mark is not closed", '"'),
        ("fd > 3 and", 11, "it ends too early", "a column"),
        ("nginx && ) fd", 10, "unexpected )", "a column"),
        ("x" * (MOST + 1), MOST + 1, "longer", ""),
    ],
)
def test_mistakes_name_their_column(text: str, column: int, problem: str, expected: str) -> None:
    with pytest.raises(FilterError) as raised:
        compile_filter(text)
    assert problem in raised.value.problem
    assert expected in raised.value.expected
    assert raised.value.column == column
    assert f"column {column}: " in str(raised.value)


def test_a_filter_tells_what_it_needs() -> None:
    assert compile_filter('TYPE == "REG" and lport > 3').columns == {"type", "lport"}
    assert "target" in compile_filter("word").columns
    assert compile_filter("word", haystack=lambda row: "a word").columns == frozenset()


@pytest.mark.parametrize(
    ("text", "some"),
    [
        ("", ["pid", "fd", "kind"]),
        ("ki", ["kind"]),
        ("INO", ["INODE"]),
        ("SOCK.", ["SOCK.STATE", "SOCK.TYPE"]),
        ("fd > 2 ", ["and", "or"]),
        ("fd > 2 an", ["and"]),
        ("fd > 2 and per", []),
        ("fd > 2 and (pee", ["peer", "peer.comm"]),
        ("kind == ", ["regular", "tcp"]),
        ('kind == "tc', ['"tcp"']),
        ("state != li", ["LISTEN"]),
        ("fd == ", []),
        ('comm == "a ki', []),
    ],
)
def test_completion(text: str, some: list[str]) -> None:
    offered = complete(text)
    assert offered == [] if not some else set(some) <= set(offered)


def test_completion_is_of_the_word_at_the_cursor() -> None:
    assert complete("ki and fd > 3", 2) == ["kind"]


def test_a_hundred_thousand_rows_take_no_time_to_speak_of() -> None:
    rows = [{**ROW, "fd": number % 100} for number in range(20_000)]
    compiled: Filter[dict[str, Value]] = compile_filter('fd > 50 and kind == "regular"')
    best = min(_seconds(compiled.matches, rows) for _ in range(3))
    assert best < 0.15 / 5  # 150 ms for 100,000


def _seconds(matches: Callable[[dict[str, Value]], bool], rows: list[dict[str, Value]]) -> float:
    started = time.perf_counter()
    assert sum(map(matches, rows)) == 9_800
    return time.perf_counter() - started


def test_every_column_has_a_value_and_help() -> None:
    assert {column.name for column in columns.COLUMNS} == set(values.GETTERS)
    assert all(column.help and column.key for column in columns.COLUMNS)
    taken: set[str] = set()
    for name in columns.names():
        assert name.lower() not in taken or columns.find(name)
        taken.add(name.lower())


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with scanned(tmp_path_factory.mktemp("filter")) as (pid, _):
        yield pid


@pytest.mark.needs_root
@pytest.mark.skipif(not shutil.which("lsfd"), reason="no lsfd here")
@pytest.mark.parametrize(
    "text",
    [
        "FD > 20",
        "(FD >= 5) and (FD < 30)",
        "(FD == 5) or (FD == 7)",
        "!(FD > 10)",
        "(FD lt 9) || (FD gt 40)",
        "POS >= 1000",
        "POS == 1234",
        "SIZE > 4096",
        "(SIZE >= 5000) && (SIZE <= 9000)",
        'TYPE == "REG"',
        'TYPE == "DIR"',
        'TYPE == "SOCK"',
        'TYPE != "REG"',
        '(TYPE == "FIFO") or (TYPE == "CHR")',
        "DELETED",
        "!DELETED",
        'DELETED and (TYPE == "REG")',
        'MODE == "rw-"',
        'MODE == "-w-"',
        'MODE != "r--"',
        'NAME =~ "[.]log$"',
        'NAME =~ "plain|append"',
        'NAME !~ "[.]log$"',
        'FLAGS =~ "append"',
        'FLAGS =~ "nonblock"',
        'FLAGS =~ "cloexec"',
        "NLINK == 1",
        "NLINK != 1",
        "MNTID > 20",
        'PROTONAME == "TCP"',
        'PROTONAME =~ "UNIX.*"',
        'PROTONAME != "TCP"',
        'COMMAND =~ "python.*"',
        'USER == "root"',
        "UID == 0",
        "FUID == 0",
        'OWNER != "root"',
        "INODE > 100000",
        "PID > 1",
    ],
)
def test_same_answers_as_lsfd(text: str, process: int) -> None:
    run = subprocess.run(
        ["lsfd", "-p", str(process), "-n", "-r", "-o", "ASSOC", "-Q", text],
        capture_output=True,
        text=True,
        check=True,
    )
    theirs = {int(word) for word in run.stdout.split() if word.isdigit()}
    table = read_table(process)
    assert table is not None
    matches = compile_filter(text, values.getter, values.haystack).matches
    ours = {r.fd for r in table.records if matches(Facts(table.owner, r))}
    assert ours == theirs


def test_plain_words_in_the_facts_of_a_descriptor(process: int) -> None:
    table = read_table(process)
    assert table is not None
    plain = compile_filter("PLAIN.log", values.getter, values.haystack)
    found = [r.link for r in table.records if plain.matches(Facts(table.owner, r))]
    assert [Path(link).name for link in found] == ["plain.log"]
