"""ptrace(2) as far as a detour needs it, and process_vm_readv(2).  No code byte is ever written."""

from __future__ import annotations

import ctypes
import errno
import math
import os
import signal
import struct
import time

from fdtui.linux import syscalls
from fdtui.linux.lean import NamedTuple

PTRACE_CONT, PTRACE_DETACH, PTRACE_SYSCALL = 7, 17, 24
PTRACE_GETREGSET, PTRACE_SETREGSET = 0x4204, 0x4205
PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207
PTRACE_GETSIGMASK, PTRACE_SETSIGMASK = 0x420A, 0x420B
PTRACE_GET_RSEQ_CONFIGURATION = 0x420F  # Linux 5.13
PTRACE_O_TRACESYSGOOD = 1
PTRACE_O_SUSPEND_SECCOMP = 1 << 21  # needs CAP_SYS_ADMIN and a tracer without seccomp
PTRACE_EVENT_STOP = 128
NT_PRSTATUS, NT_ARM_SYSTEM_CALL = 1, 0x404
SYSCALL_STOP = signal.SIGTRAP | 0x80
_WALL = 0x40000000


class Stop(NamedTuple):
    """What waitpid(2) said: the signal, and the ptrace event or 0."""

    signal: int
    event: int


def ptrace(request: int, tid: int, addr: int = 0, data: int = 0) -> int:
    """ptrace(2), the system call: ESRCH when the thread is gone or not stopped."""
    return syscalls.call("ptrace", request, tid, addr, data)


def wait_stop(tid: int, seconds: float) -> Stop:
    """Wait for the next stop; TimeoutError for a thread in an uninterruptible wait or frozen."""
    deadline, nap = time.monotonic() + seconds, 2e-5
    while True:
        pid, status = os.waitpid(tid, _WALL if seconds == math.inf else os.WNOHANG | _WALL)
        if pid:
            break
        if time.monotonic() > deadline:
            raise TimeoutError(errno.ETIMEDOUT, "it does not stop")
        time.sleep(nap)
        nap = min(nap * 1.5, 0.005)
    if os.WIFEXITED(status) or os.WIFSIGNALED(status):
        raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
    return Stop(os.WSTOPSIG(status), status >> 16)


def get_regset(tid: int, kind: int, size: int) -> bytes:
    """PTRACE_GETREGSET: the registers, as many bytes as the kernel gave."""
    buffer = ctypes.create_string_buffer(size)
    iov = ctypes.create_string_buffer(struct.pack("QQ", ctypes.addressof(buffer), size), 16)
    ptrace(PTRACE_GETREGSET, tid, kind, ctypes.addressof(iov))
    return buffer.raw[: struct.unpack_from("Q", iov, 8)[0]]


def set_regset(tid: int, kind: int, data: bytes) -> None:
    """PTRACE_SETREGSET."""
    buffer = ctypes.create_string_buffer(data, len(data))
    iov = ctypes.create_string_buffer(struct.pack("QQ", ctypes.addressof(buffer), len(data)), 16)
    ptrace(PTRACE_SETREGSET, tid, kind, ctypes.addressof(iov))


def get_sigmask(tid: int) -> bytes:
    """PTRACE_GETSIGMASK, Linux 3.11: 8 bytes."""
    mask = ctypes.create_string_buffer(8)
    ptrace(PTRACE_GETSIGMASK, tid, 8, ctypes.addressof(mask))
    return mask.raw


def set_sigmask(tid: int, mask: bytes) -> None:
    """PTRACE_SETSIGMASK."""
    buffer = ctypes.create_string_buffer(mask, 8)
    ptrace(PTRACE_SETSIGMASK, tid, 8, ctypes.addressof(buffer))


def rseq_area(tid: int) -> int:
    """Return the address of the thread's struct rseq; 0 without one or before Linux 5.13."""
    buffer = ctypes.create_string_buffer(24)
    try:
        ptrace(PTRACE_GET_RSEQ_CONFIGURATION, tid, 24, ctypes.addressof(buffer))
    except OSError:
        return 0
    return int(struct.unpack_from("Q", buffer)[0])


def _transfer(call: str, tid: int, address: int, buffer: ctypes.Array[ctypes.c_char]) -> None:
    size = len(buffer)
    local = ctypes.create_string_buffer(struct.pack("QQ", ctypes.addressof(buffer), size), 16)
    remote = ctypes.create_string_buffer(struct.pack("QQ", address, size), 16)
    done = syscalls.call(call, tid, ctypes.addressof(local), 1, ctypes.addressof(remote), 1, 0)
    if done != size:
        raise OSError(errno.EFAULT, os.strerror(errno.EFAULT))


def read_memory(tid: int, address: int, size: int) -> bytes:
    """process_vm_readv(2), on the thread: the leader may be a zombie.  EFAULT when unmapped."""
    buffer = ctypes.create_string_buffer(size)
    _transfer("process_vm_readv", tid, address, buffer)
    return buffer.raw


def write_memory(tid: int, address: int, data: bytes) -> None:
    """process_vm_writev(2): only into pages the target may write to itself."""
    _transfer("process_vm_writev", tid, address, ctypes.create_string_buffer(data, len(data)))
