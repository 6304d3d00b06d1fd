"""What all sockets have in common: family, options, queues, addresses, and a careful peek."""

from __future__ import annotations

import errno
import struct

from fdtui.errors import errno_name
from fdtui.kinds._info import integer, line, nested, text
from fdtui.kinds._options import Option, option_facts, read_options
from fdtui.kinds.base import (
    SOCKET,
    Borrow,
    Fact,
    Family,
    FdKind,
    Fit,
    Section,
    Unseen,
    View,
    fact,
)
from fdtui.kinds.facts import Facts
from fdtui.linux.abi_net import FAMILIES, IP_PROTOCOLS, NETLINK_PROTOCOLS, PROTOCOL_NAMES, TYPES
from fdtui.linux.json_types import Info
from fdtui.linux.lean import TYPE_CHECKING, socket
from fdtui.linux.netns import netns_of
from fdtui.linux.peek import Peek
from fdtui.linux.peek_handle import ioctl_open
from fdtui.linux.peek_socket import (
    SIOCGSKNS,
    SO_ACCEPTCONN,
    SO_DOMAIN,
    SO_MEMINFO,
    SO_PROTOCOL,
    Address,
    names,
    option,
    option_bytes,
    option_ints,
    peeks_itself,
)
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans
from fdtui.linux.units import count, plural, size_cell

if TYPE_CHECKING:
    from typing import ClassVar


_MEMINFO = (
    *("rmem_alloc", "rcvbuf", "wmem_alloc", "sndbuf", "fwd_alloc"),
    *("wmem_queued", "optmem", "backlog", "drops"),
)

SHUT = ("", "receive", "send", "both")  # RCV_SHUTDOWN 1, SEND_SHUTDOWN 2
_SHUT_WORDS = {"receive": "for receiving", "send": "for sending", "both": "both ways"}
_WHAT = tuple(
    (socket.SOL_SOCKET, number)
    for number in (SO_DOMAIN, socket.SO_TYPE, SO_PROTOCOL, SO_ACCEPTCONN)
)


def network_namespace(peek: Peek) -> Info:
    """Return `netns`, the inode of the socket's network namespace; None with why when refused."""
    try:
        with ioctl_open(peek, SIOCGSKNS) as namespace:
            return {"netns": Peek(namespace).fstat().st_ino}
    except OSError as error:
        return {"netns": None, "netns_error": errno_name(error.errno or 0)}


def protocol_word(family: str, protocol: int) -> str:
    """Return the protocol's name within its family."""
    if family in ("inet", "inet6"):
        return IP_PROTOCOLS.get(protocol, str(protocol))
    if family == "netlink":
        return NETLINK_PROTOCOLS.get(protocol, str(protocol))
    return "" if protocol == 0 else str(protocol)


