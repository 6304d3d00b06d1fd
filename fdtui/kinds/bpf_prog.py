"""BPF programs loaded into the kernel."""

from __future__ import annotations

from fdtui.kinds._bpf import BpfKind, fdinfo_numbers, object_name
from fdtui.kinds._info import integer, line, muted, text
from fdtui.kinds.base import Fact, fact
from fdtui.linux.abi_bpf import PROG_TYPES, word
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans
from fdtui.linux.units import count, size_cell


class BpfProg(BpfKind):
    """`prog_type` by its name."""

    name = "bpf-prog"
    label = "bpf-prog"
    names = frozenset({"bpf-prog"})

    def describe(self, entry: Entry) -> Info:
        found = fdinfo_numbers(entry)
        # Made of hexadecimal digits only: some look like numbers.
        if entry.info and (tag := entry.info.get("prog_tag")):
            found["prog_tag"] = tag
        if (kind := integer(found, "prog_type")) is not None:
            found["prog_type"] = word(PROG_TYPES, kind)
        return found

    def parse(self, raw: bytes) -> Info:
        # struct bpf_prog_info: ... created_by_uid nr_map_ids map_ids name[16] at 64
        return {"name": object_name(raw, 64)}

    def target(self, entry: Entry, info: Info) -> Spans:
        name = text(info, "name") or f"id {info.get('prog_id', '?')}"
        kind = text(info, "prog_type")
        return line(name, "  ", muted(kind)) if kind else line(name)

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        if "prog_type" not in info:
            return ()
        facts = [
            fact("program", text(info, "name") or "unnamed", f"id {info.get('prog_id')}"),
            fact("type", text(info, "prog_type")),
            fact("tag", text(info, "prog_tag")),
        ]
        if (runs := integer(info, "run_cnt")) is not None:
            facts.append(fact("runs", count(runs), "counted where kernel.bpf_stats_enabled is 1"))
        if (memory := integer(info, "memlock")) is not None:
            facts.append(fact("memory", size_cell(memory)))
        return tuple(facts)


KIND = BpfProg()
