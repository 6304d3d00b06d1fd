"""Character devices that are no terminal: memory, tun, fuse, input, whatever has a driver."""

from __future__ import annotations

import errno
import stat
import struct

from fdtui.errors import errno_name
from fdtui.kinds._files import bracketed, path_of
from fdtui.kinds._info import text, words
from fdtui.kinds.base import DEVICE, Fact, FdKind, Fit, Unseen, View, fact
from fdtui.kinds.facts import Facts
from fdtui.linux.devices import MISC_MAJOR, driver_of, misc_name, uevent
from fdtui.linux.json_types import Info
from fdtui.linux.peek import Peek
from fdtui.linux.peek_handle import ioctl_open
from fdtui.linux.peek_socket import SIOCGSKNS
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans

_MEMORY = {
    (1, 1): "mem",
    (1, 3): "null",
    (1, 4): "port",
    (1, 5): "zero",
    (1, 7): "full",
    (1, 8): "random",
    (1, 9): "urandom",
    (1, 11): "kmsg",
}
_HARMLESS = {(1, 3), (1, 5), (1, 7)}  # null zero full: the same bytes for everyone
_TUNGETIFF = 0x800454D2
_TUN_FLAGS = {
    0x1: "tun",
    0x2: "tap",
    0x10: "napi",
    0x20: "napi_frags",
    0x100: "multi_queue",
    0x800: "persist",
    0x1000: "no_pi",
    0x4000: "vnet_hdr",
}
_WHY = {
    "kmsg": "looking at /dev/kmsg moves the target's place in the log",
    "tun": "looking at a tun device takes the packet",
}


class Char(FdKind):
    """Whether reading disturbs is the driver's choice, so only null, zero and full are read."""

    name = "char"
    label = "char"
    family = DEVICE
    view = View.STATE
    examines = True

    def fit(self, facts: Facts) -> Fit:
        return Fit.BY_TYPE if facts.type == stat.S_IFCHR else Fit.NO

    def describe(self, entry: Entry) -> Info:
        if entry.stat is None:
            return {}
        number = entry.stat.rdev
        info: Info = {
            "rdev": f"{number[0]}:{number[1]}",
            "driver": driver_of("char", number),
            "device": uevent("char", number).get("DEVNAME", _MEMORY.get(number, "")),
        }
        if number[0] == MISC_MAJOR:
            info["misc"] = misc_name(number[1])
        if entry.info and (name := entry.info.get("iff")) is not None:
            info["iff"] = name
        if entry.info and (more := [list(pair) for pair in entry.info.lines if pair[0] != "iff"]):
            info["fdinfo"] = more
        return info

    def examine(self, peek: Peek, entry: Entry) -> Info:
        found = self.describe(entry)
        if found.get("misc") == "tun" and "iff" in found:
            try:
                raw = peek.ioctl_read(_TUNGETIFF, 40)
            except OSError:
                return found  # no interface attached
            flags = struct.unpack_from("=H", raw, 16)[0]
            found["iff"] = raw[:16].rstrip(b"\0").decode(errors="surrogateescape")
            found["iff_flags"] = [name for bit, name in _TUN_FLAGS.items() if flags & bit]
            try:
                with ioctl_open(peek, SIOCGSKNS) as namespace:
                    found["netns"] = Peek(namespace).statx().ino
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.ENOTTY, errno.EINVAL):
                    raise
                found["netns_error"] = errno_name(error.errno)
        return found

    def target(self, entry: Entry, info: Info) -> Spans:
        if text(info, "iff"):
            kind = next((word for word in words(info, "iff_flags") if word in ("tun", "tap")), "")
            return bracketed(path_of(entry), f"{kind} {text(info, 'iff')}".strip())
        name = text(info, "misc") or text(info, "device") or text(info, "driver")
        known = entry.link.rpartition("/")[2] == name.rpartition("/")[2]
        return bracketed(path_of(entry), "" if known else name)

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        name = text(info, "misc") or text(info, "device")
        facts = [
            fact("device", name or "unnamed", text(info, "rdev")),
            fact("driver", text(info, "driver") or "none"),
        ]
        if "iff" in info:
            flags = " ".join(words(info, "iff_flags"))
            facts.append(fact("interface", text(info, "iff") or "none", flags))
        if entry.info:
            facts += [fact(key, value) for key, value in entry.info.lines if key != "iff"]
        if "netns" in info:
            facts.append(fact("netns", str(info["netns"])))
        return tuple(facts)

    def read(self, peek: Peek, offset: int, length: int) -> bytes | Unseen:
        stat_ = peek.statx()
        if stat_.rdev in _HARMLESS:
            return peek.pread(length, offset)
        name = misc_name(stat_.rdev[1]) if stat_.rdev[0] == MISC_MAJOR else _MEMORY.get(stat_.rdev)
        why = _WHY.get(name or "")
        return Unseen(why or "reading a device may take what its driver has for the target")

    def hold_cost(self, entry: Entry, info: Info) -> str:
        if text(info, "driver") == "mem":
            return ""
        if text(info, "iff"):
            return f"interface {text(info, 'iff')} stays up to 0.5 s longer than its owner"
        return "the driver sees the last close up to 0.5 s late"


KIND = Char()
