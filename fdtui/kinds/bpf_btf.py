"""BTF objects: type information for kernel programs."""

from __future__ import annotations

from fdtui.kinds._bpf import BpfKind, fdinfo_numbers
from fdtui.kinds._info import line
from fdtui.kinds.base import Fact, fact
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans


class BpfBtf(BpfKind):
    """Its name is in a buffer of the caller's, which is not asked for: the id tells it."""

    name = "bpf-btf"
    label = "bpf-btf"
    names = frozenset({"btf"})
    examines = False

    def describe(self, entry: Entry) -> Info:
        return fdinfo_numbers(entry)

    def target(self, entry: Entry, info: Info) -> Spans:
        return line(f"id {info.get('btf_id', '?')}")

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        return (fact("btf", f"{info['btf_id']}"),) if "btf_id" in info else ()


KIND = BpfBtf()
