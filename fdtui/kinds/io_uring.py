"""io_uring(7): submission and completion rings."""

from __future__ import annotations

from fdtui.kinds._anon import AnonKind
from fdtui.kinds._info import integer, line
from fdtui.kinds.base import Counter, Fact, fact
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans
from fdtui.linux.units import count

_KEYS = {
    "SqHead": "sq_head",
    "SqTail": "sq_tail",
    "CachedSqHead": "cached_sq_head",
    "CqHead": "cq_head",
    "CqTail": "cq_tail",
    "CachedCqTail": "cached_cq_tail",
    "SqThread": "sq_thread",
    "SqThreadCpu": "sq_thread_cpu",
    "UserFiles": "user_files",
    "UserBufs": "user_bufs",
}
_MASK = 0xFFFFFFFF  # heads and tails wrap


class IoUring(AnonKind):
    """All of it is in fdinfo.  It cannot be passed by SCM_RIGHTS."""

    name = "io_uring"
    label = "io_uring"
    names = frozenset({"io_uring"})

    def describe(self, entry: Entry) -> Info:
        if entry.info is None:
            return {}
        found: Info = {}
        for line_key, key in _KEYS.items():
            value = entry.info.get(line_key)
            if value is not None and value.lstrip("-").isdigit():
                found[key] = int(value)
        for ring in ("Sq", "Cq"):
            if mask := entry.info.get(f"{ring}Mask"):
                found[f"{ring.lower()}_entries"] = int(mask, 16) + 1
            head, tail = (integer(found, f"{ring.lower()}_{end}") for end in ("head", "tail"))
            if head is not None and tail is not None:
                found[f"{ring.lower()}_queued"] = tail - head & _MASK
        return found

    def target(self, entry: Entry, info: Info) -> Spans:
        if "sq_entries" not in info:
            return line("io_uring")
        sq = f"sq {info.get('sq_queued', 0)} of {info['sq_entries']}"
        return line(f"{sq}, cq {info.get('cq_queued', 0)} of {info.get('cq_entries', '?')}")

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        facts = []
        for ring, words in (("sq", "submissions"), ("cq", "completions")):
            used, room = integer(info, f"{ring}_queued"), integer(info, f"{ring}_entries")
            if used is not None and room:
                tail = integer(info, f"{ring}_tail") or 0
                cell = fact(words, f"{used:,} of {room:,}", f"waiting, {tail:,} so far")
                facts.append(cell._replace(share=min(1.0, used / room), counter=Counter(tail)))
        for key, words in (("user_files", "files"), ("user_bufs", "buffers")):
            if (value := integer(info, key)) is not None:
                facts.append(fact(words, count(value), "registered"))
        if (thread := integer(info, "sq_thread")) is not None and thread > 0:
            facts.append(fact("poller", f"thread {thread}", f"on cpu {info.get('sq_thread_cpu')}"))
        return tuple(facts)


KIND = IoUring()
