"""TCP and MPTCP sockets, tcp(7): state, queues and everything TCP_INFO tells."""

from __future__ import annotations

import struct

from fdtui.kinds._inet import InetKind, is_service, listening, waiting_facts
from fdtui.kinds._info import integer, line, nested, strong, text
from fdtui.kinds._options import Option, option_text
from fdtui.kinds._sockets import SHUT, filled, shut_facts
from fdtui.kinds._tcp_facts import brief_facts, info_facts, memory_facts, timer_facts
from fdtui.kinds.base import Fact, Section, fact
from fdtui.linux.abi import TCP_STATES, TcpState
from fdtui.linux.cgroup import path_of_id
from fdtui.linux.json_types import Info
from fdtui.linux.lean import socket
from fdtui.linux.netns import netns_of
from fdtui.linux.peek import Peek
from fdtui.linux.peek_socket import (
    SIOCOUTQNSD,
    SO_BINDTOIFINDEX,
    diag_socket,
    option,
    option_bytes,
)
from fdtui.linux.procfs import Entry
from fdtui.linux.sockask import Endpoint, Told, ask_tcp
from fdtui.linux.spans import Role, Spans
from fdtui.linux.tcpinfo import parse_tcp_info

_TCP = socket.IPPROTO_TCP
_TCP_INFO = 11
_TCP_CONGESTION = 13
_TCP_ULP = 31
_TCP_INFO_SIZE = 512
_UNMEASURED = ("LISTEN", "CLOSE")  # there TCP_INFO is left over from before, or never measured
_MPTCP = 262


class Tcp(InetKind):
    """A listener's queues are connections: waiting, and the backlog."""

    name = "tcp"
    label = "tcp"
    protocols = frozenset({"TCP", "TCPv6", "MPTCP", "MPTCPv6"})
    options = (
        Option("TCP_NODELAY", _TCP, 1, True),
        Option("TCP_CORK", _TCP, 3, True),
        Option("TCP_KEEPIDLE", _TCP, 4),
        Option("TCP_KEEPINTVL", _TCP, 5),
        Option("TCP_KEEPCNT", _TCP, 6),
        Option("TCP_DEFER_ACCEPT", _TCP, 9),
        Option("TCP_USER_TIMEOUT", _TCP, 18),
        Option("TCP_NOTSENT_LOWAT", _TCP, 25),
        *InetKind.options,
    )

    def examine(self, peek: Peek, entry: Entry) -> Info:
        found = super().examine(peek, entry)
        raw = option_bytes(peek, _TCP, _TCP_INFO, _TCP_INFO_SIZE)
        if raw:
            state = raw[0]
            found["state"] = TCP_STATES.get(state) or str(state)
            info = found["tcp_info"] = parse_tcp_info(raw)
            if state == TcpState.LISTEN:
                found["recv_queue"], found["send_queue"] = info["unacked"], info["sacked"]
            if congestion := option_text(peek, _TCP, _TCP_CONGESTION):
                info["congestion"] = congestion
            if ulp := option_text(peek, _TCP, _TCP_ULP):
                found["ulp"] = ulp
        try:
            found["not_sent"] = struct.unpack("i", peek.ioctl_read(SIOCOUTQNSD, 4))[0]
        except OSError:
            pass  # a listener has no send queue
        asked = _asked(peek, entry, found)
        if asked and found.pop("netns_error", None):
            found["netns"] = netns_of()  # it was found where we asked
        return {**found, **asked}

    def size(self, entry: Entry, info: Info) -> int | None:
        received, sent = integer(info, "recv_queue"), integer(info, "send_queue")
        if text(info, "state") == "LISTEN" or received is None:
            return None
        return received + (sent or 0)

    def target(self, entry: Entry, info: Info) -> Spans:
        state = text(info, "state")
        local, remote = self.local(info), self.remote(info)
        if not state:
            return super().target(entry, info)
        if state == "LISTEN":
            return listening(local, info)
        if not remote:
            return line(strong(state), f" {local or 'unbound'}")
        served = is_service(integer(info, "lport") or 0, integer(info, "rport") or 0)
        return line(strong(state), f" {local} {'←' if served else '→'} {remote}")

    def connection(self, info: Info) -> list[Fact]:
        facts = super().connection(info)
        facts += timer_facts(info)
        facts += shut_facts(info)
        if text(info, "ulp"):
            facts.append(fact("over it", text(info, "ulp")))
        if (group := text(info, "cgroup")) not in ("", "/"):
            facts.append(fact("cgroup", group, "where it was made"))
        return facts

    def queue_facts(self, info: Info) -> list[Fact]:
        told = nested(info, "tcp_info")
        if text(info, "state") == "LISTEN":
            return waiting_facts(info)
        facts = super().queue_facts(info)
        flight, window = integer(told, "unacked"), integer(told, "snd_cwnd")
        if flight is not None and window and self.remote(info):
            full = flight >= window
            note = "segments, window full" if full else "segments"
            role: Role = "attention" if full else "text"
            cell = fact("in flight", f"{flight:,} of {window:,}", note, role=role)
            facts.append(cell._replace(share=min(1.0, flight / window)))
        sent, unsent = integer(info, "send_queue"), integer(info, "not_sent")
        peer = integer(told, "snd_wnd")
        if sent is not None and unsent is not None and peer:
            facts.append(filled("peer window", sent - unsent, peer, "bytes it will take yet"))
        return facts + memory_facts(nested(info, "meminfo"))

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        told = nested(info, "tcp_info")
        measured = told and text(info, "state") not in _UNMEASURED
        return (*super().details(entry, info), *(brief_facts(told) if measured else ()))

    def more_sections(self, info: Info) -> tuple[Section, ...]:
        told = nested(info, "tcp_info")
        if not told or text(info, "state") in _UNMEASURED:
            return ()
        return (Section("TCP_INFO", tuple(info_facts(told))),)

    def hold_cost(self, entry: Entry, info: Info) -> str:
        if text(info, "state") == "LISTEN":
            port = integer(info, "lport")
            return (
                f"port {port} stays bound, and the kernel accepts connections that nobody serves, "
                "until you release it"
            )
        return super().hold_cost(entry, info)


