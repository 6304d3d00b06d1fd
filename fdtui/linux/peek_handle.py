"""Peek at handles on something else: namespaces, processes, kernel programs, queues, links."""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import struct

from fdtui.linux import syscalls
from fdtui.linux.lean import TYPE_CHECKING
from fdtui.linux.owned import OwnedFd
from fdtui.linux.peek import Peek

if TYPE_CHECKING:
    from fdtui.linux.bpf.perf import PerfEventFacts

_BPF_OBJ_GET_INFO_BY_FD = 15
_BPF_INFO = struct.Struct("=IIQ")  # descriptor, length, address


def ioctl_open(peek: Peek, request: int) -> OwnedFd:
    """An ioctl that only returns a new descriptor (NS_GET_USERNS, SIOCGSKNS); ours to close."""
    return OwnedFd(fcntl.ioctl(peek.number_for_linux(), request))


def ioctl_ask(peek: Peek, request: int, question: bytes) -> bytes:
    """An ioctl that takes a buffer and only fills it in; the kind's file names which."""
    buffer = bytearray(question)
    fcntl.ioctl(peek.number_for_linux(), request, buffer, True)
    return bytes(buffer)


def link_text(peek: Peek) -> str:
    """readlinkat(2) with an empty path: what an O_PATH descriptor of a symbolic link says."""
    return os.readlink("", dir_fd=peek.number_for_linux())


def bpf_info(peek: Peek, size: int = 256) -> bytes:
    """BPF_OBJ_GET_INFO_BY_FD of bpf(2): as much of the info struct as this kernel fills."""
    info = ctypes.create_string_buffer(size)
    question = _BPF_INFO.pack(peek.number_for_linux(), size, ctypes.addressof(info))
    attributes = ctypes.create_string_buffer(question, _BPF_INFO.size)
    syscalls.call("bpf", _BPF_OBJ_GET_INFO_BY_FD, ctypes.addressof(attributes), _BPF_INFO.size)
    return info.raw[: _BPF_INFO.unpack(attributes.raw)[1]]


def mq_attributes(peek: Peek) -> tuple[int, int, int, int]:
    """mq_getattr(3): flags, messages at most, bytes of one at most, messages queued."""
    attributes = (ctypes.c_long * 8)()
    syscalls.call("mq_getsetattr", peek.number_for_linux(), 0, ctypes.addressof(attributes))
    return attributes[0], attributes[1], attributes[2], attributes[3]


def perf_event(peek: Peek) -> PerfEventFacts | None:
    """Read what a perf event counts from the kernel's memory, as bpf.perf says."""
    from fdtui.linux.bpf.perf import perf_event as read  # costs 20 ms, and is rarely wanted

    return read(peek.number_for_linux())


def perf_counts(peek: Peek) -> bytes:
    """read(2) of a perf event, and of nothing else: it tells the counters and changes none.

    b"" for an event in error: pinned, and there was no counter for it.
    """
    return os.read(peek.number_for_linux(), 1 << 16)


def is_readable_elsewhere(peek: Peek) -> bool:
    """For the write end of a pipe: has anybody a read end?  (poll reports POLLERR when not)"""
    return not peek.poll(select.POLLOUT) & select.POLLERR
