"""Unix sockets, unix(7): paths, the peer's credentials, descriptors in flight."""

from __future__ import annotations

import socket
import struct

from fdtui.kinds._inet import listening
from fdtui.kinds._info import integer, line, nested, strong, text
from fdtui.kinds._sockets import SocketKind
from fdtui.kinds.base import Fact, fact
from fdtui.linux.json_types import Info
from fdtui.linux.peek import Peek
from fdtui.linux.peek_socket import Address, option_bytes
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans

_CREDENTIALS = struct.Struct("=3i")


def _path(address: Address) -> str:
    """`/run/x`, `@abstract`; empty for an unnamed socket."""
    if isinstance(address, bytes):
        name = address.decode(errors="surrogateescape")
    else:
        name = address if isinstance(address, str) else ""
    return "@" + name[1:] if name[:1] == "\0" else name


class Unix(SocketKind):
    """`path` is its own name, `peer_path` the other end's."""

    name = "unix"
    label = "unix"
    protocols = frozenset({"UNIX", "UNIX-STREAM"})

    def describe(self, entry: Entry) -> Info:
        found = super().describe(entry)
        if entry.sockproto == "UNIX-STREAM":
            found["type"] = "stream"
        return found

    def examine(self, peek: Peek, entry: Entry) -> Info:
        found = super().examine(peek, entry)
        raw = option_bytes(peek, socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        if raw and len(raw) == _CREDENTIALS.size:
            pid, uid, gid = _CREDENTIALS.unpack(raw)
            found["peercred"] = {"pid": pid, "uid": uid, "gid": gid} if uid >= 0 else None
        return found

    def addresses(self, local: Address, remote: Address) -> Info:
        found: Info = {"path": _path(local)}
        if remote is not None:
            found["peer_path"] = _path(remote)
        return found

    def target(self, entry: Entry, info: Info) -> Spans:
        state, kind = text(info, "state"), text(info, "type")
        path, peer = text(info, "path"), text(info, "peer_path")
        if state == "LISTEN":
            return listening(f"{kind} {path}".strip(), info)
        if peer:
            return line(f"{kind} → {peer}")
        words = f"{kind} {path}".strip()
        if state == "ESTAB":
            return line(words or "connected")
        if state:
            return line(strong(state), f" {words}")
        return line(words or entry.link)

    def connection(self, info: Info) -> list[Fact]:
        facts = super().connection(info)
        if "path" in info:
            facts.append(fact("path", text(info, "path") or "unnamed"))
        if text(info, "peer_path"):
            facts.append(fact("peer path", text(info, "peer_path")))
        if credentials := nested(info, "peercred"):
            pid = integer(credentials, "pid")
            note = "who listened" if text(info, "state") == "LISTEN" else "who connected or made it"
            words = f"pid {pid} uid {credentials['uid']} gid {credentials['gid']}"
            facts.append(fact("credentials", words, note))
        return facts

    def hold_cost(self, entry: Entry, info: Info) -> str:
        if text(info, "state") == "LISTEN":
            name = text(info, "path") or "it"
            return f"clients of {name} connect and wait for nobody, until you release it"
        return super().hold_cost(entry, info)


KIND = Unix()
