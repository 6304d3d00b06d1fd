"""Sockets between a machine and its guests, vsock(7): context ids and ports."""

from __future__ import annotations

import select

from fdtui.kinds._inet import listening
from fdtui.kinds._info import integer, line, strong, text
from fdtui.kinds._sockets import SHUT, SocketKind, shut_facts
from fdtui.kinds.base import Fact, fact
from fdtui.linux.abi import TCP_STATES
from fdtui.linux.json_types import Info
from fdtui.linux.peek import Peek
from fdtui.linux.peek_socket import Address, diag_socket, option_bytes
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans
from fdtui.linux.units import size_words
from fdtui.linux.vsockdiag import vsock_sockets

_AF_VSOCK = 40
_ANY = 0xFFFFFFFF
_CIDS = {_ANY: "any", 0: "hypervisor", 1: "local", 2: "host"}
_BUFFER_SIZE = 0  # SO_VM_SOCKETS_BUFFER_SIZE, 64 bits


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

    def examine(self, peek: Peek, entry: Entry) -> Info:
        found = super().examine(peek, entry)
        raw = option_bytes(peek, _AF_VSOCK, _BUFFER_SIZE, 8)
        if raw and len(raw) == 8:
            found["buffer_size"] = int.from_bytes(raw, "little")
        if (asked := _asked(peek, integer(found, "netns"))) is not None:
            return {**found, **asked}
        if text(found, "state") != "LISTEN" and peek.poll(select.POLLIN) & select.POLLHUP:
            found["shutdown"] = "both"
        return found

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
        facts.append(fact("local", _end(info, "l") or "unbound", "context id and port"))
        if remote := _end(info, "r"):
            facts.append(fact("remote", remote))
        facts += shut_facts(info)
        if (size := integer(info, "buffer_size")) is not None:
            facts.append(fact("buffer", size_words(size), "of what the other end may send ahead"))
        return facts


def _asked(peek: Peek, netns: int | None) -> Info | None:
    """Return `state` and `shutdown` as vsock_diag tells them; None where it cannot be asked."""
    ino = peek.statx().ino
    try:
        with diag_socket(peek, netns) as sock:
            one = next((one for one in vsock_sockets(sock) if one.ino == ino), None)
    except OSError:
        return None  # ENOENT: this kernel was built without it
    if one is None:
        return None
    found: Info = {"state": TCP_STATES.get(one.state) or str(one.state)}
    if one.shutdown:
        found["shutdown"] = SHUT[one.shutdown & 3]
    return found


KIND = Vsock()
