"""netlink(7) as far as dumps need it: one request, an iterator of payloads, attributes."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator

NETLINK_SOCK_DIAG = 4
NLM_F_REQUEST = 0x1
NLM_F_DUMP = 0x300
NLM_F_DUMP_INTR = 0x10
NLMSG_ERROR = 2
NLMSG_DONE = 3
_BUFFER = 1 << 17  # the kernel fills at most 32 KiB a recv(2)
_TIMEOUT = 5.0  # seconds; dumps answer at once, and a survey must never hang

_HEADER = struct.Struct("=IHHII")  # length type flags sequence port
_ATTRIBUTE = struct.Struct("=HH")  # length type


class Interrupted(Exception):
    """What was dumped changed meanwhile (NLM_F_DUMP_INTR): some entries may be missing."""


def open_socket(protocol: int = NETLINK_SOCK_DIAG) -> socket.socket:
    """Return a netlink socket that asks about the network namespace of the calling thread."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
    sock.settimeout(_TIMEOUT)
    return sock


def dump(sock: socket.socket, message_type: int, request: bytes) -> Iterator[memoryview]:
    """Yield the payload of each message of a dump; a view is good until the next one is asked for.

    OSError with the kernel's errno (ENOENT: no such family or protocol here).
    """
    sock.send(
        _HEADER.pack(16 + len(request), message_type, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + request
    )
    buffer = bytearray(_BUFFER)
    view = memoryview(buffer)
    unpack = _HEADER.unpack_from
    interrupted = False
    while True:
        size, (sender, _) = sock.recvfrom_into(buffer)
        if sender:
            continue  # not the kernel
        offset = 0
        while offset < size:
            length, kind, flags, _, _ = unpack(buffer, offset)
            if kind in (NLMSG_ERROR, NLMSG_DONE):
                # A dump that failed at its start ends in DONE with the errno.
                code = -struct.unpack_from("=i", buffer, offset + 16)[0] if length >= 20 else 0
                if code > 0:
                    raise OSError(code, os.strerror(code))
                if interrupted:
                    raise Interrupted
                return
            if length < 16:
                raise OSError(errno.EBADMSG, os.strerror(errno.EBADMSG))
            interrupted |= bool(flags & NLM_F_DUMP_INTR)
            yield view[offset + 16 : offset + length]
            offset += length + 3 & ~3


def attributes(message: memoryview, offset: int) -> dict[int, bytes]:
    """Return the attributes from `offset` on by type; of a repeated one the last."""
    found = {}
    end = len(message)
    unpack = _ATTRIBUTE.unpack_from
    while offset + 4 <= end:
        length, kind = unpack(message, offset)
        if length < 4:
            break
        found[kind & 0x3FFF] = bytes(message[offset + 4 : offset + length])
        offset += length + 3 & ~3
    return found
