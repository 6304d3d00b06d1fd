"""Specimens that are queues and terminals: pipes, FIFOs, message queues, ptys."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import struct
import time
import tty

from tests.specimens.files import folder
from tests.specimens.registry import Keep, buffer, reads, specimen, syscall


@specimen("pipe-read", "pipe", content=b"pipe bytes", consume=reads(99))
def _pipe_read(keep: Keep) -> int:
    reader, writer = os.pipe()
    os.write(writer, b"pipe bytes")
    keep.append(writer)
    return reader


_readers: dict[int, int] = {}


@specimen("pipe-write", "pipe", content=b"pipe bytes", consume=lambda fd: os.read(_readers[fd], 99))
def _pipe_write(keep: Keep) -> int:
    reader, writer = os.pipe()
    os.write(writer, b"pipe bytes")
    _readers[writer] = reader
    keep.append(reader)
    return writer


@specimen("pipe-empty", "pipe", content=b"")
def _pipe_empty(keep: Keep) -> int:
    reader, writer = os.pipe()
    keep.append(writer)
    return reader


@specimen("pipe-no-writer", "pipe", content=b"the last", consume=reads(99))
def _pipe_no_writer(keep: Keep) -> int:
    reader, writer = os.pipe()
    os.write(writer, b"the last")
    os.close(writer)
    return reader


def _write_fails(fd: int) -> bytes:
    try:
        os.write(fd, b"x")
    except BrokenPipeError:
        return b"EPIPE"
    return b"written"


@specimen("pipe-broken", "pipe", consume=_write_fails, expected=b"EPIPE", unseen=True)
def _pipe_broken(keep: Keep) -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@specimen(
    "pipe-packets",
    "pipe",
    content=b"pkt1packet2",
    consume=lambda fd: os.read(fd, 99) + b"|" + os.read(fd, 99),
    expected=b"pkt1|packet2",
)
def _pipe_packets(keep: Keep) -> int:
    reader, writer = os.pipe2(os.O_DIRECT)
    os.write(writer, b"pkt1")
    os.write(writer, b"packet2")
    keep.append(writer)
    return reader


def _fifo(keep: Keep) -> tuple[int, int]:
    path = folder() / f"fifo-{time.monotonic_ns()}"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(path, os.O_WRONLY)
    os.write(writer, b"fifo bytes")
    return reader, writer


@specimen("fifo-read", "fifo", content=b"fifo bytes", consume=reads(99))
def _fifo_read(keep: Keep) -> int:
    reader, writer = _fifo(keep)
    keep.append(writer)
    return reader


@specimen("fifo-write", "fifo", content=b"fifo bytes", consume=lambda fd: os.read(_readers[fd], 99))
def _fifo_write(keep: Keep) -> int:
    reader, writer = _fifo(keep)
    _readers[writer] = reader
    keep.append(reader)
    return writer


def _receive(fd: int) -> bytes:
    message = ctypes.create_string_buffer(100)
    count = syscall("mq_timedreceive", fd, message, 100, None, None)
    return message.raw[:count]


def _open_queue(flags: int = os.O_RDWR) -> tuple[int, int]:
    """Make a queue; return a descriptor of it as asked, and one for everything."""
    name = buffer(f"fdtui-zoo-{os.getpid()}-{time.monotonic_ns()}\0".encode())
    attributes = buffer(struct.pack("8q", 0, 10, 100, 0, 0, 0, 0, 0))
    fd = syscall("mq_open", name, os.O_CREAT | os.O_RDWR, 0o600, attributes)
    asked = syscall("mq_open", name, flags, 0, None)
    syscall("mq_unlink", name)
    return asked, fd


@specimen("mqueue", "mqueue", consume=_receive, expected=b"a message", unseen=True)
def _mqueue(keep: Keep) -> int:
    fd, other = _open_queue()
    syscall("mq_timedsend", other, buffer(b"a message"), 9, 3, None)
    return fd


_both: dict[int, int] = {}


@specimen(
    "mqueue-write",
    "mqueue",
    consume=lambda fd: _receive(_both[fd]),
    expected=b"written",
    unseen=True,
)
def _mqueue_write(keep: Keep) -> int:
    fd, _both[fd] = _open_queue(os.O_WRONLY)
    syscall("mq_timedsend", fd, buffer(b"written"), 7, 0, None)
    return fd


def _notify(fd: int) -> None:
    sigev_signal = 0
    event = struct.pack("Qii48x", 0, signal.SIGUSR2, sigev_signal)
    syscall("mq_notify", fd, buffer(event))


def _still_notifies(fd: int) -> bytes:
    try:
        _notify(fd)
    except OSError as error:
        return b"registered" if error.errno == errno.EBUSY else str(error).encode()
    return b"forgotten"


@specimen("mqueue-notifies", "mqueue", consume=_still_notifies, expected=b"registered", unseen=True)
def _mqueue_notifies(keep: Keep) -> int:
    fd, _ = _open_queue()
    _notify(fd)
    return fd


def _pty() -> tuple[int, int]:
    master, slave = os.openpty()
    tty.setraw(slave)
    os.write(master, b"typed input")
    os.write(slave, b"slave output")
    return master, slave


@specimen("ptmx", "ptmx", consume=reads(99), expected=b"slave output", unseen=True)
def _ptmx(keep: Keep) -> int:
    master, slave = _pty()
    keep.append(slave)
    return master


@specimen("tty", "tty", consume=reads(99), expected=b"typed input", unseen=True)
def _tty(keep: Keep) -> int:
    master, slave = _pty()
    keep.append(master)
    return slave


@specimen("serial", "tty", unseen=True)
def _serial(keep: Keep) -> int:
    return os.open("/dev/ttyS0", os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
