"""What a perf event counts: the perf_event_attr it was opened with, which no call gives back.

A small program over our own descriptors reads it from the kernel's memory (Linux 6.1, CAP_BPF and
CAP_PERFMON).  Nothing of the event changes.
"""

from __future__ import annotations

import os

from fdtui.linux.bpf import calls
from fdtui.linux.bpf.asm import Alu, Jump, Reg
from fdtui.linux.bpf.btf import Kernel
from fdtui.linux.bpf.builder import BUFFER, CTX, FILE, TASK, Builder, Options
from fdtui.linux.bpf.iterator import available
from fdtui.linux.lean import NamedTuple, cache

_SEQ_WRITE = 127
_PROBE_READ_KERNEL_STR = 115
_NAME = b"fdtui"
_ATTR, _CPU, _TARGET, _PMU, _SIZE = 0, 128, 132, 136, 168  # of the record
_PMU_MOST = 32
_EVENT = TASK  # the register: the task is not needed


class PerfEventFacts(NamedTuple):
    """`target` is a pid of the initial namespace, 0 for every process of the cpu."""

    attr: bytes  # the first 128 bytes of struct perf_event_attr
    cpu: int  # -1 for whichever the process runs on
    target: int
    pmu: str  # name of the unit that counts: "software", "cpu"


@cache
def _kernel() -> Kernel:
    return Kernel()


def perf_event(fd: int) -> PerfEventFacts | None:
    """Read what is known of our own descriptor (1 ms, 20 ms the first time); None: not listed.

    Only for one that is a perf event: anything else's memory would be taken for one.  OSError where
    the kernel refuses, LookupError where it has no such member.
    """
    if available() is not None:
        raise PermissionError(1, "bpf")
    kernel = _kernel()
    with calls.array_map(_SIZE, _NAME) as buffer:
        code = _assemble(kernel, buffer.fileno(), fd)
        with (
            calls.load_iterator(code, kernel.function("bpf_iter_task_file"), _NAME) as program,
            calls.link_iterator(program, os.getpid()) as link,
            calls.create_iterator(link) as one_pass,
        ):
            raw = os.read(one_pass.fileno(), 1 << 16)
    kernel.forget_blob()
    return _parse(raw) if len(raw) >= _SIZE else None


def _parse(raw: bytes) -> PerfEventFacts:
    name = raw[_PMU : _PMU + _PMU_MOST].partition(b"\0")[0]
    return PerfEventFacts(
        raw[_ATTR:_CPU],
        int.from_bytes(raw[_CPU:_TARGET], "little", signed=True),
        int.from_bytes(raw[_TARGET:_PMU], "little"),
        name.decode(errors="replace"),
    )


def _assemble(kernel: Kernel, map_fd: int, fd: int) -> bytes:
    b = Builder(kernel, Options())
    a = b.asm
    a.move(CTX, Reg.R1)
    a.load(8, FILE, CTX, b.offset("bpf_iter__task_file.file"))
    a.jump(Jump.EQ, FILE, 0, "end")
    a.load(4, Reg.R1, CTX, b.offset("bpf_iter__task_file.fd"))
    a.jump(Jump.NE, Reg.R1, fd, "end")
    a.map_value(BUFFER, map_fd)
    a.load(8, _EVENT, FILE, b.offset("file.private_data"))
    _copy(b, _ATTR, b.offset("perf_event.attr"), _CPU - _ATTR)
    _copy(b, _CPU, b.offset("perf_event.cpu"), 4)
    for part in range(_TARGET, _SIZE, 4):
        a.zero(4, BUFFER, part)
    _pointer(b, b.offset("perf_event.hw.target"))
    a.jump(Jump.EQ, Reg.R3, 0, "no target")
    a.alu(Alu.ADD, Reg.R3, b.offset("task_struct.tgid"))
    b.probe(_TARGET, 4)
    a.label("no target")
    _pointer(b, b.offset("perf_event.pmu"))
    a.alu(Alu.ADD, Reg.R3, b.offset("pmu.name"))
    _load(b)
    a.move(Reg.R1, BUFFER, _PMU)
    a.set(Reg.R2, _PMU_MOST)
    a.call(_PROBE_READ_KERNEL_STR)
    b.follow(Reg.R1, CTX, "bpf_iter__task_file.meta.seq")
    a.move(Reg.R2, BUFFER)
    a.set(Reg.R3, _SIZE)
    a.call(_SEQ_WRITE)
    a.label("end")
    a.set(Reg.R0, 0)
    a.exit()
    return a.code()


def _copy(b: Builder, place: int, offset: int, size: int) -> None:
    """Copy from the event, for which the verifier has no type."""
    b.asm.move(Reg.R3, _EVENT, offset)
    b.probe(place, size)


def _pointer(b: Builder, offset: int) -> None:
    """r3 = the pointer at that offset of the event."""
    b.asm.move(Reg.R3, _EVENT, offset)
    _load(b)


def _load(b: Builder) -> None:
    """r3 = what r3 points to, by way of the stack."""
    a = b.asm
    a.move(Reg.R1, Reg.FP, -8)
    a.set(Reg.R2, 8)
    a.call(113)  # probe_read_kernel
    a.load(8, Reg.R3, Reg.FP, -8)
