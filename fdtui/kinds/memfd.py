"""memfd_create(2): a file in memory, without a name in any directory."""

from __future__ import annotations

from fdtui.kinds._files import (
    BLOCK,
    DELETED,
    blocks_info,
    lock_facts,
    lock_info,
    position_fact,
    size_facts,
)
from fdtui.kinds._info import line, text, words
from fdtui.kinds._reading import read_file_bytes
from fdtui.kinds.base import BYTES, Borrow, Fact, FdKind, Fit, Unseen, View, fact
from fdtui.kinds.facts import Facts
from fdtui.linux.abi import Seals, flag_names
from fdtui.linux.json_types import Info
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Span, Spans
from fdtui.linux.units import size_words

_PREFIX = "/memfd:"


class Memfd(FdKind):
    """On the kernel's internal tmpfs, where no user can name a file."""

    name = "memfd"
    label = "memfd"
    family = BYTES
    view = View.BYTES
    borrow = Borrow.VIEW
    examines = True

    def fit(self, facts: Facts) -> Fit:
        return Fit.BY_FACT if facts.name == "memfd" and facts.where != "anon_inode" else Fit.NO

    def describe(self, entry: Entry) -> Info:
        name = entry.link.removeprefix(_PREFIX).removesuffix(DELETED)
        return {"memfd_name": name, **blocks_info(entry), **lock_info(entry)}

    def examine(self, peek: Peek, entry: Entry) -> Info:
        seals = peek.seals()
        return {**self.describe(entry), "seals": list(flag_names(seals, Seals))}

    def size(self, entry: Entry, info: Info) -> int | None:
        return entry.stat.size if entry.stat else None

    def position(self, entry: Entry) -> int | None:
        return entry.info.pos if entry.info else None

    def target(self, entry: Entry, info: Info) -> Spans:
        name = text(info, "memfd_name") or "(no name)"
        if "seals" not in info:
            return line(name)
        sealed = [word for word in words(info, "seals") if word != "seal"]
        if not sealed:
            return line(name)
        return line(name, "  ", Span(f"sealed: {' '.join(sealed)}", "muted"))

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        facts = [fact("name", text(info, "memfd_name"))]
        if "seals" in info:
            seals = words(info, "seals")
            note = "no more can be added" if "seal" in seals else ""
            facts.append(fact("seals", " ".join(seals) or "none", note))
        return (*facts, *position_fact(entry), *size_facts(entry, "shmem"), *lock_facts(info))

    def read(self, peek: Peek, offset: int, length: int) -> bytes | Unseen:
        return read_file_bytes(peek, offset, length)

    def private_reader(self) -> bool:
        return True

    def hold_cost(self, entry: Entry, info: Info) -> str:
        if entry.stat is None or not entry.stat.blocks:
            return ""
        return f"{size_words(entry.stat.blocks * BLOCK)} of memory stay allocated until you " + (
            "release it"
        )


KIND = Memfd()
