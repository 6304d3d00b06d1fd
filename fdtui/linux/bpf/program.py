"""The iterator program: one record per descriptor, written to the seq file of the pass.

Every load follows BTF pointers, so the verifier knows the types and a bad pointer reads as 0.
Kernel addresses leave only as a keyed bijection: equal for equal files, useless otherwise.
"""

from __future__ import annotations

from fdtui.linux.bpf.asm import Alu, Jump, Reg
from fdtui.linux.bpf.btf import Kernel
from fdtui.linux.bpf.builder import (
    BUFFER,
    CTX,
    FILE,
    PROBE_READ_KERNEL,
    TASK,
    Builder,
    Options,
)
from fdtui.linux.bpf.layout import PATH_MAX, TAIL, More
from fdtui.linux.bpf.sockets import socket

# bpf-helpers(7), with the release that has each
SEQ_WRITE = 127  # 5.8
_D_PATH = 147  # 5.12 in iterators
_CURRENT_TASK_BTF = 158  # 5.11

_S_IFMT, _S_IFREG = 0o170000, 0o100000
_OWN_STAT = (0x794C7630, 0x9123683E, 0x50494446)  # s_magic of overlay, btrfs, pidfs
_HIDDEN = ("ofd", "table")


def _start(b: Builder, map_fd: int) -> None:
    a = b.asm
    a.move(CTX, Reg.R1)
    a.load(8, TASK, CTX, b.offset("bpf_iter__task_file.task"))
    a.load(8, FILE, CTX, b.offset("bpf_iter__task_file.file"))
    a.jump(Jump.EQ, TASK, 0, "end")  # the last call of a pass has neither
    a.jump(Jump.EQ, FILE, 0, "end")
    for path, wanted in (
        ("file.f_inode.i_ino", b.options.match.ino),
        ("file.f_inode.i_sb.s_dev", b.options.match.dev),
    ):
        if wanted is not None:
            chain = b.kernel.chain(path)
            a.load(chain.size, Reg.R1, b.walk(FILE, chain), chain.offset)
            a.wide(Reg.R2, wanted)
            a.jump_reg(Jump.NE, Reg.R1, Reg.R2, "end")
    a.map_value(BUFFER, map_fd)


def _fields(b: Builder) -> None:
    bases = {"task_struct": TASK, "file": FILE, "bpf_iter__task_file": CTX}
    for name, place in b.head.items():
        if name == "ofd":
            b.asm.store(8, BUFFER, place.offset, FILE)
        elif place.field.path:
            b.field(bases[place.field.path.partition(".")[0]], place)
        else:
            b.zero(place)
        if name in _HIDDEN:
            b.hide(place)


def reader_pids(b: Builder) -> None:
    """tgid and pid are numbers of the initial namespace: replace them by the reader's."""
    a = b.asm
    for name, path in (
        ("pid", "task_struct.group_leader.thread_pid"),
        ("tid", "task_struct.thread_pid"),
    ):
        a.call(_CURRENT_TASK_BTF)
        a.load(8, Reg.R1, Reg.R0, b.offset("task_struct.thread_pid"))
        a.load(4, Reg.R2, Reg.R1, b.offset("pid.level"))
        a.alu(Alu.LSH, Reg.R2, 4)  # sizeof(struct upid)
        b.follow(Reg.R3, TASK, path)
        a.alu(Alu.ADD, Reg.R3, b.offset("pid.numbers"))
        a.alu_reg(Alu.ADD, Reg.R3, Reg.R2)
        b.probe(b.head[name].offset, 4)


def _close_on_exec(b: Builder) -> None:
    """A bit of the table, not of the file: task->files->fdt->close_on_exec[fd / 64]."""
    a, fd = b.asm, b.head["fd"].offset
    b.follow(Reg.R3, TASK, "task_struct.files.fdt.close_on_exec")
    a.load(4, Reg.R1, BUFFER, fd)
    a.alu(Alu.RSH, Reg.R1, 6)
    a.alu(Alu.LSH, Reg.R1, 3)
    a.alu_reg(Alu.ADD, Reg.R3, Reg.R1)
    a.move(Reg.R1, Reg.FP, -8)
    a.set(Reg.R2, 8)
    a.call(PROBE_READ_KERNEL)
    a.load(8, Reg.R1, Reg.FP, -8)
    a.load(4, Reg.R2, BUFFER, fd)
    a.alu(Alu.AND, Reg.R2, 63)
    a.alu_reg(Alu.RSH, Reg.R1, Reg.R2)
    a.alu(Alu.AND, Reg.R1, 1)
    a.store(4, BUFFER, b.head["cloexec"].offset, Reg.R1)


