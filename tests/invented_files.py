"""The bytes behind the invented descriptors: a log, a database, a queue, a folder."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from functools import cache

from fdtui.keeper.api import DirEntry
from tests.invented_table import INGESTD, LOG_SIZE

NODE = 5120
DATABASE_SIZE = 118_272
Read = Callable[[int, int], bytes]  # offset, length

_PATHS = ("GET /healthz", "POST /v1/ingest/0", "POST /v1/ingest/3", "PUT /v1/route/metrics")
_HOSTS = ("10.2.9.4", "10.2.9.11", "10.2.7.40", "2001:db8:2::1f")
_STRANGE = (
    "upstream 10.2.7.40 sent \x1b[31mred\x1b[0m and a bell \x07 in its User-Agent; kept as is: "
    "curl/8.5.0 (x86_64-pc-linux-gnu) libcurl/8.5.0 OpenSSL/3.0.13 zlib/1.3 nghttp2/1.59.0 "
    "librtmp/2.4"
)


@cache
def log_tail(lines: int = 1500) -> bytes:
    """The end of the access log; the rest of its 18.4 MB is this again."""
    dice = random.Random(4182)
    out = []
    at = 22.9 - 0.2 * lines
    for index in range(lines):
        at += 0.2
        minute, second = 12 + int(at // 60), at % 60
        stamp = f"2025-11-22T14:{minute % 60:02d}:{second:06.3f}Z"
        if lines - index == 26:
            out.append(f"{stamp} {_STRANGE}")
            continue
        status, took = dice.choice((200, 202, 204, 429)), dice.uniform(2, 80)
        request = f'{dice.choice(_HOSTS)} "{dice.choice(_PATHS)} HTTP/2" {status}'
        out.append(f"{stamp} {request} {dice.randrange(90_000)} {took:.1f}ms shard={index % 4}")
    return ("\n".join(out) + "\n").encode()


def read_log(offset: int, length: int) -> bytes:
    """Bytes of the access log."""
    tail = log_tail()
    length = max(0, min(length, LOG_SIZE - offset))
    start = (offset - LOG_SIZE) % len(tail)
    repeated = tail[start:] + tail * (length // len(tail) + 1)
    return repeated[:length]


@cache
def database() -> bytes:
    """A small SQLite file, the same on every machine: versions and counters are set by hand."""
    with sqlite3.connect(":memory:") as db:
        db.execute("PRAGMA page_size = 512")
        db.execute("CREATE TABLE sessions(id INTEGER PRIMARY KEY, user TEXT NOT NULL, token BLOB)")
        db.execute("CREATE INDEX sessions_by_user ON sessions(user)")
        db.execute(
            "CREATE TABLE queue(seq INTEGER PRIMARY KEY, topic TEXT, payload BLOB, "
            "tries INT DEFAULT 0)"
        )
        rows = [(n, f"ingest/{n % 7}", bytes([n % 251]) * 40) for n in range(1, 900)]
        db.executemany("INSERT INTO queue(seq, topic, payload) VALUES(?, ?, ?)", rows)
    data = bytearray(db.serialize())
    db.close()
    data[16:18] = (512).to_bytes(2, "big")
    data[24:28] = data[92:96] = (1846).to_bytes(4, "big")
    data[96:100] = (3_045_001).to_bytes(4, "big")
    return bytes(data).ljust(DATABASE_SIZE, b"\0")[:DATABASE_SIZE]


def from_bytes(data: bytes) -> Read:
    """Read from memory."""
    return lambda offset, length: data[offset : offset + length]


def _noise(seed: int, length: int) -> bytes:
    return random.Random(seed).randbytes(length)


def _spool(offset: int, length: int) -> bytes:
    """Records of 64 bytes, each with its own number."""
    first = offset // 64
    rows = b"".join(
        n.to_bytes(8, "little") + b"spool record" + bytes(44)
        for n in range(first, (offset + length) // 64 + 1)
    )
    return rows[offset - first * 64 :][:length]


_TOML = b"""# Where metrics go, by the first part of their name.
[routes]
"api."   = { shard = 0, keep = "30d" }
"db."    = { shard = 1, keep = "90d" }
"edge."  = { shard = 3, keep = "7d", sample = 0.1 }
"""
FOLDER = [
    DirEntry(name, kind, 1_311_100 + index)
    for index, (name, kind) in enumerate(
        [("inbox", "/"), ("tls", "/"), ("current", "@"), ("ingestd.lock", ""), ("state.db", "")]
        + [(f"spool-{number:04d}.seg", "") for number in range(360, 417)]
    )
]


def contents(pid: int, fd: int) -> Read:
    """How the bytes of a descriptor are read."""
    if pid == NODE and fd == 9:
        return from_bytes(database())
    if pid != INGESTD:
        return from_bytes(b"")
    known: dict[int, Read] = {
        1: from_bytes(log_tail()[:12_288]),
        6: from_bytes(b"\x17\x03\x03\x00\x5b" + _noise(6, 91)),
        7: read_log,
        8: _spool,
        11: from_bytes(bytes(4096) + _noise(11, 4096)),
        13: from_bytes(_TOML * 25),
        24: from_bytes(b'{"at":"14:12:03","who":"mira","did":"reload"}\n' * 47_870),
    }
    return known.get(fd, from_bytes(b""))
