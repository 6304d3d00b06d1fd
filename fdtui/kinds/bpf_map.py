"""BPF maps: tables shared between kernel programs and processes."""

from __future__ import annotations

from fdtui.kinds._bpf import BpfKind, fdinfo_numbers, object_name
from fdtui.kinds._info import integer, line, muted, text
from fdtui.kinds.base import Fact, fact
from fdtui.linux.abi_bpf import MAP_TYPES, word
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans
from fdtui.linux.units import count, size_cell


class BpfMap(BpfKind):
    """`map_type` by its name."""

    name = "bpf-map"
    label = "bpf-map"
    names = frozenset({"bpf-map"})

    def describe(self, entry: Entry) -> Info:
        found = fdinfo_numbers(entry)
        if (kind := integer(found, "map_type")) is not None:
            found["map_type"] = word(MAP_TYPES, kind)
        return found

    def parse(self, raw: bytes) -> Info:
        # struct bpf_map_info: type id key_size value_size max_entries map_flags name[16]
        return {"name": object_name(raw, 24)}

    def target(self, entry: Entry, info: Info) -> Spans:
        name = text(info, "name") or f"id {info.get('map_id', '?')}"
        entries = integer(info, "max_entries")
        note = f"{text(info, 'map_type')} of {entries:,}" if entries is not None else ""
        return line(name, "  ", muted(note)) if note else line(name)

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        if "map_type" not in info:
            return ()
        facts = [
            fact("map", text(info, "name") or "unnamed", f"id {info.get('map_id')}"),
            fact("type", text(info, "map_type")),
        ]
        for key in ("key_size", "value_size", "max_entries"):
            if (value := integer(info, key)) is not None:
                facts.append(fact(key.replace("_", " "), count(value)))
        if (memory := integer(info, "memlock")) is not None:
            facts.append(fact("memory", size_cell(memory)))
        if info.get("frozen"):
            facts.append(fact("frozen", "yes", "processes can no longer change it"))
        return tuple(facts)


KIND = BpfMap()