class SocketKind(FdKind):
    """Holding a socket keeps the connection or the port; looking goes by MSG_PEEK and getters."""

    family: ClassVar[Family] = SOCKET
    view = View.QUEUE
    borrow = Borrow.LOOK
    examines = True
    protocols: ClassVar[frozenset[str]] = frozenset()  # system.sockprotoname
    options: ClassVar[tuple[Option, ...]] = ()  # of this family
    peekable: ClassVar[bool] = True  # MSG_PEEK is known to leave everything as it was

    def fit(self, facts: Facts) -> Fit:
        is_socket = facts.where == "socket" and facts.protocol in self.protocols
        return Fit.BY_FACT if is_socket else Fit.NO

    def describe(self, entry: Entry) -> Info:
        found: Info = {}
        family, protocol = PROTOCOL_NAMES.get(entry.sockproto, (None, None))
        if family is not None:
            found["family"] = family
        if protocol is not None:
            found["protocol"] = protocol
        if entry.info and (in_flight := entry.info.get("scm_fds")) is not None:
            found["scm_fds"] = int(in_flight)
        return found

    def examine(self, peek: Peek, entry: Entry) -> Info:
        found = self.describe(entry)
        domain, kind, protocol, accepts = option_ints(peek, _WHAT)
        if domain is not None:
            found["family"] = FAMILIES.get(domain, str(domain))
        if kind is not None:
            found["type"] = TYPES.get(kind, str(kind))
        if protocol is not None:
            found["protocol"] = protocol_word(text(found, "family"), protocol)
        listening = bool(accepts)
        local, remote = names(peek)
        found["state"] = "LISTEN" if listening else "ESTAB" if remote is not None else "UNCONN"
        found.update(self.addresses(local, remote))
        found.update(self.queues(peek, listening))
        found["options"] = read_options(peek, self.options)
        if raw := option_bytes(peek, socket.SOL_SOCKET, SO_MEMINFO, 36):
            values = struct.unpack(f"={len(raw) // 4}I", raw)
            found["meminfo"] = dict(zip(_MEMINFO, values, strict=False))
        return {**found, **network_namespace(peek)}

    def addresses(self, local: Address, remote: Address) -> Info:
        """Return what getsockname and getpeername mean for this family."""
        return {}

    def queues(self, peek: Peek, listening: bool) -> Info:
        """Return `recv_queue` and `send_queue` in bytes; nothing for a listener."""
        found: Info = {}
        if listening:
            return found
        for key, ask in (("recv_queue", peek.queued), ("send_queue", peek.unsent)):
            try:
                found[key] = ask()
            except OSError as error:
                if error.errno not in (errno.ENOTTY, errno.EOPNOTSUPP, errno.EINVAL):
                    raise
        return found

    def size(self, entry: Entry, info: Info) -> int | None:
        return None if text(info, "state") == "LISTEN" else integer(info, "recv_queue")

    def target(self, entry: Entry, info: Info) -> Spans:
        told = [text(info, key) for key in ("family", "type", "protocol")]
        words = [word for word in told if word]
        return line(" ".join(words) or entry.sockproto or entry.link)

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        return (*self.connection(info), *self.queue_facts(info))

    def state(self, entry: Entry, info: Info) -> tuple[Section, ...]:
        sections = (
            Section("CONNECTION", (*self.connection(info), *_namespace_facts(info))),
            Section("QUEUES", tuple(self.queue_facts(info))),
            *self.more_sections(info),
            Section("OPTIONS", tuple(option_facts(nested(info, "options")))),
        )
        return tuple(section for section in sections if section.facts)

    def connection(self, info: Info) -> list[Fact]:
        """Who talks to whom."""
        kind = " ".join(text(info, key) for key in ("family", "type", "protocol"))
        facts = [fact("state", text(info, "state"), role="strong")] if text(info, "state") else []
        facts.append(fact("socket", " ".join(kind.split())))
        if in_flight := integer(info, "scm_fds"):
            facts.append(fact("in flight", plural(in_flight, "descriptor"), "sent, not received"))
        return facts

    def queue_facts(self, info: Info) -> list[Fact]:
        """How full the queues are."""
        facts: list[Fact] = []
        options = nested(info, "options")
        if text(info, "state") == "LISTEN":
            return facts
        for key, name, buffer, note in (
            ("recv_queue", "receive", "SO_RCVBUF", "unread by the target"),
            ("send_queue", "send", "SO_SNDBUF", "written, not yet taken"),
        ):
            if (queued := integer(info, key)) is not None:
                facts.append(filled(name, queued, integer(options, buffer), note))
        memory = integer(nested(info, "meminfo"), "rmem_alloc")
        if "recv_queue" not in info and memory is not None:
            room = integer(options, "SO_RCVBUF")
            facts.insert(0, filled("receive", memory, room, "of memory, unread by the target"))
        if drops := integer(nested(info, "meminfo"), "drops"):
            facts.append(fact("drops", count(drops), "no room in the queue", role="attention"))
        return facts

    def more_sections(self, info: Info) -> tuple[Section, ...]:
        """Sections between the queues and the options."""
        return ()

    def read(self, peek: Peek, offset: int, length: int) -> bytes | Unseen:
        """Return the head of the receive queue: the first message only, for datagram sockets."""
        if not self.peekable:
            return Unseen("whether a look disturbs a socket of this family is not known")
        if option(peek, socket.SOL_SOCKET, SO_ACCEPTCONN):
            return Unseen("it listens: connections wait here, not bytes")
        if peeks_itself(peek):
            return Unseen("the target peeks here itself (SO_PEEK_OFF), and a look would move it")
        try:
            found = peek.msg_peek(max(length, 4096))
        except OSError as error:
            if error.errno != errno.ENOTCONN:
                raise
            return b""
        if found is not None:
            return found.data
        try:
            waiting = peek.queued() > 0
        except OSError:
            waiting = False
        if waiting:
            return Unseen("an error waits for the target, and a look would take it")
        return b""

    def hold_cost(self, entry: Entry, info: Info) -> str:
        if text(info, "state") == "ESTAB" and text(info, "type") in ("stream", "seqpacket"):
            return "the other end would see the connection end up to 0.5 s late"
        return ""


def _namespace_facts(info: Info) -> list[Fact]:
    """The network namespace, where it is another than ours, or what would tell it."""
    netns = integer(info, "netns")
    if netns is not None:
        return [] if netns == netns_of() else [fact("netns", str(netns), "not the one fdtui is in")]
    if why := text(info, "netns_error"):
        return [fact("netns", "not known", f"{why}: the kernel tells it to CAP_NET_ADMIN")]
    return []


def shut_facts(info: Info) -> list[Fact]:
    """`shut down  for receiving`, where either direction is."""
    shut = text(info, "shutdown")
    return [fact("shut down", _SHUT_WORDS[shut], role="attention")] if shut else []


def filled(name: str, used: int, room: int | None, note: str) -> Fact:
    """`receive  96 of 425K  unread by the target`, with a bar."""
    if not room:
        return fact(name, size_cell(used), note)
    value = line(f"{size_cell(used)} of {size_cell(room)}")
    return Fact(name, value, note, min(1.0, used / room))
