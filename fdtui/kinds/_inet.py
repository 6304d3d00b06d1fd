"""What sockets of the internet protocols have in common: two addresses and two ports."""

from __future__ import annotations

from fdtui.kinds._info import integer, line, muted, nested, strong, text
from fdtui.kinds._options import Option
from fdtui.kinds._sockets import SocketKind
from fdtui.kinds.base import Fact, fact
from fdtui.linux.json_types import Info
from fdtui.linux.lean import TYPE_CHECKING, cache, socket
from fdtui.linux.peek_socket import Address
from fdtui.linux.procfs import Entry, read_file
from fdtui.linux.spans import Spans
from fdtui.linux.units import plural

if TYPE_CHECKING:
    from typing import ClassVar


_ANY = ("0.0.0.0", "::")  # noqa: S104  compared with, never bound to


def endpoint(address: str, port: int | None) -> str:
    """`10.2.0.17:8443`, `[::1]:8443`."""
    host = f"[{address}]" if ":" in address else address
    return host if port is None else f"{host}:{port}"


@cache
def _first_ephemeral() -> int:
    """The first port the kernel gives to who asks for none, ip(7) ip_local_port_range."""
    try:
        return int(read_file("/proc/sys/net/ipv4/ip_local_port_range").split()[0])
    except OSError:
        return 32768


def is_service(local: int, remote: int) -> bool:
    """Is the local end the service?  The kernel keeps no record: its port was asked for."""
    return local < _first_ephemeral() and local < remote


class InetKind(SocketKind):
    """UDP and its like; TCP adds states."""

    options: ClassVar[tuple[Option, ...]] = (
        Option("IP_TTL", socket.IPPROTO_IP, socket.IP_TTL),
        Option("IP_TOS", socket.IPPROTO_IP, socket.IP_TOS),
        Option("IP_FREEBIND", socket.IPPROTO_IP, 15, True),
        Option("IP_TRANSPARENT", socket.IPPROTO_IP, socket.IP_TRANSPARENT, True),
        Option("IPV6_V6ONLY", socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, True),
    )
    has_ports = True

    def addresses(self, local: Address, remote: Address) -> Info:
        found: Info = {}
        for prefix, address in (("l", local), ("r", remote)):
            if isinstance(address, tuple) and len(address) >= 2:
                host = str(address[0])
                if len(address) == 4 and address[3]:
                    host += f"%{address[3]}"
                found[f"{prefix}addr"] = host
                if self.has_ports and isinstance(address[1], int):
                    found[f"{prefix}port"] = address[1]
        return found

    def local(self, info: Info) -> str:
        """The local endpoint in words, empty when unbound or not known."""
        address, port = text(info, "laddr"), integer(info, "lport")
        if not address or (address in _ANY and not port):
            return ""
        return endpoint(address, port)

    def remote(self, info: Info) -> str:
        """The remote endpoint in words, empty when there is none."""
        address, port = text(info, "raddr"), integer(info, "rport")
        if not address or (address in _ANY and not port):
            return ""
        return endpoint(address, port)

    def target(self, entry: Entry, info: Info) -> Spans:
        if "laddr" not in info:
            return super().target(entry, info)
        local, remote = self.local(info), self.remote(info)
        if local and remote:
            words = f"{local} → {remote}"
        else:
            words = local or (f"→ {remote}" if remote else "unbound")
        drops = integer(nested(info, "meminfo"), "drops")
        return line(words, "  ", muted(plural(drops, "drop"))) if drops else line(words)

    def hold_cost(self, entry: Entry, info: Info) -> str:
        port = integer(info, "lport")
        if text(info, "type") == "dgram" and port:
            return (
                f"port {port} stays bound, and datagrams to it are dropped once its queue is full"
            )
        return super().hold_cost(entry, info)

    def connection(self, info: Info) -> list[Fact]:
        facts = super().connection(info)
        if "laddr" in info:
            facts.insert(1, fact("local", self.local(info) or "unbound"))
            if remote := self.remote(info):
                facts.insert(2, fact("remote", remote))
        return facts


def listening(local: str, info: Info) -> Spans:
    """`LISTEN 0.0.0.0:8443  3 of 511 waiting`."""
    spans = line(strong("LISTEN"), f" {local or 'unbound'}")
    waiting, backlog = integer(info, "recv_queue"), integer(info, "send_queue")
    if waiting is None or backlog is None:
        return spans
    return line(*spans, "  ", muted(f"{waiting:,} of {backlog:,} waiting"))


def waiting_facts(info: Info) -> list[Fact]:
    """`waiting  3 of 511  connections to accept`, with a bar; nothing for no listener."""
    waiting, backlog = integer(info, "recv_queue"), integer(info, "send_queue")
    if text(info, "state") != "LISTEN" or waiting is None or backlog is None:
        return []
    full = waiting > backlog
    note = "connections, no more are taken in" if full else "connections to accept"
    cell = fact("waiting", f"{waiting:,} of {backlog:,}", note, "attention" if full else "text")
    return [cell._replace(share=min(1.0, waiting / backlog) if backlog else None)]
