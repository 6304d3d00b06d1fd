"""inotify(7): which files are watched for what, and how much is waiting to be read."""

from __future__ import annotations

from fdtui.kinds._anon import AnonKind
from fdtui.kinds._info import integer, line, muted, objects, words
from fdtui.kinds._watches import inode_info, parse_pairs, path_facts, where, with_paths
from fdtui.kinds.base import Fact, fact
from fdtui.linux.abi import flag_names
from fdtui.linux.abi_watch import InotifyMask
from fdtui.linux.json_types import Info
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans
from fdtui.linux.units import count, plural


class Inotify(AnonKind):
    """read(2) would take the events; the paths come from the handles in fdinfo."""

    name = "inotify"
    label = "inotify"
    names = frozenset({"inotify"})
    examines = True

    def describe(self, entry: Entry) -> Info:
        return {"inotify": list(_watches(entry)[0])}

    def examine(self, peek: Peek, entry: Entry) -> Info:
        return {"inotify": with_paths(*_watches(entry)), "queued": peek.queued()}

    def size(self, entry: Entry, info: Info) -> int | None:
        return integer(info, "queued")

    def target(self, entry: Entry, info: Info) -> Spans:
        watches = objects(info, "inotify")
        if not watches:
            return line("watches nothing")
        spans = line(f"{plural(len(watches), 'watch', 'watches')}: {where(watches[0])}")
        return line(*spans, "  ", muted(f"+{len(watches) - 1}")) if len(watches) > 1 else spans

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        facts = []
        if (queued := integer(info, "queued")) is not None:
            facts.append(fact("queued", count(queued), "bytes of events not read yet"))
        watches = objects(info, "inotify")
        facts += path_facts(watches)
        for watch in watches:
            mask = " ".join(word.removeprefix("IN_").lower() for word in words(watch, "mask"))
            facts.append(fact(f"wd {watch['wd']}", where(watch), mask))
        return tuple(facts)


def _number(pairs: dict[str, str]) -> int:
    return int(pairs.get("wd", "-1"), 16)


def _watches(entry: Entry) -> tuple[list[Info], list[dict[str, str]]]:
    lines = [parse_pairs(value) for value in entry.info.all("inotify")] if entry.info else []
    lines.sort(key=_number)
    watches: list[Info] = [
        {
            "wd": _number(pairs),
            **inode_info(pairs),
            "mask": list(flag_names(int(pairs.get("mask", "0"), 16), InotifyMask)),
        }
        for pairs in lines
    ]
    return watches, lines


KIND = Inotify()
