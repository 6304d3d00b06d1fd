"""Which processes have a file mapped: the task_vma iterator (Linux 5.13), one pass over all.

Reading /proc/PID/maps of a thousand processes and searching it costs 80 ms, this 5.
"""

from __future__ import annotations

import errno
import struct

from fdtui.errors import CallFailed
from fdtui.linux.bpf import calls
from fdtui.linux.bpf.asm import Jump, Reg
from fdtui.linux.bpf.btf import Kernel, Missing
from fdtui.linux.bpf.builder import BUFFER, CTX, TASK, Builder, Options
from fdtui.linux.bpf.layout import RECORD_MAX
from fdtui.linux.bpf.program import SEQ_WRITE, reader_pids

_NAME = b"fdtui_vma"
_VMA = Reg.R8
_PID = struct.Struct("=I")


def _assemble(kernel: Kernel, map_fd: int, ino: int, nested: bool) -> bytes:
    """Write tgid once for every mapping of an inode of that number."""
    b = Builder(kernel, Options(nested_pids=nested))
    a, pid = b.asm, b.head["pid"]
    a.move(CTX, Reg.R1)
    a.load(8, TASK, CTX, b.offset("bpf_iter__task_vma.task"))
    a.load(8, _VMA, CTX, b.offset("bpf_iter__task_vma.vma"))
    a.jump(Jump.EQ, TASK, 0, "end")  # the last call of a pass has neither
    a.jump(Jump.EQ, _VMA, 0, "end")
    chain = kernel.chain("vm_area_struct.vm_file.f_inode.i_ino")
    a.load(chain.size, Reg.R1, b.walk(_VMA, chain), chain.offset)
    a.wide(Reg.R2, ino)
    a.jump_reg(Jump.NE, Reg.R1, Reg.R2, "end")
    a.map_value(BUFFER, map_fd)
    b.field(TASK, pid)
    if nested:
        reader_pids(b)
    b.follow(Reg.R1, CTX, "bpf_iter__task_vma.meta.seq")
    a.move(Reg.R2, BUFFER, pid.offset)
    a.set(Reg.R3, _PID.size)
    a.call(SEQ_WRITE)
    a.label("end")
    a.set(Reg.R0, 0)
    a.exit()
    return a.code()


def mappers(kernel: Kernel, ino: int, nested: bool) -> list[int]:
    """Return the processes that map a file whose inode has that number, on any file system.

    CallFailed where this kernel has no such iterator.  Kernel threads and what has ended are not
    among them.
    """
    try:
        attach_id = kernel.function("bpf_iter_task_vma")
        with calls.array_map(RECORD_MAX, _NAME) as buffer:
            code = _assemble(kernel, buffer.fileno(), ino, nested)
            with (
                calls.load_iterator(code, attach_id, _NAME) as program,
                calls.link_iterator(program) as link,
                calls.create_iterator(link) as one_pass,
            ):
                found = b"".join(calls.read_pass(one_pass))
                return sorted({pid for (pid,) in _PID.iter_unpack(found)})
    except Missing as missing:
        raise CallFailed("btf", errno.ENOENT, f"this kernel has no {missing}") from missing
    except OSError as refused:
        raise CallFailed("bpf(BPF_PROG_LOAD)", refused) from refused
