"""What differs between machines when a thread is sent to make a system call of our choice."""

from __future__ import annotations

import errno
import os
import platform
import struct
from abc import ABC, abstractmethod

from fdtui.linux import ptrace
from fdtui.linux.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import ClassVar


ERESTARTNOHAND = 514  # of the kernel alone: restart unless a handler ran
_U64 = 2**64


def signed(value: int) -> int:
    """Return a register as a signed number."""
    return value - _U64 if value >= _U64 >> 1 else value


class Machine(ABC):
    """One architecture.  Registers are the u64 words of NT_PRSTATUS, as a tuple."""

    size: ClassVar[int]  # words
    instruction: ClassVar[bytes]  # the system call instruction
    numbers: ClassVar[dict[str, int]]

    def get(self, tid: int) -> tuple[int, ...]:
        """Return a stopped thread's registers; ENOEXEC for 32-bit code."""
        raw = ptrace.get_regset(tid, ptrace.NT_PRSTATUS, self.size * 8)
        if len(raw) != self.size * 8:
            raise OSError(errno.ENOEXEC, os.strerror(errno.ENOEXEC))
        words = struct.unpack(f"{self.size}Q", raw)
        self.check(words)
        return words

    def set(self, tid: int, words: tuple[int, ...]) -> None:
        """Set a stopped thread's registers."""
        ptrace.set_regset(tid, ptrace.NT_PRSTATUS, struct.pack(f"{self.size}Q", *words))

    @abstractmethod
    def check(self, words: tuple[int, ...]) -> None:
        """Refuse a thread that is not in this machine's own mode (ENOEXEC)."""

    @abstractmethod
    def program_counter(self, words: tuple[int, ...]) -> int:
        """Return where it would go on."""

    @abstractmethod
    def system_call(
        self, tid: int, words: tuple[int, ...], at: int, number: int, args: tuple[int, ...]
    ) -> None:
        """Set the thread up to make a call with the instruction at `at`."""

    @abstractmethod
    def result(self, words: tuple[int, ...]) -> int:
        """Return what a call returned, negative for an errno."""

    @abstractmethod
    def interrupted(self, words: tuple[int, ...]) -> int | None:
        """Return the number of a call that this stop made return EINTR, or None."""

    @abstractmethod
    def restarting(self, words: tuple[int, ...]) -> tuple[int, ...]:
        """Return registers with which the kernel makes that call again."""


class X86_64(Machine):
    """user_regs_struct of sys/user.h."""

    size = 27
    instruction = b"\x0f\x05"
    numbers: ClassVar[dict[str, int]] = {
        "mmap": 9, "munmap": 11, "socket": 41, "connect": 42, "sendmsg": 46, "recvmsg": 47,
        "close": 3, "openat": 257, "dup3": 292,
    }  # fmt: skip
    _RAX, _ORIG_RAX, _RIP, _CS = 10, 15, 16, 17
    _ARGS = (14, 13, 12, 7, 9, 8)  # rdi rsi rdx r10 r8 r9
    _USER64_CS = 0x33

    def check(self, words: tuple[int, ...]) -> None:
        """Refuse 32-bit code: it has other numbers and another instruction."""
        if words[self._CS] != self._USER64_CS:
            raise OSError(errno.ENOEXEC, os.strerror(errno.ENOEXEC))

    def program_counter(self, words: tuple[int, ...]) -> int:
        """RIP."""
        return words[self._RIP]

    def system_call(
        self, tid: int, words: tuple[int, ...], at: int, number: int, args: tuple[int, ...]
    ) -> None:
        """Set RAX, the arguments and RIP; ORIG_RAX -1 keeps the kernel from restarting anything."""
        changed = list(words)
        changed[self._RAX], changed[self._ORIG_RAX], changed[self._RIP] = number, _U64 - 1, at
        for index, value in zip(self._ARGS, args, strict=False):
            changed[index] = value % _U64
        self.set(tid, tuple(changed))

    def result(self, words: tuple[int, ...]) -> int:
        """RAX."""
        return signed(words[self._RAX])

    # Calls that return a plain EINTR at any stop and may be made again:
    # semop epoll_wait epoll_pwait epoll_pwait2 semtimedop sigtimedwait recvfrom recvmsg accept
    # accept4 io_getevents io_uring_enter msgrcv msgsnd recvmmsg sendmsg sendto read write
    REPEATABLE = frozenset(
        {65, 232, 281, 441, 220, 128, 45, 47, 43, 288, 208, 333, 426, 70, 69, 299, 46, 44, 0, 1}
    )

    def interrupted(self, words: tuple[int, ...]) -> int | None:
        """Return ORIG_RAX when RAX is -EINTR and the call may be made again."""
        number = signed(words[self._ORIG_RAX])
        if self.result(words) == -errno.EINTR and number in self.REPEATABLE:
            return number
        return None

    def restarting(self, words: tuple[int, ...]) -> tuple[int, ...]:
        """Put -ERESTARTNOHAND into RAX."""
        changed = list(words)
        changed[self._RAX] = _U64 - ERESTARTNOHAND
        return tuple(changed)


class Aarch64(Machine):
    """user_pt_regs of asm/ptrace.h: x0-x30, sp, pc, pstate.  Never run: no such machine was there.

    At the stop the kernel has put x0 and pc back to before the call already, so that restored
    registers make it again; a relative timeout then starts anew.
    """

    size = 34
    instruction = b"\x01\x00\x00\xd4"  # svc #0
    numbers: ClassVar[dict[str, int]] = {
        "mmap": 222, "munmap": 215, "socket": 198, "connect": 203, "sendmsg": 211, "recvmsg": 212,
        "close": 57, "openat": 56, "dup3": 24,
    }  # fmt: skip
    _PC, _PSTATE = 32, 33
    _NRW32 = 0x10  # PSR_MODE32_BIT

    def check(self, words: tuple[int, ...]) -> None:
        """Refuse AArch32."""
        if words[self._PSTATE] & self._NRW32:
            raise OSError(errno.ENOEXEC, os.strerror(errno.ENOEXEC))

    def program_counter(self, words: tuple[int, ...]) -> int:
        """The pc: behind an svc that returned, on one that is to be made again."""
        return words[self._PC]

    def system_call(
        self, tid: int, words: tuple[int, ...], at: int, number: int, args: tuple[int, ...]
    ) -> None:
        """Set x8, x0-x5 and pc; no call is under way any more (NT_ARM_SYSTEM_CALL -1)."""
        changed = list(words)
        changed[8], changed[self._PC] = number, at
        for index, value in enumerate(args):
            changed[index] = value % _U64
        self.set(tid, tuple(changed))
        ptrace.set_regset(tid, ptrace.NT_ARM_SYSTEM_CALL, struct.pack("i", -1))

    def result(self, words: tuple[int, ...]) -> int:
        """x0."""
        return signed(words[0])

    def interrupted(self, words: tuple[int, ...]) -> int | None:
        """Never: the number of the call is not among the registers."""
        return None

    def restarting(self, words: tuple[int, ...]) -> tuple[int, ...]:
        """Unchanged."""
        return words


MACHINES: dict[str, type[Machine]] = {"x86_64": X86_64, "aarch64": Aarch64}


def machine() -> Machine:
    """Return this machine's; ENOSYS where none is known."""
    known = MACHINES.get(platform.machine())
    if known is None:
        raise OSError(errno.ENOSYS, f"no injection on {platform.machine()}")
    return known()
