"""Mounts that are attached nowhere: fsmount(2), open_tree(2) with OPEN_TREE_CLONE."""

from __future__ import annotations

from fdtui.kinds._info import line, muted, text
from fdtui.kinds._paths import PathKind
from fdtui.kinds.base import Fact, Fit, View, fact
from fdtui.kinds.facts import Facts
from fdtui.linux.json_types import Info
from fdtui.linux.mountinfo import own_mount_of
from fdtui.linux.peek import Peek
from fdtui.linux.peek_file import fs_magic
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans

_NAMES = {
    0x01021994: "tmpfs",
    0xEF53: "ext4",
    0x58465342: "xfs",
    0x9123683E: "btrfs",
    0x794C7630: "overlay",
    0x9FA0: "proc",
    0x62656572: "sysfs",
    0x63677270: "cgroup2",
    0x65735546: "fuse",
    0x6969: "nfs",
    0x01021997: "9p",
}


class Mount(PathKind):
    """The root of a mount that the mount table of its process does not list."""

    name = "mount"
    label = "mount"
    view = View.ENTRIES
    examines = True

    def fit(self, facts: Facts) -> Fit:
        return Fit.BY_OPENING if facts.where == "detached" else Fit.NO

    def describe(self, entry: Entry) -> Info:
        found = super().describe(entry)
        if entry.info:
            found["mnt_id"] = entry.info.mnt_id
        if entry.stat:
            found["dev"] = f"{entry.stat.dev_major}:{entry.stat.dev_minor}"
            same = own_mount_of(entry.stat.dev)
            if same is not None:
                found["fstype"], found["source"] = same.fstype, same.source
        return found

    def examine(self, peek: Peek, entry: Entry) -> Info:
        found = self.describe(entry)
        if "fstype" not in found:
            magic = fs_magic(peek)
            found["fstype"] = _NAMES.get(magic, f"{magic:#x}")
        return found

    def target(self, entry: Entry, info: Info) -> Spans:
        kind = f"{text(info, 'fstype')} mount".strip()
        return line(f"{kind} {info.get('mnt_id', '?')}", "  ", muted("not in the mount table"))

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        return (
            fact("mount", str(info.get("mnt_id", "?")), "attached nowhere its process sees"),
            fact("of", text(info, "fstype") or f"device {info.get('dev')}", text(info, "source")),
        )

    def hold_cost(self, entry: Entry, info: Info) -> str:
        return "the mount stays until you release it, and its file system busy"


KIND = Mount()
