"""namespaces(7): handles on network, mount, pid and other namespaces."""

from __future__ import annotations

import os
import struct

from fdtui.errors import errno_name
from fdtui.kinds._info import integer, line, muted, text
from fdtui.kinds.base import HANDLE, Fact, FdKind, Fit, fact
from fdtui.kinds.facts import Facts
from fdtui.linux.json_types import Info
from fdtui.linux.peek import Peek
from fdtui.linux.peek_handle import ioctl_open
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans

_NS_GET_USERNS = 0xB701
_NS_GET_PARENT = 0xB702
_NS_GET_NSTYPE = 0xB703
_NS_GET_OWNER_UID = 0xB704
_TYPES = {
    0x00000080: "time",
    0x00020000: "mnt",
    0x02000000: "cgroup",
    0x04000000: "uts",
    0x08000000: "ipc",
    0x10000000: "user",
    0x20000000: "pid",
    0x40000000: "net",
}
# Inodes of the first namespaces, proc_ns.h: ipc uts user pid cgroup time, net and mnt since 6.18
_FIRST = range(0xEFFFFFF8, 0xF0000000)
_HIERARCHICAL = ("pid", "user")


class Namespace(FdKind):
    """Bound to a path (ip netns) the link text is that path, so the type is asked for."""

    name = "namespace"
    label = "ns"
    family = HANDLE
    examines = True

    def fit(self, facts: Facts) -> Fit:
        return Fit.BY_FACT if facts.where == "ns" else Fit.NO

    def describe(self, entry: Entry) -> Info:
        if entry.stat is None:
            return {}
        found: Info = {"ns_ino": entry.stat.ino, "host": _is_host(entry)}
        if name := _type_in(entry.link):
            found["ns_type"] = name
        return found

    def examine(self, peek: Peek, entry: Entry) -> Info:
        found: Info = {"host": False, **self.describe(entry)}
        try:
            number = peek.ioctl_value(_NS_GET_NSTYPE)
            found["ns_type"] = _TYPES.get(number, hex(number))
        except OSError as error:
            found["ns_error"] = errno_name(error.errno or 0)
        kind = text(found, "ns_type")
        asked = [("owner_userns", _NS_GET_USERNS)]
        if kind in _HIERARCHICAL:
            asked.append(("parent", _NS_GET_PARENT))
        for key, request in asked:
            try:
                with ioctl_open(peek, request) as other:
                    found[key] = Peek(other).statx().ino
            except OSError:
                if not found["host"]:  # the first ones have none
                    found[key] = None  # EPERM: outside of what this process may see
        if kind == "user":
            try:
                raw = peek.ioctl_read(_NS_GET_OWNER_UID, 4)
                found["owner_uid"] = struct.unpack("I", raw)[0]
            except OSError:
                pass
        return found

    def target(self, entry: Entry, info: Info) -> Spans:
        words = f"{text(info, 'ns_type') or 'namespace'} {info.get('ns_ino', '?')}"
        if info.get("host"):
            return line(words, "  ", muted("the host's"))
        bound = entry.link if entry.link.startswith("/") else ""
        return line(words, "  ", muted(bound)) if bound else line(words)

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        note = "the host's" if info.get("host") else ""
        facts = [fact("namespace", f"{text(info, 'ns_type')} {info.get('ns_ino')}", note)]
        for key, words in (("owner_userns", "owned by"), ("parent", "inside")):
            if key in info:
                inode = integer(info, key)
                facts.append(fact(words, f"user {inode}" if inode else "one that is hidden"))
        if (uid := integer(info, "owner_uid")) is not None:
            facts.append(fact("owner", f"uid {uid}"))
        return tuple(facts)

    def hold_cost(self, entry: Entry, info: Info) -> str:
        return "the namespace and what is in it stay until you release it"


def _type_in(link: str) -> str:
    """`net` of `net:[4026531840]`; "" for another text."""
    name, _, number = link.partition(":[")
    return name if number.removesuffix("]").isdecimal() and number.endswith("]") else ""


def _is_host(entry: Entry) -> bool:
    """Is it one of the first namespaces?  By inode; before 6.18 net and mnt by pid 1's."""
    assert entry.stat is not None
    if entry.stat.ino in _FIRST:
        return True
    name = _type_in(entry.link)
    if name not in ("net", "mnt"):
        return False
    try:
        ours = os.readlink("/proc/self/ns/pid")
        first = int(ours.partition("[")[2].rstrip("]")) in _FIRST
        return first and os.readlink(f"/proc/1/ns/{name}") == entry.link
    except OSError:
        return False


KIND = Namespace()