def _mount(b: Builder) -> None:
    """f_path.mnt is part of a struct mount, which has the number fdinfo prints."""
    b.follow(Reg.R3, FILE, "file.f_path.mnt")
    distance = b.offset("mount.mnt_id") - b.offset("mount.mnt")
    b.asm.alu(Alu.ADD, Reg.R3, distance)
    b.probe(b.head["mnt_id"].offset, 4)


def _add_more(b: Builder, bit: More) -> None:
    place = b.head["more"]
    b.asm.load(4, Reg.R1, BUFFER, place.offset)
    b.asm.alu(Alu.ADD, Reg.R1, bit)
    b.asm.store(4, BUFFER, place.offset, Reg.R1)


def _more(b: Builder) -> None:
    """What only fdinfo prints: the file has a show_fdinfo, its inode had locks."""
    a = b.asm
    for bit, path in (
        (More.INFO, "file.f_op.show_fdinfo"),
        (More.LOCKS, "file.f_inode.i_flctx"),
    ):
        b.follow(Reg.R1, FILE, path)
        a.jump(Jump.EQ, Reg.R1, 0, path)
        _add_more(b, bit)
        a.label(path)


def _own_stat(b: Builder) -> None:
    """Where stat(2) may differ: file systems with a getattr of their own, promised blocks."""
    a = b.asm
    b.follow(Reg.R3, FILE, "file.f_inode.i_sb.s_magic")
    for magic in _OWN_STAT:
        a.wide(Reg.R1, magic)
        a.jump_reg(Jump.EQ, Reg.R3, Reg.R1, "own stat")
    a.load(2, Reg.R1, BUFFER, b.head["mode"].offset)
    a.alu(Alu.AND, Reg.R1, _S_IFMT)
    a.jump(Jump.NE, Reg.R1, _S_IFREG, "no own stat")
    # Blocks promised but not allocated yet (delayed allocation) are not in i_blocks.
    a.load(8, Reg.R1, BUFFER, b.head["size"].offset)
    a.load(8, Reg.R2, BUFFER, b.head["blocks"].offset)
    a.alu(Alu.LSH, Reg.R2, 9)
    a.jump_reg(Jump.GT, Reg.R1, Reg.R2, "own stat")
    a.jump(Jump.ALWAYS, Reg.R0, 0, "no own stat")
    a.label("own stat")
    _add_more(b, More.STAT)
    a.label("no own stat")


def _alone(b: Builder) -> None:
    """Nobody else has the table, nor the file but for this pass, which keeps a reference."""
    a = b.asm
    b.follow(Reg.R1, TASK, "task_struct.files")
    a.load(4, Reg.R1, Reg.R1, b.offset("files_struct.count.counter"))
    a.jump(Jump.NE, Reg.R1, 1, "perhaps shared")
    # From Linux 6.13 on the first reference is not counted.
    for path, two in (("file.f_ref.refcnt.counter", 1), ("file.f_count.counter", 2)):
        if b.kernel.has(path):
            a.load(b.kernel.chain(path).size, Reg.R1, FILE, b.offset(path))
            a.jump(Jump.NE, Reg.R1, two, "perhaps shared")
            b.one(b.head["alone"])
            break
    a.label("perhaps shared")


def _path(b: Builder) -> None:
    """What readlink of /proc/PID/fd/N gives; empty if it has more than PATH_MAX bytes."""
    a = b.asm
    a.move(Reg.R1, FILE, b.offset("file.f_path"))
    a.move(Reg.R2, BUFFER, TAIL)
    a.set(Reg.R3, PATH_MAX)
    a.call(_D_PATH)
    a.jump(Jump.SGT, Reg.R0, PATH_MAX, "no path")
    a.jump(Jump.SGT, Reg.R0, 0, "path")
    a.label("no path")
    a.set(Reg.R0, 0)
    a.label("path")
    a.store(2, BUFFER, b.head["length"].offset, Reg.R0)
    a.move(Reg.R3, Reg.R0, TAIL + 7)
    a.alu(Alu.AND, Reg.R3, 0x1FF8)  # whole words, and a bound the verifier can see


def _write(b: Builder) -> None:
    a = b.asm
    a.label("write")
    b.follow(Reg.R1, CTX, "bpf_iter__task_file.meta.seq")
    a.move(Reg.R2, BUFFER)
    a.call(SEQ_WRITE)
    a.label("end")
    a.set(Reg.R0, 0)
    a.exit()


def assemble(kernel: Kernel, map_fd: int, options: Options) -> bytes:
    """The program for this kernel; raises btf.Missing when it lacks a type or member."""
    b = Builder(kernel, options)
    _start(b, map_fd)
    _fields(b)
    if options.nested_pids:
        reader_pids(b)
    _close_on_exec(b)
    _mount(b)
    _more(b)
    _own_stat(b)
    _alone(b)
    socket(b)
    _path(b)
    _write(b)
    return b.asm.code()
