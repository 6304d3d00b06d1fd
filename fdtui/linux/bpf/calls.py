"""bpf(2): the four commands an iterator needs, by ctypes.  Every descriptor is close-on-exec."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterator

from fdtui.linux.owned import OwnedFd

_NUMBERS = {
    "x86_64": 321,
    "aarch64": 280,
    "riscv64": 280,
    "loongarch64": 280,
    "ppc64le": 361,
    "ppc64": 361,
    "s390x": 351,
}
_MAP_CREATE, _PROG_LOAD, _LINK_CREATE, _ITER_CREATE = 0, 5, 28, 33
_MAP_TYPE_ARRAY = 2
_PROG_TYPE_TRACING = 26
_TRACE_ITER = 28
_ARRAY_ATTR = struct.Struct("=IIIIIII16s")
_LOAD_ATTR = struct.Struct("=IIQQIIQII16sII36xI")  # attach type at 68, attach_btf_id at 108
_LINK_ATTR = struct.Struct("=IIIIQI4x")
_ITER_ATTR = struct.Struct("=II")
_READ = 1 << 16  # a read gives at most 32 KiB of whole records
_ITER_INFO = struct.Struct("=IIII")  # tid, pid, pid_fd

_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_long]
_syscall.restype = ctypes.c_long


def number() -> int | None:
    """The number of bpf(2) on this machine; None where this file does not know it."""
    return _NUMBERS.get(os.uname().machine)


def _bpf(command: int, attr: bytes) -> OwnedFd:
    nr = number()
    if nr is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    fd = _syscall(nr, command, ctypes.create_string_buffer(attr, len(attr)), len(attr))
    if fd < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return OwnedFd(fd)


def array_map(value_size: int, name: bytes) -> OwnedFd:
    """BPF_MAP_CREATE: an array with one value of that many bytes."""
    return _bpf(_MAP_CREATE, _ARRAY_ATTR.pack(_MAP_TYPE_ARRAY, 4, value_size, 1, 0, 0, 0, name))


def load_iterator(
    code: bytes, attach_id: int, name: bytes, log: bytearray | None = None
) -> OwnedFd:
    """BPF_PROG_LOAD of a tracing iterator (Linux 5.8); the verifier's words end up in `log`."""
    insns = ctypes.create_string_buffer(code, len(code))
    licence = ctypes.create_string_buffer(b"GPL")
    text = (ctypes.c_char * len(log)).from_buffer(log) if log else None
    attr = _LOAD_ATTR.pack(
        _PROG_TYPE_TRACING,
        len(code) // 8,
        ctypes.addressof(insns),
        ctypes.addressof(licence),
        1 if text is not None else 0,
        len(log) if log else 0,
        ctypes.addressof(text) if text is not None else 0,
        0,
        0,
        name,
        0,
        _TRACE_ITER,
        attach_id,
    )
    return _bpf(_PROG_LOAD, attr)


def link_iterator(program: OwnedFd, pid: int = 0) -> OwnedFd:
    """BPF_LINK_CREATE: over all tasks, or those of one process (Linux 6.1, E2BIG before)."""
    if not pid:
        return _bpf(_LINK_CREATE, _LINK_ATTR.pack(program.fileno(), 0, _TRACE_ITER, 0, 0, 0))
    info = ctypes.create_string_buffer(_ITER_INFO.pack(0, pid, 0, 0), _ITER_INFO.size)
    return _bpf(
        _LINK_CREATE,
        _LINK_ATTR.pack(
            program.fileno(), 0, _TRACE_ITER, 0, ctypes.addressof(info), _ITER_INFO.size
        ),
    )


def create_iterator(link: OwnedFd) -> OwnedFd:
    """BPF_ITER_CREATE: a descriptor whose read(2) runs one pass."""
    return _bpf(_ITER_CREATE, _ITER_ATTR.pack(link.fileno(), 0))


def read_pass(pass_fd: OwnedFd) -> Iterator[bytes]:
    """Run the pass to its end: chunks of whole records."""
    while True:
        try:
            chunk = os.read(pass_fd.fileno(), _READ)
        except BlockingIOError:  # a million objects without one that matched: go on
            continue
        if not chunk:
            return
        yield chunk
