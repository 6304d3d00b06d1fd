"""A detour: a thread is stopped, makes a few system calls for us, and goes on as if nothing was.

No code byte changes and nothing is written to its stack: the calls use a system call instruction
that is there already, and a page that the target maps for us and unmaps again.  Only a process
that ends right afterwards may do this: its end detaches, whatever went wrong.
"""

from __future__ import annotations

import errno
import math
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType

from fdtui.linux import ptrace
from fdtui.linux.lean import TYPE_CHECKING
from fdtui.linux.ptrace import PTRACE_EVENT_STOP, Stop
from fdtui.linux.registers import machine
from fdtui.linux.status import read_status

if TYPE_CHECKING:
    from typing import Self


PAGE = 4096
PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS = 3, 0x22
_ALL_SIGNALS = b"\xff" * 8
_INTERRUPTED = (errno.EINTR, 512, 513, 514, 516)  # ERESTARTSYS and its like, of the kernel alone
_MAX_SEARCH = 4 << 20  # bytes of one mapping that are searched for an instruction


class Hangs(TimeoutError):
    """A call made in the target waited for somebody and was interrupted; strerror is its name."""


class Detour:
    """Stops thread `tid` of `pid` on entry, restores and detaches on exit.

    TimeoutError: it did not stop (frozen, vfork, uninterruptible); PermissionError: no right or
    traced already; ENOEXEC: 32-bit; ProcessLookupError: it died.
    """

    def __init__(
        self, pid: int, tid: int, *, suspend_seccomp: bool = False, seconds: float = 2.0
    ) -> None:
        self.pid, self.tid, self.seconds = pid, tid, seconds
        self._options = ptrace.PTRACE_O_TRACESYSGOOD
        if suspend_seccomp:
            self._options |= ptrace.PTRACE_O_SUSPEND_SECCOMP
        self._machine = machine()
        self._page = 0

    def __enter__(self) -> Self:
        ptrace.ptrace(ptrace.PTRACE_SEIZE, self.tid, 0, self._options)
        with ExitStack() as undo:
            undo.callback(self._detach)
            ptrace.ptrace(ptrace.PTRACE_INTERRUPT, self.tid)
            self._until_event_stop(self.seconds)
            self._before = self._machine.get(self.tid)
            self._after = self._before
            # Some calls return EINTR at any stop, though no handler is going to run.
            if self._machine.interrupted(self._before) is not None and not self._signalled():
                self._after = self._machine.restarting(self._before)
            self._mask = ptrace.get_sigmask(self.tid)
            self._at = self._find_instruction()
            self._rseq = self._critical_section()
            ptrace.set_sigmask(self.tid, _ALL_SIGNALS)
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        try:
            if isinstance(exc, ProcessLookupError):
                return
            if self._page:
                self._unmap()
            # Only from an event stop does the kernel apply its own rules of restarting calls.
            ptrace.ptrace(ptrace.PTRACE_INTERRUPT, self.tid)
            ptrace.ptrace(ptrace.PTRACE_CONT, self.tid)
            self._until_event_stop(math.inf)
        finally:
            self._restore()

    def call(self, name: str, *args: int) -> int:
        """Have the target make a system call; OSError with the errno it got, Hangs."""
        number = self._machine.numbers[name]
        padded = (*args, *(0,) * (6 - len(args)))
        self._machine.system_call(self.tid, self._before, self._at, number, padded)
        late = [self._to_syscall_stop() for _ in ("entry", "exit")]
        result = self._machine.result(self._machine.get(self.tid))
        if any(late) and -result in _INTERRUPTED:
            raise Hangs(errno.ETIMEDOUT, name)
        if -4096 < result < 0:
            raise OSError(-result, os.strerror(-result))
        return result

    def page(self) -> int:
        """Return the address of a page of our own in the target."""
        if not self._page:
            flags = (PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0)
            self._page = self.call("mmap", 0, PAGE, *flags)
        return self._page

    def write(self, offset: int, data: bytes) -> int:
        """Put bytes into our page; returns their address."""
        ptrace.write_memory(self.tid, self.page() + offset, data)
        return self._page + offset

    def read(self, offset: int, size: int) -> bytes:
        """Read bytes of our page."""
        return ptrace.read_memory(self.tid, self.page() + offset, size)

    def _unmap(self) -> None:
        try:
            self.call("munmap", self._page, PAGE)
        except ProcessLookupError:
            raise
        except OSError:
            pass  # a page too many in the target is all that is left of it

    def _restore(self) -> None:
        """Put registers and signal mask back and let it go; nothing to do once it is dead."""
        try:
            if self._rseq:
                ptrace.write_memory(self.tid, *self._rseq)
            self._machine.set(self.tid, self._after)
            ptrace.set_sigmask(self.tid, self._mask)
        except ProcessLookupError:
            pass
        finally:
            self._detach()

    def _detach(self) -> None:
        try:
            ptrace.ptrace(ptrace.PTRACE_DETACH, self.tid)
        except OSError:
            pass  # not stopped, or dead: the end of this process detaches

    def _until_event_stop(self, seconds: float) -> Stop:
        """Wait for the stop asked for; signals that come first are delivered as they would be."""
        while True:
            stop = ptrace.wait_stop(self.tid, seconds)
            if stop.event == PTRACE_EVENT_STOP:
                return stop
            passed = stop.signal if stop.event == 0 and stop.signal != ptrace.SYSCALL_STOP else 0
            ptrace.ptrace(ptrace.PTRACE_CONT, self.tid, 0, passed)

    def _to_syscall_stop(self) -> bool:
        """Resume up to the next entry or exit of a call; SIGSTOP and SIGCONT may come between.

        Returns whether it took too long and was interrupted.  Giving up would be the end of the
        target: only at a stop can its registers be put back, and so that is waited for.
        """
        passed, late = 0, False
        while True:
            ptrace.ptrace(ptrace.PTRACE_SYSCALL, self.tid, 0, passed)
            try:
                stop = ptrace.wait_stop(self.tid, self.seconds)
            except TimeoutError:
                late = True
                ptrace.ptrace(ptrace.PTRACE_INTERRUPT, self.tid)
                stop = ptrace.wait_stop(self.tid, math.inf)
            if stop.signal == ptrace.SYSCALL_STOP and not stop.event:
                return late
            passed = 0 if stop.event else stop.signal

    def _signalled(self) -> bool:
        status = read_status(self.pid, self.tid)
        return bool(status.pending & ~status.blocked)

    def _critical_section(self) -> tuple[int, bytes] | None:
        """Return address and pointer of an active restartable sequence: our calls would end it."""
        area = ptrace.rseq_area(self.tid)
        if not area:
            return None
        pointer = ptrace.read_memory(self.tid, area + 8, 8)
        return (area + 8, pointer) if pointer != bytes(8) else None

    def _find_instruction(self) -> int:
        """Return the address of a system call instruction: the one it is in, or one in its maps."""
        code = self._machine.instruction
        here = self._machine.program_counter(self._before)
        for address in (here - len(code), here):
            if self._peek(address, len(code)) == code:
                return address
        for start, end in self._executable():
            found = self._peek(start, min(end - start, _MAX_SEARCH)).find(code)
            if found >= 0:
                return start + found
        raise OSError(errno.ENOEXEC, "no system call instruction found in it")

    def _peek(self, address: int, size: int) -> bytes:
        try:
            return ptrace.read_memory(self.tid, address, size)
        except OSError:
            return b""

    def _executable(self) -> Iterator[tuple[int, int]]:
        """Yield the executable mappings, the vdso first."""
        with open(
            f"/proc/{self.pid}/task/{self.tid}/maps", encoding="utf-8", errors="replace"
        ) as f:
            lines = [line.split() for line in f if " r-xp " in line]
        for fields in sorted(lines, key=lambda fields: fields[-1] != "[vdso]"):
            if fields[-1] != "[vsyscall]":
                start, end = (int(part, 16) for part in fields[0].split("-"))
                yield start, end


def block_signals() -> None:
    """Let nothing interrupt the process that makes a detour."""
    signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
