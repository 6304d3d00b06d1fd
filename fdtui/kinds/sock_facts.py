"""What a sweep of sockets tells, in the keys that looking at a socket gives."""

from __future__ import annotations

from fdtui.kinds._sockets import protocol_word
from fdtui.linux.abi import TCP_STATES, TcpState
from fdtui.linux.abi_net import FAMILIES, TYPES
from fdtui.linux.json_types import Info
from fdtui.linux.lean import socket
from fdtui.linux.record import Sock

_INET = (socket.AF_INET, socket.AF_INET6)
_STATEFUL = (socket.IPPROTO_TCP, 262, socket.IPPROTO_SCTP)  # 262: MPTCP
_WORDS = {TcpState.ESTAB: "ESTAB", TcpState.LISTEN: "LISTEN"}


def sock_facts(sock: Sock) -> Info:
    """Return `family type protocol state laddr lport raddr rport path netns recv_queue ...`."""
    family = FAMILIES.get(sock.family, str(sock.family))
    found: Info = {
        "family": family,
        "type": TYPES.get(sock.type, str(sock.type)),
        "protocol": protocol_word(family, sock.protocol),
        "state": _state(sock),
    }
    if sock.family in _INET:
        found["laddr"], found["lport"] = sock.laddr, sock.lport
        if sock.rport or sock.raddr not in ("", "0.0.0.0", "::"):  # noqa: S104  compared with
            found["raddr"], found["rport"] = sock.raddr, sock.rport
    elif sock.family == socket.AF_NETLINK:
        found["lport"] = sock.lport
    elif sock.family == socket.AF_UNIX:
        found["path"] = sock.path
        found["peer_ino"] = sock.peer_ino or None
    if sock.netns:
        found["netns"] = sock.netns
    for key, value in (("recv_queue", sock.recv_queue), ("send_queue", sock.send_queue)):
        if value is not None:
            found[key] = value
    return found


def _state(sock: Sock) -> str:
    if sock.family in _INET and sock.protocol in _STATEFUL:
        return TCP_STATES.get(sock.state) or str(sock.state)
    return _WORDS.get(sock.state, "UNCONN")
