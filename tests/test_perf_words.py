"""Perf events: attributes and counts in words, on structs as linux/perf_event.h has them."""

from __future__ import annotations

import struct

import pytest

from fdtui.kinds import BY_NAME
from fdtui.linux.abi_perf import Counts, parse_attributes, parse_counts
from fdtui.linux.peek import Peek
from tests.zoo_process import ZooProcess, zoo

__all__ = ["zoo"]

CACHE, TRACEPOINT, RAW = 3, 2, 4


def attributes(kind: int, config: int, *, period: int = 0, flags: int = 0) -> bytes:
    return struct.pack("=IIQQQQQ", kind, 128, config, period, 0, 0, flags).ljust(128, b"\0")


@pytest.mark.parametrize(
    ("kind", "config", "name", "event"),
    [
        (0, 0, "hardware", "cpu-cycles"),
        (1, 3, "software", "context-switches"),
        (CACHE, 0x10000, "hw-cache", "L1-dcache-load-misses"),
        (CACHE, 0x102, "hw-cache", "LLC-stores"),
        (CACHE, 0x99, "hw-cache", ""),
        (RAW, 0x1C2, "raw", ""),
        (1, 200, "software", ""),
        (4_000_000, 1, "4000000", ""),
    ],
)
def test_what_is_counted(kind: int, config: int, name: str, event: str) -> None:
    found = parse_attributes(attributes(kind, config))
    assert (found.type, found.event, found.config) == (name, event, config)


def test_how_it_is_sampled() -> None:
    assert parse_attributes(attributes(0, 0, period=4000)).period == 4000
    by_time = parse_attributes(attributes(0, 0, period=99, flags=1 << 10 | 1 << 5))
    assert (by_time.period, by_time.frequency, by_time.excluded) == (0, 99, ("kernel",))


@pytest.mark.parametrize(
    ("words", "form", "counts"),
    [
        ((7,), 0, Counts(7, None, None, None)),
        ((7, 200, 100), 3, Counts(7, 200, 100, None)),
        ((7, 200, 100, 42, 1), 1 | 2 | 4 | 16, Counts(7, 200, 100, 1)),
        ((2, 5, 41, 7, 42), 8 | 4, Counts(7, None, None, None)),
        ((1, 200, 9), 8 | 1, Counts(9, 200, None, None)),
        ((2, 5, 7), 8, None),  # two without their ids: which is ours is not said
        ((), 0, None),
    ],
)
def test_what_read_says(words: tuple[int, ...], form: int, counts: Counts | None) -> None:
    assert parse_counts(struct.pack(f"={len(words)}Q", *words), form, 42) == counts


@pytest.mark.parametrize("name", ["perf_event", "perf-times", "perf-member"])
def test_a_live_one(zoo: ZooProcess, name: str) -> None:
    zoo.require(name)
    kind = BY_NAME["perf_event"]
    with zoo.acquire(name) as owned:
        info = kind.examine(Peek(owned), zoo.entry(name))
    assert info["event"] == "page-faults"
    assert info["target_pid"] == zoo.pid
    assert isinstance(info["count"], int)
    assert info["count"] >= 256  # a fault for each page that was touched
    words = "".join(span.text for span in kind.target(zoo.entry(name), info))
    assert words.endswith(f"pid {zoo.pid}")
