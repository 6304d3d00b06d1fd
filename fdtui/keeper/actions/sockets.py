"""send, shutdown, sockopt: what can be done with a connection."""

from __future__ import annotations

import errno
import socket
import struct
from typing import NamedTuple

from fdtui.keeper.actions.arguments import Args, Argument, one_of, parse_number, raw, whole, word_at
from fdtui.keeper.actions.base import (
    SOCKETS,
    STREAMS,
    Action,
    Held,
    Outcome,
    Preview,
    Token,
    failed,
    written,
)
from fdtui.keeper.actions.regions import quoted
from fdtui.keeper.actions.writing import TEXT
from fdtui.linux.act import Act
from fdtui.render.units import plural

_HOW = {"read": socket.SHUT_RD, "write": socket.SHUT_WR, "both": socket.SHUT_RDWR}
_HOW_NAMES = {"read": "SHUT_RD", "write": "SHUT_WR", "both": "SHUT_RDWR"}


def peer_of(held: Held) -> str:
    """Say who is at the other end, as getpeername(2) has it."""
    try:
        name = held.peek.getpeername()
    except OSError as error:
        return "connected to nobody" if error.errno == errno.ENOTCONN else "an unknown peer"
    if isinstance(name, tuple):
        host, port = name[:2]
        return (
            f"connected to [{host}]:{port}" if ":" in str(host) else f"connected to {host}:{port}"
        )
    text = name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else str(name)
    return f"connected to {text.replace(chr(0), '@', 1)}" if text else "connected"


def state_of(held: Held) -> tuple[str, ...]:
    """Return the connection's state and peer, as far as they are known."""
    state = held.info.get("state")
    return (*((str(state),) if state else ()), peer_of(held))


class Send(Action):
    """send(2) without waiting.  Bound to the peer."""

    name = "send"
    title = "Send"
    risk = "the peer takes it for the target's"
    kinds = SOCKETS
    arguments = (TEXT,)
    access = 2

    def essentials(self, held: Held, args: Args) -> Token:
        return {"the peer": peer_of(held)}

    def preview(self, held: Held, args: Args) -> Preview:
        data = raw(args, 0)
        return Preview(
            now=state_of(held),
            after=(f"{plural(len(data), 'byte')} more for the peer",),
            hazard="The peer takes them for the target's; "
            "in the middle of a message, or of TLS, they break the connection.",
            undo="none",
            calls=(f"send(fd, {quoted(data)}, {len(data)}, MSG_DONTWAIT|MSG_NOSIGNAL)",),
            shared_by="same connection",
        )

    def perform(self, held: Held, args: Args, shown: Token) -> Outcome:
        done = Act(held.owned).send(raw(args, 0))
        return written(held, done, "send", note="none")._replace(verb="sent")


class Shutdown(Action):
    """shutdown(2): frees who waits in it; the descriptor stays open.  Bound to the peer."""

    name = "shutdown"
    title = "Shut the connection down"
    risk = "the connection does not come back"
    kinds = STREAMS | {"udp"}
    arguments = (Argument("read|write|both", one_of(*_HOW), example="write"),)

    def essentials(self, held: Held, args: Args) -> Token:
        return {"the peer": peer_of(held)}

    def preview(self, held: Held, args: Args) -> Preview:
        how = word_at(args, 0)
        after = {
            "read": "the target reads the end of the stream",
            "write": "the peer reads the end; the target's writes fail with EPIPE",
            "both": "both read the end; the target's writes fail with EPIPE",
        }[how]
        listening = held.info.get("state") == "LISTEN"
        return Preview(
            now=state_of(held),
            after=(after,),
            hazard="It listens no more: nobody can connect until the target listens anew."
            if listening
            else "The connection does not come back; the target has to open another.",
            undo="none",
            calls=(f"shutdown(fd, {_HOW_NAMES[how]})",),
            notes=(("stays", "the descriptor, which the target still has to close"),),
            shared_by="same connection",
        )

    def perform(self, held: Held, args: Args, shown: Token) -> Outcome:
        how = word_at(args, 0)
        peer = peer_of(held)
        try:
            Act(held.owned).shutdown(_HOW[how])
        except OSError as error:
            raise failed(f"shutdown {_HOW_NAMES[how]}", held, error) from error
        return Outcome("shut down", f"{how} of {held.about()}, {peer}", (), "none")


