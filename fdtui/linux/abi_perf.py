"""linux/perf_event.h in words: types, events and flags as perf-list(1) and perf-record(1) say."""

from __future__ import annotations

import os
import struct

from fdtui.linux.lean import NamedTuple, cache
from fdtui.linux.procfs import read_file

_TYPES = ("hardware", "software", "tracepoint", "hw-cache", "raw", "breakpoint")
_EVENTS = {
    "hardware": (
        *("cpu-cycles", "instructions", "cache-references", "cache-misses"),
        *("branch-instructions", "branch-misses", "bus-cycles"),
        *("stalled-cycles-frontend", "stalled-cycles-backend", "ref-cycles"),
    ),
    "software": (
        *("cpu-clock", "task-clock", "page-faults", "context-switches", "cpu-migrations"),
        *("minor-faults", "major-faults", "alignment-faults", "emulation-faults", "dummy"),
        *("bpf-output", "cgroup-switches"),
    ),
}
_CACHES = ("L1-dcache", "L1-icache", "LLC", "dTLB", "iTLB", "branch", "node")
_CACHE_OPS = (("loads", "load-misses"), ("stores", "store-misses"), ("prefetches", "misses"))
_ACCESS = {1: "r", 2: "w", 3: "rw", 4: "x"}
_EXCLUDES = {4: "user", 5: "kernel", 6: "hv", 7: "idle", 19: "host", 20: "guest"}
_FREQUENCY = 1 << 10
_HEAD = struct.Struct("=IIQQQQQIIQQ")
_TRACING = "/sys/kernel/tracing/events"  # where debugfs has it, a look would mount it
TOTAL_TIME_ENABLED, TOTAL_TIME_RUNNING, ID, GROUP, LOST = 1, 2, 4, 8, 16


class Attributes(NamedTuple):
    """struct perf_event_attr, as far as it says what is counted."""

    type: str
    config: int
    event: str  # in words, "" where there are none
    period: int  # a sample after so many events, 0 for counting only
    frequency: int  # or so many samples a second
    read_format: int
    excluded: tuple[str, ...]  # user kernel hv idle host guest


def parse_attributes(raw: bytes) -> Attributes:
    """Parse the start of a perf_event_attr; 72 bytes at least."""
    number, _, config, period, _, form, flags, _, access, first, second = _HEAD.unpack_from(raw)
    kind = _TYPES[number] if number < len(_TYPES) else _unit(number)
    sampled_by_time = bool(flags & _FREQUENCY)
    return Attributes(
        kind,
        config,
        _event(kind, config, access, first, second),
        0 if sampled_by_time else period,
        period if sampled_by_time else 0,
        form,
        tuple(name for bit, name in _EXCLUDES.items() if flags >> bit & 1),
    )


def _event(kind: str, config: int, access: int, address: int, length: int) -> str:
    names = _EVENTS.get(kind)
    if names is not None:
        return names[config & 0xFF] if config & 0xFF < len(names) else ""
    if kind == "hw-cache":
        return _cache_event(config)
    if kind == "tracepoint":
        return tracepoint(config)
    if kind == "breakpoint":
        return f"mem:{address:#x}/{length}:{_ACCESS.get(access, access)}"
    return ""


def _cache_event(config: int) -> str:
    which, operation, result = config & 0xFF, config >> 8 & 0xFF, config >> 16 & 0xFF
    if which >= len(_CACHES) or operation >= len(_CACHE_OPS) or result > 1:
        return ""
    return f"{_CACHES[which]}-{_CACHE_OPS[operation][result]}"


@cache
def _unit(number: int) -> str:
    """The performance monitoring unit with that type number: `cpu`, `msr`, `kprobe`."""
    folder = "/sys/bus/event_source/devices"
    try:
        for unit in os.listdir(folder):
            if read_file(f"{folder}/{unit}/type").strip() == b"%d" % number:
                return unit
    except OSError:
        pass  # no sysfs here, or a unit that just went
    return str(number)


@cache
def tracepoint(number: int) -> str:
    """The name of a tracepoint, `sched:sched_switch`; "" where tracefs may not be read."""
    try:
        for folder in os.scandir(_TRACING):
            if folder.is_dir():
                for event in os.scandir(folder):
                    if _number(event.path) == number:
                        return f"{folder.name}:{event.name}"
    except OSError:
        pass  # not mounted, or not ours to read
    return ""


def _number(path: str) -> int:
    try:
        return int(read_file(f"{path}/id"))
    except OSError:
        return -1  # a filter or enable file


class Counts(NamedTuple):
    """What read(2) says of one event; times in nanoseconds."""

    value: int
    enabled: int | None
    running: int | None
    lost: int | None


def parse_counts(raw: bytes, form: int, ident: int) -> Counts | None:
    """Parse what read(2) gives by the event's read_format; None where ours cannot be told."""
    words = struct.unpack(f"={len(raw) // 8}Q", raw[: len(raw) // 8 * 8])
    at = 1 if form & GROUP else 0
    after = 0 if form & GROUP else 1
    times = bool(form & TOTAL_TIME_ENABLED) + bool(form & TOTAL_TIME_RUNNING)
    each = 1 + bool(form & ID) + bool(form & LOST)
    if len(words) < at + times + each:
        return None
    stamps = iter(words[at + after : at + after + times])
    enabled = next(stamps) if form & TOTAL_TIME_ENABLED else None
    running = next(stamps) if form & TOTAL_TIME_RUNNING else None
    if form & GROUP:
        members = [words[n : n + each] for n in range(1 + times, len(words), each)]
        ours = [one for one in members if form & ID and one[1:2] == (ident,)]
        if not ours and len(members) > 1:
            return None
        value, *more = (ours or members)[0]
    else:
        value, more = words[0], list(words[1 + times : times + each])
    return Counts(value, enabled, running, more[-1] if form & LOST and more else None)
