"""Socket options: which are read, and which are worth a line."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from fdtui.kinds.base import Fact, fact
from fdtui.linux.json_types import Info, Json
from fdtui.linux.lean import NamedTuple, socket
from fdtui.linux.peek import Peek
from fdtui.linux.peek_socket import option_bytes, option_ints
from fdtui.linux.units import size_cell

_LINGER = struct.Struct("=ii")


class Option(NamedTuple):
    """A socket option of type int: its level, number, and how its value is meant."""

    name: str
    level: int
    number: int
    switch: bool = False


_SOCKET_OPTIONS = tuple(
    Option(name, socket.SOL_SOCKET, number, switch)
    for name, number, switch in (
        ("SO_RCVBUF", 8, False),
        ("SO_SNDBUF", 7, False),
        ("SO_PRIORITY", 12, False),
        ("SO_MARK", 36, False),
        ("SO_RCVLOWAT", 18, False),
        ("SO_REUSEADDR", 2, True),
        ("SO_REUSEPORT", 15, True),
        ("SO_KEEPALIVE", 9, True),
        ("SO_BROADCAST", 6, True),
        ("SO_OOBINLINE", 10, True),
        ("SO_PASSCRED", 16, True),
        ("SO_TIMESTAMP", 29, True),
    )
)
_ORDER = (
    *("TCP_NODELAY", "SO_KEEPALIVE", "TCP_USER_TIMEOUT", "SO_RCVBUF", "SO_SNDBUF"),
    *("TCP_DEFER_ACCEPT", "SO_LINGER", "SO_MARK", "SO_PRIORITY"),
)
_BYTES = {"SO_RCVBUF", "SO_SNDBUF"}
# What everybody has who set nothing; the keepalive times are told beside SO_KEEPALIVE.
_DEFAULTS: Info = {"SO_RCVLOWAT": 1, "IP_TTL": 64, "TCP_KEEPINTVL": 75, "TCP_KEEPCNT": 9}


def option_values(peek: Peek, wanted: tuple[Option, ...]) -> Info:
    """Return those of the options that this socket has."""
    values = option_ints(peek, [(level, number) for _, level, number, _ in wanted])
    return {
        name: bool(value) if switch else value
        for (name, _, _, switch), value in zip(wanted, values, strict=True)
        if value is not None
    }


def option_text(peek: Peek, level: int, number: int) -> str | None:
    """Return an option that is a name: a device, an algorithm; None for none."""
    raw = option_bytes(peek, level, number, 64)
    return raw.rstrip(b"\0").decode(errors="surrogateescape") or None if raw else None


def read_options(peek: Peek, more: tuple[Option, ...]) -> Info:
    """Return the options of every socket and those of a family, by their names."""
    found = option_values(peek, (*_SOCKET_OPTIONS, *more))
    raw = option_bytes(peek, socket.SOL_SOCKET, socket.SO_LINGER, _LINGER.size)
    if raw and len(raw) == _LINGER.size:
        on, seconds = _LINGER.unpack(raw)
        found["SO_LINGER"] = seconds if on else None
    if device := option_text(peek, socket.SOL_SOCKET, socket.SO_BINDTODEVICE):
        found["SO_BINDTODEVICE"] = device
    return found


def option_facts(options: Mapping[str, Json]) -> list[Fact]:
    """The same ones always, in their places; the rest where it was set."""
    shown = [name for name in _ORDER if name in options]
    shown += [
        name
        for name, value in options.items()
        if name not in _ORDER and value and value != _DEFAULTS.get(name)
    ]
    return [fact(name, _option_words(name, options)) for name in shown if name != "TCP_KEEPIDLE"]


def _option_words(name: str, options: Mapping[str, Json]) -> str:
    value = options[name]
    if name in _BYTES and isinstance(value, int):
        return size_cell(value)
    if name == "SO_KEEPALIVE" and value and "TCP_KEEPIDLE" in options:
        return f"on, {options['TCP_KEEPIDLE']} s"
    if name == "SO_LINGER" and value is not None:
        return f"{value} s"
    if value is None or isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
