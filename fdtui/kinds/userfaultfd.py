"""userfaultfd(2): page faults handled by a process."""

from __future__ import annotations

from fdtui.kinds._anon import AnonKind
from fdtui.kinds._info import integer, line, words
from fdtui.kinds.base import Fact, fact
from fdtui.linux.abi import flag_names
from fdtui.linux.abi_watch import UffdFeatures
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans
from fdtui.linux.units import count


class UserFaultFd(AnonKind):
    """All of it is in fdinfo: read(2) would take the faults."""

    name = "userfaultfd"
    label = "uffd"
    names = frozenset({"userfaultfd"})

    def describe(self, entry: Entry) -> Info:
        if entry.info is None:
            return {}
        found: Info = {}
        for key in ("pending", "total"):
            if (value := entry.info.get(key)) is not None:
                found[key] = int(value)
        # API:\taa:features:ioctls, hexadecimal; features is 0 before UFFDIO_API
        parts = (entry.info.get("API") or "").split(":")
        if len(parts) == 3:
            found["api"] = int(parts[0], 16)
            found["features"] = list(flag_names(int(parts[1], 16), UffdFeatures))
        return found

    def target(self, entry: Entry, info: Info) -> Spans:
        pending, total = integer(info, "pending"), integer(info, "total")
        return line(f"{pending} of {total} faults pending" if total else "no fault waits")

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        if "pending" not in info:
            return ()
        return (
            fact("pending", count(integer(info, "pending") or 0), "faults not read yet"),
            fact("waiting", count(integer(info, "total") or 0), "faults not answered yet"),
            fact("features", " ".join(words(info, "features")).lower() or "none"),
        )


KIND = UserFaultFd()
