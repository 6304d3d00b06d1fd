"""Peek at sockets: options and names by getters that change nothing for the target."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

from fdtui.linux.lean import Socket, socket
from fdtui.linux.netlink import open_socket
from fdtui.linux.netns import netns_of, open_socket_at
from fdtui.linux.peek import CLEARING, SO_PEEK_OFF, Peek, socket_on
from fdtui.linux.peek_handle import ioctl_open

SO_PROTOCOL = 38
SO_DOMAIN = 39
SO_ACCEPTCONN = 30
SO_MEMINFO = 55
SO_BINDTOIFINDEX = 62
SO_COOKIE = 57
SO_NETNS_COOKIE = 71
SIOCGSKNS = 0x894C
SIOCOUTQNSD = 0x894B

_getsockopt = ctypes.CDLL(None, use_errno=True).getsockopt
_getsockopt.argtypes = [ctypes.c_int] * 3 + [ctypes.c_void_p] * 2

Address = tuple[object, ...] | str | bytes | int | None


def option_bytes(peek: Peek, level: int, option: int, size: int) -> bytes | None:
    """getsockopt(2) of up to `size` bytes; None where the socket has no such option."""
    if (level, option) in CLEARING:
        raise ValueError("reading that option clears it for the target")
    buffer = ctypes.create_string_buffer(size)
    length = ctypes.c_int(size)
    number = peek.number_for_linux()
    if _getsockopt(number, level, option, buffer, ctypes.byref(length)) < 0:
        return None
    return buffer.raw[: length.value]


def option(peek: Peek, level: int, name: int) -> int | None:
    """getsockopt(2) of an int; None where the socket has no such option."""
    return _ints_without_object(peek, ((level, name),))[0]


def option_ints(peek: Peek, wanted: Sequence[tuple[int, int]]) -> list[int | None]:
    """getsockopt(2) of many ints, (level, option) each; None where the socket has no such one.

    Three dozen are read for each row of a table: a socket object asks in a fifth of the time.
    """
    if not CLEARING.isdisjoint(wanted):
        raise ValueError("reading that option clears it for the target")
    try:
        sock = socket_on(peek.number_for_linux())
    except OSError:
        return _ints_without_object(peek, wanted)
    with sock:
        return [_int_option(sock, level, number) for level, number in wanted]


def _int_option(sock: Socket, level: int, number: int) -> int | None:
    try:
        return sock.getsockopt(level, number)
    except OSError:
        return None


def _ints_without_object(peek: Peek, wanted: Sequence[tuple[int, int]]) -> list[int | None]:
    """For one alone, and families without getsockname(2), of which Python makes no object (XDP)."""
    if not CLEARING.isdisjoint(wanted):
        raise ValueError("reading that option clears it for the target")
    value, length = ctypes.c_int(), ctypes.c_int(4)
    number, result, size = peek.number_for_linux(), ctypes.byref(value), ctypes.byref(length)
    found: list[int | None] = []
    for pair in wanted:
        # Options of a byte fill only that: the rest must not be the last one's.
        value.value, length.value = 0, 4
        refused = _getsockopt(number, *pair, result, size) < 0
        found.append(None if refused or length.value != 4 else value.value)
    return found


def peeks_itself(peek: Peek) -> bool:
    """Has the target an offset for its own peeks (SO_PEEK_OFF), which ours would move?"""
    offset = option(peek, socket.SOL_SOCKET, SO_PEEK_OFF)
    return offset is not None and offset >= 0


def names(peek: Peek) -> tuple[Address, Address]:
    """getsockname(2) and getpeername(2) as Python's socket module gives them; None for none."""
    local: Address = None
    remote: Address = None
    try:
        sock = socket_on(peek.number_for_linux())
    except OSError:
        return local, remote
    with sock:
        try:
            local = sock.getsockname()
            remote = sock.getpeername()
        except OSError:
            pass  # ENOTCONN: there is no other end
    return local, remote


def diag_socket(peek: Peek, netns: int | None) -> Socket:
    """Return a NETLINK_SOCK_DIAG socket where the socket lives, of the namespace with that inode.

    None: not known, so our own is tried.  OSError EPERM for another without CAP_SYS_ADMIN.
    """
    if netns in (None, netns_of()):
        return open_socket()
    with ioctl_open(peek, SIOCGSKNS) as namespace:
        return open_socket_at(namespace)
