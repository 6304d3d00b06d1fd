"""BPF links: what attaches a program, for as long as the link is open or pinned."""

from __future__ import annotations

import struct

from fdtui.kinds._bpf import BpfKind, fdinfo_numbers
from fdtui.kinds._info import integer, line, muted, text
from fdtui.kinds.base import Fact, fact
from fdtui.linux.abi_bpf import ATTACH_TYPES, LINK_TYPES, word
from fdtui.linux.cgroup import path_of_id
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans


class BpfLink(BpfKind):
    """fdinfo names the type of link itself."""

    name = "bpf-link"
    label = "bpf-link"
    names = frozenset({"bpf_link", "bpf-link"})

    def describe(self, entry: Entry) -> Info:
        found = fdinfo_numbers(entry)
        if entry.info and (tag := entry.info.get("prog_tag")):
            found["prog_tag"] = tag
        if (number := integer(found, "attach_type")) is not None:
            found["attach_type"] = word(ATTACH_TYPES, number)
        if (group := integer(found, "cgroup_id")) and (path := path_of_id(group)) is not None:
            found["cgroup"] = path
        return found

    def parse(self, raw: bytes) -> Info:
        # struct bpf_link_info: type id prog_id
        if len(raw) < 12:
            return {}
        kind, ident, prog = struct.unpack_from("=III", raw)
        return {"link_type": word(LINK_TYPES, kind), "link_id": ident, "prog_id": prog}

    def target(self, entry: Entry, info: Info) -> Spans:
        words = f"{info.get('link_type', 'link')} link of program {info.get('prog_id', '?')}"
        return line(words, "  ", muted(f"id {info.get('link_id', '?')}"))

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        if "link_id" not in info:
            return ()
        facts = [
            fact("link", str(info["link_id"]), str(info.get("link_type", ""))),
            fact("program", str(info.get("prog_id")), text(info, "prog_tag")),
        ]
        if attached := text(info, "attach_type"):
            facts.append(fact("attached as", attached))
        if group := text(info, "cgroup"):
            facts.append(fact("to cgroup", group))
        for key in ("cgroup_id", "target_obj_id", "target_btf_id", "ifindex"):
            if (value := integer(info, key)) is not None:
                facts.append(fact(key.replace("_", " "), value))
        return tuple(facts)

    def hold_cost(self, entry: Entry, info: Info) -> str:
        return "the program stays attached until you release it"


KIND = BpfLink()
