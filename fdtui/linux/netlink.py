"""netlink(7) as far as dumps need it: one request, an iterator of payloads, attributes."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator
from itertools import takewhile

from fdtui.linux.lean import TYPE_CHECKING, Socket, socket

if TYPE_CHECKING:
    from typing import Any


NETLINK_SOCK_DIAG = 4
NLM_F_REQUEST = 0x1
NLM_F_DUMP = 0x300
NLMSG_ERROR = 2
NLMSG_DONE = 3
_BUFFER = 1 << 17  # the kernel fills at most 32 KiB a recv(2)
_ANSWER = 1 << 14
_TIMEOUT = 5.0  # seconds; dumps answer at once, and a survey must never hang

HEADER = struct.Struct("=IHHII")  # length type flags sequence port
_LENGTH = struct.Struct("=I")
_ATTRIBUTE = struct.Struct("=HH")  # length type


def open_socket(protocol: int = NETLINK_SOCK_DIAG) -> Socket:
    """Return a netlink socket that asks about the network namespace of the calling thread."""
    sock = Socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
    sock.settimeout(_TIMEOUT)
    return sock


def chunks(sock: Socket, message_type: int, request: bytes) -> Iterator[memoryview]:
    """Ask for a dump and yield what each recv(2) brings, good until the next one, without end."""
    sock.send(
        HEADER.pack(16 + len(request), message_type, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + request
    )
    buffer = bytearray(_BUFFER)
    view = memoryview(buffer)
    while True:
        size, (sender, _) = sock.recvfrom_into(buffer)
        if sender:
            continue  # not the kernel
        yield view[:size]


def _ends(chunk: memoryview, offset: int) -> bool:
    """Is the message there the end?  OSError with the kernel's errno where it is a failure."""
    length, kind, _, _, _ = HEADER.unpack_from(chunk, offset)
    if length < 16:
        raise OSError(errno.EBADMSG, os.strerror(errno.EBADMSG))
    if kind not in (NLMSG_ERROR, NLMSG_DONE):
        return False
    # A dump that failed at its start ends in DONE with the errno.
    code = -struct.unpack_from("=i", chunk, offset + 16)[0] if length >= 20 else 0
    if code > 0:
        raise OSError(code, os.strerror(code))
    return True


def dump(sock: Socket, message_type: int, request: bytes) -> Iterator[memoryview]:
    """Yield the payload of each message of a dump, good until the next one is asked for.

    OSError with the kernel's errno (ENOENT: no such family or protocol here).
    """
    for chunk in chunks(sock, message_type, request):
        offset, size = 0, len(chunk)
        while offset < size:
            if _ends(chunk, offset):
                return
            (length,) = _LENGTH.unpack_from(chunk, offset)
            yield chunk[offset + 16 : offset + length]
            offset += length + 3 & ~3


def ask(sock: Socket, message_type: int, request: bytes) -> memoryview:
    """Ask about one thing and return the payload of the one answer.

    OSError with the kernel's errno (ENOENT: there is none).
    """
    sock.send(HEADER.pack(16 + len(request), message_type, NLM_F_REQUEST, 1, 0) + request)
    while True:
        answer, (sender, _) = sock.recvfrom(_ANSWER)
        if not sender:
            break
    chunk = memoryview(answer)
    if len(chunk) < 16 or _ends(chunk, 0):
        raise OSError(errno.EBADMSG, os.strerror(errno.EBADMSG))
    (length,) = _LENGTH.unpack_from(chunk)
    return chunk[16:length]


class Fields:
    """The same few fields of every message, taken from runs of messages of one length at once.

    `layout` is a struct format (with `=`) of what follows the header.  A message costs 0.3 us.
    """

    def __init__(self, layout: str) -> None:
        self._layout = layout
        self._size = struct.calcsize(f"={layout}")
        self._by_length: dict[int, struct.Struct] = {}

    def runs(
        self, sock: Socket, message_type: int, request: bytes
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Yield messages in a row: the length of each, and the fields."""
        for chunk in chunks(sock, message_type, request):
            offset, size = 0, len(chunk)
            while offset < size:
                if _ends(chunk, offset):
                    return
                (length,) = _LENGTH.unpack_from(chunk, offset)
                fields = self._by_length.get(length) or self._struct(length)
                end = offset + (size - offset) // fields.size * fields.size
                if end == offset:
                    raise OSError(errno.EBADMSG, os.strerror(errno.EBADMSG))
                messages = fields.iter_unpack(chunk[offset:end])
                if _alike(chunk, offset, end, fields.size):
                    run = list(messages)
                else:
                    run = list(takewhile(lambda found: found[0] == length, messages))  # noqa: B023
                yield run
                offset += len(run) * fields.size

    def _struct(self, length: int) -> struct.Struct:
        rest = (length + 3 & ~3) - 16 - self._size
        if rest < 0:
            raise OSError(errno.EBADMSG, os.strerror(errno.EBADMSG))
        made = self._by_length[length] = struct.Struct(f"=I12x{self._layout}{rest}x")
        return made


def _alike(chunk: memoryview, offset: int, end: int, size: int) -> bool:
    """Has every message the length of the first, by the two bytes of it that are ever used?"""
    count = (end - offset) // size
    return all(
        bytes(chunk[at:end:size]) == bytes(chunk[at : at + 1]) * count
        for at in (offset, offset + 1)
    )


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
