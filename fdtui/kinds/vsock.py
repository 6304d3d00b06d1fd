"""Sockets between a machine and its guests, vsock(7): context ids and ports."""

from __future__ import annotations

from fdtui.kinds._inet import listening
from fdtui.kinds._info import integer, line, strong, text
from fdtui.kinds._sockets import SocketKind
from fdtui.kinds.base import Fact, fact
from fdtui.linux.json_types import Info
from fdtui.linux.peek_socket import Address
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans

_ANY = 0xFFFFFFFF
_CIDS = {_ANY: "any", 0: "hypervisor", 1: "local", 2: "host"}


def _end(info: Info, prefix: str) -> str:
    cid, port = integer(info, f"{prefix}cid"), integer(info, f"{prefix}port")
    if cid is None or port is None or port == _ANY:
        return ""
    return f"{_CIDS.get(cid, cid)}:{port}"


class Vsock(SocketKind):
    """MSG_PEEK leaves everything as it was."""

    name = "vsock"
    label = "vsock"
    protocols = frozenset({"AF_VSOCK"})

    def addresses(self, local: Address, remote: Address) -> Info:
        found: Info = {}
        for prefix, address in (("l", local), ("r", remote)):
            if isinstance(address, tuple) and len(address) == 2:
                cid, port = address
                assert isinstance(cid, int)
                assert isinstance(port, int)
                found[f"{prefix}cid"], found[f"{prefix}port"] = cid, port
        return found

    def target(self, entry: Entry, info: Info) -> Spans:
        state = text(info, "state")
        local, remote = _end(info, "l"), _end(info, "r")
        if state == "LISTEN":
            return listening(local, info)
        if remote:
            return line(strong(state), f" {local} → {remote}")
        return line(strong(state), f" {local or 'unbound'}") if state else line("vsock")

    def connection(self, info: Info) -> list[Fact]:
        facts = super().connection(info)
        facts.append(fact("local", _end(info, "l") or "unbound"))
        if remote := _end(info, "r"):
            facts.append(fact("remote", remote))
        return facts


KIND = Vsock()
