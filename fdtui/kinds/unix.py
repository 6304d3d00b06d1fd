"""Unix sockets, unix(7): paths, the peer's credentials, descriptors in flight."""

from __future__ import annotations

import select
import struct

from fdtui.kinds._inet import listening, waiting_facts
from fdtui.kinds._info import integer, line, nested, strong, text
from fdtui.kinds._sockets import SocketKind
from fdtui.kinds.base import Fact, fact
from fdtui.linux.json_types import Info
from fdtui.linux.lean import socket
from fdtui.linux.peek import Peek
from fdtui.linux.peek_socket import Address, diag_socket, option_bytes
from fdtui.linux.procfs import Entry
from fdtui.linux.sockask import ask_unix_queues
from fdtui.linux.spans import Span, Spans
from fdtui.linux.users import group_name, user_name

_CREDENTIALS = struct.Struct("=3i")
_SHUT = {
    "both": ("both ways", "by either end, or the other end is closed"),
    "receive": ("for receiving", "end-of-file after what is queued"),
}


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
        if text(found, "state") == "LISTEN":
            try:
                with diag_socket(peek, integer(found, "netns")) as sock:
                    waiting = ask_unix_queues(sock, peek.statx().ino)
            except OSError:
                waiting = None  # another network namespace, which may not be entered
            if waiting is not None:
                found["recv_queue"], found["send_queue"] = waiting
        elif shut := _shut(peek):
            found["shutdown"] = shut
        return found

    def queue_facts(self, info: Info) -> list[Fact]:
        return waiting_facts(info) or super().queue_facts(info)

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
            return _closed(line(f"{kind} → {peer}"), info)
        words = f"{kind} {path}".strip()
        if state == "ESTAB":
            return _closed(line(words or "connected"), info)
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
            user, group = (integer(credentials, key) or 0 for key in ("uid", "gid"))
            words = f"pid {pid}, {user_name(user)}:{group_name(group)}"
            facts.append(fact("credentials", words, note))
        if shut := text(info, "shutdown"):
            facts.append(fact("shut down", *_SHUT[shut], role="attention"))
        return facts

    def hold_cost(self, entry: Entry, info: Info) -> str:
        if text(info, "state") == "LISTEN":
            name = text(info, "path") or "it"
            return f"clients of {name} connect and wait for nobody, until you release it"
        return super().hold_cost(entry, info)


def _shut(peek: Peek) -> str:
    """What poll(2) tells of shutdown(2), by either end; it takes nothing, not even an error."""
    state = peek.poll(select.POLLIN | select.POLLRDHUP)
    if state & select.POLLHUP:
        return "both"
    return "receive" if state & select.POLLRDHUP else ""


def _closed(spans: Spans, info: Info) -> Spans:
    if text(info, "shutdown") != "both":
        return spans
    return (*spans, Span("  "), Span("shut down", "attention"))


KIND = Unix()
