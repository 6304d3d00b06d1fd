"""fanotify(7): marks on files, mounts and file systems, and the flags of the group."""

from __future__ import annotations

from fdtui.kinds._anon import AnonKind
from fdtui.kinds._info import integer, line, muted, objects, text, words
from fdtui.kinds._watches import inode_info, parse_pairs, path_facts, where, with_paths
from fdtui.kinds.base import Fact, fact
from fdtui.linux.abi import OpenFlags, flag_names, open_flag_names
from fdtui.linux.abi_watch import FAN_CLASSES, FanotifyInit, FanotifyMask, MarkFlags
from fdtui.linux.json_types import Info
from fdtui.linux.mountinfo import mounts_of, own_mount_of
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans
from fdtui.linux.units import count, plural

_CLASS_BITS = 0xC
_CLASSES = {
    "FAN_CLASS_NOTIF": "is told afterwards",
    "FAN_CLASS_CONTENT": "may be asked before a file is read",
    "FAN_CLASS_PRE_CONTENT": "may be asked before a file has its content",
}


class Fanotify(AnonKind):
    """read(2) would take the events, and open what they are about."""

    name = "fanotify"
    label = "fanotify"
    names = frozenset({"fanotify"})
    examines = True

    def describe(self, entry: Entry) -> Info:
        return {**_group(entry), "fanotify": list(_marks(entry)[0])}

    def examine(self, peek: Peek, entry: Entry) -> Info:
        return {**_group(entry), "fanotify": with_paths(*_marks(entry)), "queued": peek.queued()}

    def size(self, entry: Entry, info: Info) -> int | None:
        return integer(info, "queued")

    def target(self, entry: Entry, info: Info) -> Spans:
        marks = objects(info, "fanotify")
        if not marks:
            return line("marks nothing")
        spans = line(f"{plural(len(marks), 'mark')}: {_marked(marks[0])}")
        return line(*spans, "  ", muted(f"+{len(marks) - 1}")) if len(marks) > 1 else spans

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        facts = [
            fact("class", text(info, "class"), _CLASSES.get(text(info, "class"), "")),
            fact("flags", " ".join(words(info, "flags"))),
            fact("opens with", " ".join(words(info, "event_flags"))),
        ]
        if (queued := integer(info, "queued")) is not None:
            facts.append(fact("queued", count(queued), "bytes of events not read yet"))
        marks = objects(info, "fanotify")
        facts += path_facts(marks)
        for mark in marks:
            mask = " ".join(word.removeprefix("FAN_").lower() for word in words(mark, "mask"))
            facts.append(fact(text(mark, "type"), _marked(mark), mask))
        return tuple(facts)


def _marked(mark: Info) -> str:
    return text(mark, "mount_point") or where(mark)


def _group(entry: Entry) -> Info:
    for value in entry.info.all("fanotify") if entry.info else []:
        pairs = parse_pairs(value)
        if "flags" in pairs:
            flags = int(pairs["flags"], 16)
            opens = int(pairs.get("event-flags", "0"), 16) & ~OpenFlags.O_LARGEFILE
            return {
                "class": FAN_CLASSES.get(flags & _CLASS_BITS, hex(flags & _CLASS_BITS)),
                "flags": list(flag_names(flags & ~_CLASS_BITS, FanotifyInit)),
                "event_flags": list(open_flag_names(opens)),
            }
    return {}


def _marks(entry: Entry) -> tuple[list[Info], list[dict[str, str]]]:
    lines = [parse_pairs(value) for value in entry.info.all("fanotify")] if entry.info else []
    lines = [pairs for pairs in lines if "mask" in pairs]
    return [_mark(pairs, entry.pid) for pairs in lines], lines


def _mark(pairs: dict[str, str], pid: int) -> Info:
    mark: Info = {"type": "inode", **inode_info(pairs)}
    if "mnt_id" in pairs:
        mount = mounts_of(pid).get(int(pairs["mnt_id"], 16))
        mark |= {"type": "mount", "mnt_id": int(pairs["mnt_id"], 16)}
        mark["mount_point"] = mount.point if mount else None
    elif "ino" not in pairs and "sdev" in pairs:
        major, _, minor = text(mark, "sdev").partition(":")
        mount = own_mount_of((int(major), int(minor)))
        mark |= {"type": "filesystem", "mount_point": mount.point if mount else None}
    mark["mask"] = list(flag_names(int(pairs["mask"], 16), FanotifyMask))
    mark["ignored_mask"] = list(flag_names(int(pairs.get("ignored_mask", "0"), 16), FanotifyMask))
    mark["mflags"] = list(flag_names(int(pairs.get("mflags", "0"), 16), MarkFlags))
    return mark


KIND = Fanotify()
