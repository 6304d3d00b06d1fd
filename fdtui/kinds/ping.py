"""ICMP sockets of unprivileged ping, icmp(7)."""

from __future__ import annotations

from fdtui.kinds._inet import InetKind
from fdtui.kinds._info import integer, line, text
from fdtui.kinds.base import Fact, fact
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans


class Ping(InetKind):
    """The port is the identifier of its echo requests."""

    name = "ping"
    label = "ping"
    protocols = frozenset({"PING", "PINGv6"})

    def target(self, entry: Entry, info: Info) -> Spans:
        if not (ident := integer(info, "lport")):
            return super().target(entry, info)
        return line(f"{text(info, 'protocol')} echo identifier {ident}")

    def hold_cost(self, entry: Entry, info: Info) -> str:
        ident = integer(info, "lport")
        return f"nobody else gets echo identifier {ident} until you release it" if ident else ""

    def connection(self, info: Info) -> list[Fact]:
        facts = super().connection(info)
        if ident := integer(info, "lport"):
            facts.append(fact("identifier", str(ident), "of its echo requests"))
        return facts


KIND = Ping()
