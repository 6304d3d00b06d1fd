"""TCP and MPTCP sockets, tcp(7): state, queues and everything TCP_INFO tells."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

from fdtui.kinds._inet import InetKind, is_service, listening
from fdtui.kinds._info import integer, line, nested, number, strong, text, words
from fdtui.kinds._options import Option, option_text
from fdtui.kinds._sockets import filled
from fdtui.kinds.base import Fact, Section, fact
from fdtui.linux.abi import TcpState
from fdtui.linux.json_types import Info
from fdtui.linux.peek import Peek
from fdtui.linux.peek_socket import SIOCOUTQNSD, option_bytes
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Role, Spans
from fdtui.linux.tcpinfo import parse_tcp_info
from fdtui.linux.units import count, short_time, size_words

_TCP = socket.IPPROTO_TCP
_TCP_INFO = 11
_TCP_CONGESTION = 13
_TCP_ULP = 31
_TCP_INFO_SIZE = 512


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
            known = state in TcpState._value2member_map_
            found["state"] = TcpState(state).name if known else str(state)
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
        return found

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
        told = nested(info, "tcp_info")
        if retransmits := integer(told, "retransmits"):
            note = f"backoff {told['backoff']}"
            facts.append(fact("retransmits", retransmits, note, role="attention"))
        if text(info, "ulp"):
            facts.append(fact("over it", text(info, "ulp")))
        return facts

    def queue_facts(self, info: Info) -> list[Fact]:
        told = nested(info, "tcp_info")
        if text(info, "state") == "LISTEN":
            waiting, backlog = integer(info, "recv_queue"), integer(info, "send_queue")
            if waiting is None or backlog is None:
                return []
            share = min(1.0, waiting / backlog) if backlog else None
            accepted = fact(
                "waiting", f"{waiting:,} of {backlog:,}", "connections not accepted yet"
            )
            return [accepted._replace(share=share)]
        facts = super().queue_facts(info)
        flight, window = integer(told, "unacked"), integer(told, "snd_cwnd")
        if flight is not None and window:
            full = flight >= window
            note = "segments: the window is full" if full else "segments"
            role: Role = "attention" if full else "text"
            cell = fact("in flight", f"{flight:,} of {window:,}", note, role=role)
            facts.append(cell._replace(share=min(1.0, flight / window)))
        sent, unsent = integer(info, "send_queue"), integer(info, "not_sent")
        peer = integer(told, "snd_wnd")
        if sent is not None and unsent is not None and peer:
            facts.append(
                filled("peer window", sent - unsent, peer, "bytes the peer will still take")
            )
        return facts

    def more_sections(self, info: Info) -> tuple[Section, ...]:
        told = nested(info, "tcp_info")
        if not told or text(info, "state") == "LISTEN":
            return ()
        return (Section("TCP_INFO", tuple(_info_facts(told))),)

    def hold_cost(self, entry: Entry, info: Info) -> str:
        if text(info, "state") == "LISTEN":
            port = integer(info, "lport")
            return (
                f"port {port} stays bound, and the kernel accepts connections that nobody serves, "
                "until you release it"
            )
        return super().hold_cost(entry, info)


def _times(told: Info) -> list[Fact]:
    facts = []
    for key, name in (("rtt", "rtt"), ("min_rtt", "min rtt"), ("rto", "rto"), ("ato", "ato")):
        if (seconds := number(told, key)) is not None:
            vary = number(told, "rttvar") if key == "rtt" else None
            note = f"± {vary * 1000:.1f}" if vary is not None else ""
            facts.append(fact(name, short_time(seconds), note))
    return facts


def _info_facts(told: Info) -> list[Fact]:
    facts = _times(told)
    rate: Callable[[int], str] = lambda value: f"{size_words(value)}/s"  # noqa: E731
    shown: tuple[tuple[str, str, Callable[[int], str], str], ...] = (
        ("snd_mss", "snd_mss", count, ""),
        ("rcv_mss", "rcv_mss", count, ""),
        ("pmtu", "pmtu", count, ""),
        ("snd_cwnd", "cwnd", count, "segments"),
        ("snd_ssthresh", "ssthresh", count, "segments"),
        ("pacing_rate", "pacing", rate, ""),
        ("delivery_rate", "delivery", rate, ""),
        ("bytes_sent", "sent", size_words, ""),
        ("bytes_acked", "acked", size_words, ""),
        ("bytes_received", "received", size_words, ""),
        ("total_retrans", "retrans", count, "segments"),
        ("lost", "lost", count, "now"),
        ("reordering", "reordering", count, ""),
    )
    for key, name, show, note in shown:
        if (value := integer(told, key)) is not None:
            alarming = key in ("total_retrans", "lost") and value
            facts.append(fact(name, show(value), note, role="attention" if alarming else "text"))
    state = text(told, "ca_state")
    role: Role = "text" if state == "Open" else "attention"
    facts.append(fact("ca_state", state, role=role))
    facts.append(fact("congestion", text(told, "congestion")))
    facts.append(fact("wscale", f"{told['snd_wscale']} / {told['rcv_wscale']}"))
    facts.append(fact("options", " ".join(words(told, "options")) or "none"))
    if (quiet := number(told, "last_data_recv")) is not None:
        facts.append(fact("last data", short_time(quiet), "ago"))
    return facts


KIND = Tcp()