class Option(NamedTuple):
    """An int option: level, number, name in the headers, what it takes."""

    level: int
    number: int
    header: str
    unit: str


_TCP = socket.IPPROTO_TCP
OPTIONS = {
    "keepalive": Option(socket.SOL_SOCKET, socket.SO_KEEPALIVE, "SO_KEEPALIVE", "on, off"),
    "nodelay": Option(_TCP, socket.TCP_NODELAY, "TCP_NODELAY", "on, off"),
    "cork": Option(_TCP, socket.TCP_CORK, "TCP_CORK", "on, off"),
    "keepidle": Option(_TCP, socket.TCP_KEEPIDLE, "TCP_KEEPIDLE", "seconds"),
    "keepintvl": Option(_TCP, socket.TCP_KEEPINTVL, "TCP_KEEPINTVL", "seconds"),
    "keepcnt": Option(_TCP, socket.TCP_KEEPCNT, "TCP_KEEPCNT", "probes"),
    "user-timeout": Option(_TCP, socket.TCP_USER_TIMEOUT, "TCP_USER_TIMEOUT", "milliseconds"),
    "broadcast": Option(socket.SOL_SOCKET, socket.SO_BROADCAST, "SO_BROADCAST", "on, off"),
    "priority": Option(socket.SOL_SOCKET, socket.SO_PRIORITY, "SO_PRIORITY", "0 to 6"),
}


class SockOpt(Action):
    """setsockopt(2) of socket(7) and tcp(7).  Bound to the option's value as it is."""

    name = "sockopt"
    title = "Set a socket option"
    risk = "the target does not know of it"
    kinds = SOCKETS
    arguments = (
        Argument("NAME", one_of(*OPTIONS), example="keepalive, nodelay, keepidle"),
        Argument("VALUE", parse_number, example="on"),
    )

    def _value(self, held: Held, option: Option) -> int:
        try:
            data = held.peek.getsockopt(option.level, option.number)
        except OSError as error:
            cause = f"{option.header} is not for kind {held.kind.name}"
            raise failed("getsockopt", held, error, cause) from error
        return int(struct.unpack("i", data)[0])

    def essentials(self, held: Held, args: Args) -> Token:
        option = OPTIONS[word_at(args, 0)]
        return {option.header: self._value(held, option)}

    def preview(self, held: Held, args: Args) -> Preview:
        option, value = OPTIONS[word_at(args, 0)], whole(args, 1)
        now = self._value(held, option)
        return Preview(
            now=(f"{option.header} {now}", *state_of(held)),
            after=(f"{option.header} {value}",),
            hazard="The target does not know; it may set the option itself again.",
            undo=f"sockopt {word_at(args, 0)} {now}",
            calls=(f"setsockopt(fd, {option.header}, {value})",),
            notes=((option.header, f"takes {option.unit}"),),
            shared_by="same socket",
        )

    def perform(self, held: Held, args: Args, shown: Token) -> Outcome:
        name, value = word_at(args, 0), whole(args, 1)
        option = OPTIONS[name]
        before = self._value(held, option)
        try:
            Act(held.owned).setsockopt(option.level, option.number, value)
        except OSError as error:
            raise failed(f"setsockopt {option.header} {value}", held, error) from error
        words = f"{option.header} of {held.about()} from {before} to {self._value(held, option)}"
        return Outcome("set", words, ("sockopt", name, str(before)))


ACTIONS = (Send(), Shutdown(), SockOpt())
