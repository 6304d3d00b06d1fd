"""`info` of sockets as JSON: what `sock_facts` says, written by hand.

A machine has tens of thousands of sockets, and few combinations of what does not vary.
"""

from __future__ import annotations

from functools import lru_cache

from fdtui.kinds.base import FdKind
from fdtui.kinds.sock_facts import sock_facts
from fdtui.linux.json_types import Info
from fdtui.linux.lean import socket
from fdtui.linux.procfs import Entry
from fdtui.linux.record import Record, Sock
from fdtui.render.objects import compact, safe_json
from fdtui.render.safe import safe

_INET = (int(socket.AF_INET), int(socket.AF_INET6))
_NO_ONE = ("", "0.0.0.0", "::")  # noqa: S104  compared with
_VARIES = ("laddr", "lport", "raddr", "rport", "path", "peer_ino", "recv_queue", "send_queue")
_IN_FLIGHT = "scm_fds: "  # the only line that sockets have of their own
_known: dict[tuple[object, ...], tuple[str, bool]] = {}
# Sizes of sockets are told by what was decoded, not by the row.
_NO_ENTRY = Entry(0, 0, -1, "", None, None, "", None)


def info_and_size(kind: FdKind, record: Record, sock: Sock) -> tuple[str, int | None] | None:
    """Return `info` as text and `size`; None for a socket that has more to it."""
    extra = record.extra
    in_flight = extra[len(_IN_FLIGHT) : -1] if extra.startswith(_IN_FLIGHT) else ""
    if extra and not in_flight.isdigit():
        return None
    # fmt: off
    (
        family, type_, protocol, state, laddr, lport, raddr, rport, received, sent, netns, peer,
        path,
    ) = sock
    # fmt: on
    key = (record.sockproto, family, type_, protocol, state, netns)
    found = _known.get(key)
    if found is None:
        found = _known[key] = _constant(kind, record, sock)
    constant, listens = found
    if family in _INET:
        if rport or raddr not in _NO_ONE:
            varying = f'"laddr":"{laddr}","lport":{lport},"raddr":"{raddr}","rport":{rport}'
        else:
            varying = f'"laddr":"{laddr}","lport":{lport}'
    elif family == socket.AF_UNIX:
        name = compact(safe(path)) if path else '""'
        varying = f'"path":{name},"peer_ino":{peer or "null"}'
        if in_flight:
            varying += f',"scm_fds":{in_flight}'
    else:
        return None
    if received is not None:
        varying += f',"recv_queue":{received}'
    if sent is not None:
        varying += f',"send_queue":{sent}'
    return f"{{{constant},{varying}}}", _size(kind, listens, received, sent)


@lru_cache(1 << 12)
def _size(kind: FdKind, listens: bool, received: int | None, sent: int | None) -> int | None:
    info: Info = {"state": "LISTEN" if listens else ""}
    if received is not None:
        info["recv_queue"] = received
    if sent is not None:
        info["send_queue"] = sent
    return kind.size(_NO_ENTRY, info)


def _constant(kind: FdKind, record: Record, sock: Sock) -> tuple[str, bool]:
    """(the members that all such sockets have in common, it listens)."""
    described = kind.describe(record._replace(extra="").entry)
    facts = described | sock_facts(sock)
    common = {key: value for key, value in facts.items() if key not in _VARIES}
    return compact(safe_json(common))[1:-1], facts.get("state") == "LISTEN"