def _asked(peek: Peek, entry: Entry, found: Info) -> Info:
    """Return what sock_diag tells beyond getters: `timer shutdown cgroup`, and BBR's measures."""
    address, port = text(found, "laddr"), integer(found, "lport")
    if not address or not port:
        return {}  # not bound: the kernel cannot find it either
    remote, to = text(found, "raddr"), integer(found, "rport")
    try:
        with diag_socket(peek, integer(found, "netns")) as sock:
            told = ask_tcp(
                sock,
                entry.stat.ino if entry.stat else peek.statx().ino,
                socket.AF_INET6 if text(found, "family") == "inet6" else socket.AF_INET,
                socket.IPPROTO_TCP if text(found, "protocol") == "tcp" else _MPTCP,
                Endpoint(address, port),
                Endpoint(remote, to) if remote and to else None,
                option(peek, socket.SOL_SOCKET, SO_BINDTOIFINDEX) or 0,
            )
    except OSError:
        return {}  # another network namespace, which may not be entered
    return _told(told, found, entry.pid) if told else {}


def _told(told: Told, found: Info, pid: int) -> Info:
    more: Info = {"timer": None}
    if told.timer is not None:
        more["timer"] = told.timer._asdict()
    if told.shutdown:
        more["shutdown"] = SHUT[told.shutdown & 3]
    if told.cgroup_id and (path := path_of_id(told.cgroup_id, pid)) is not None:
        more["cgroup"] = path
    if told.bbr is not None and (info := nested(found, "tcp_info")):
        more["tcp_info"] = {**info, "bbr": told.bbr._asdict()}
    return more


KIND = Tcp()
