"""Block devices: disks, partitions, loops, volumes."""

from __future__ import annotations

import stat

from fdtui.kinds._files import bracketed, mount_fact, mount_info, path_of
from fdtui.kinds._info import integer, line, text, words
from fdtui.kinds.base import BYTES, Borrow, Fact, FdKind, Fit, Unseen, View, fact
from fdtui.kinds.facts import Facts
from fdtui.linux.devices import block_extras, block_size, disk_of, driver_of, uevent
from fdtui.linux.json_types import Info
from fdtui.linux.mountinfo import mounts_of
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Span, Spans
from fdtui.linux.units import count, size_cell


class Block(FdKind):
    """Read by pread of a description of our own; st_size is 0, sysfs knows the size."""

    name = "block"
    label = "block"
    family = BYTES
    view = View.BYTES
    borrow = Borrow.VIEW

    def fit(self, facts: Facts) -> Fit:
        return Fit.BY_TYPE if facts.type == stat.S_IFBLK else Fit.NO

    def describe(self, entry: Entry) -> Info:
        if entry.stat is None:
            return {}
        number = entry.stat.rdev
        event = uevent("block", number)
        info: Info = {
            "rdev": f"{number[0]}:{number[1]}",
            "driver": driver_of("block", number),
            "device": event.get("DEVNAME", ""),
            "devtype": event.get("DEVTYPE", ""),
            "device_size": block_size(number),
        }
        if disk := disk_of(number):
            info["disk"] = disk
            info["partition"] = int(event.get("PARTN", "0"))
            if name := event.get("PARTNAME"):
                info["partition_name"] = name
        info.update(block_extras(number))
        mounted = [m.point for m in mounts_of(entry.pid).values() if m.dev == number]
        if mounted:
            info["mounted_on"] = sorted(set(mounted))
        return {**info, **mount_info(entry)}

    def size(self, entry: Entry, info: Info) -> int | None:
        return integer(info, "device_size")

    def position(self, entry: Entry) -> int | None:
        return entry.info.pos if entry.info else None

    def target(self, entry: Entry, info: Info) -> Spans:
        words = [text(info, "devtype")]
        device = text(info, "device")
        if device and entry.link != f"/dev/{device}":
            words.append(device)
        return bracketed(path_of(entry), " ".join(word for word in words if word))

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        facts = [
            Fact("device", line(Span(text(info, "device"), "strong")), text(info, "rdev")),
            fact("driver", text(info, "driver"), text(info, "devtype")),
        ]
        if (size := integer(info, "device_size")) is not None:
            facts.append(fact("size", count(size), size_cell(size)))
        if "disk" in info:
            name = text(info, "partition_name")
            facts.append(fact("partition", f"{info['partition']} of {info['disk']}", name))
        if backing := text(info, "backing_file"):
            facts.append(fact("backed by", backing))
        if volume := text(info, "volume"):
            facts.append(fact("volume", volume))
        if info.get("read_only"):
            facts.append(fact("read-only", "yes", "whoever opens it"))
        if holders := words(info, "holders"):
            facts.append(fact("part of", " ".join(holders)))
        points = info.get("mounted_on")
        if isinstance(points, list):
            facts.append(fact("mounted on", ", ".join(map(str, points))))
        return (*facts, *mount_fact(info))

    def read(self, peek: Peek, offset: int, length: int) -> bytes | Unseen:
        return peek.pread(length, offset)

    def private_reader(self) -> bool:
        return True

    def hold_cost(self, entry: Entry, info: Info) -> str:
        return ""


KIND = Block()
