"""What every part of the program is made of: walks along BTF pointers, copies into the record."""

from __future__ import annotations

import os
import struct

from fdtui.linux.bpf.asm import Alu, Assembler, Reg
from fdtui.linux.bpf.btf import Chain, Kernel
from fdtui.linux.bpf.layout import HEAD, SOCK, TAIL, Place, places
from fdtui.linux.lean import NamedTuple

PROBE_READ_KERNEL = 113  # bpf-helpers(7), Linux 5.5
CTX, TASK, FILE, BUFFER = Reg.R6, Reg.R7, Reg.R8, Reg.R9  # they survive calls


class Match(NamedTuple):
    """Only descriptors of this inode and this device (the superblock's); None: any."""

    ino: int | None = None
    dev: int | None = None


class Options(NamedTuple):
    match: Match = Match()
    nested_pids: bool = False  # the reader is not in the initial pid namespace
    unix: bool = True  # peers and names of unix sockets (Linux 5.16)


class Builder:
    """Assembles one program for one kernel and one map."""

    def __init__(self, kernel: Kernel, options: Options) -> None:
        self.kernel = kernel
        self.options = options
        self.asm = Assembler()
        self.head = places(HEAD)
        self.sock = places(SOCK, TAIL)
        self.keys: tuple[int, int] = struct.unpack("=QQ", os.urandom(16))

    def offset(self, path: str) -> int:
        return self.kernel.chain(path).offset

    def follow(self, dst: Reg, base: Reg, path: str) -> None:
        """dst = the pointer at the end of `path`."""
        chain = self.kernel.chain(path)
        for offset in (*chain.pointers, chain.offset):
            self.asm.load(8, dst, base, offset)
            base = dst

    def walk(self, base: Reg, chain: Chain) -> Reg:
        """The register that holds the struct with the value: r3 after a pointer."""
        for pointer in chain.pointers:
            self.asm.load(8, Reg.R3, base, pointer)
            base = Reg.R3
        return base

    def value(self, base: Reg, path: str, place: Place) -> None:
        """Copy the value at `path` into the record, in steps of at most 8 bytes."""
        chain = self.kernel.chain(path)
        base = self.walk(base, chain)
        for part in range(0, place.size, 8):
            self.asm.load(min(chain.size, place.size, 8), Reg.R1, base, chain.offset + part)
            self.asm.store(min(8, place.size), BUFFER, place.offset + part, Reg.R1)

    def field(self, base: Reg, place: Place) -> None:
        if place.field.optional and not self.kernel.has(place.field.path):
            self.zero(place)
        else:
            self.value(base, place.field.path, place)

    def zero(self, place: Place) -> None:
        for part in range(0, place.size, 8):
            self.asm.zero(min(8, place.size), BUFFER, place.offset + part)

    def one(self, place: Place) -> None:
        self.asm.set(Reg.R1, 1)
        self.asm.store(place.size, BUFFER, place.offset, Reg.R1)

    def probe(self, offset: int, size: int) -> None:
        """Copy from r3, for which the verifier has no type; a fault leaves zeros."""
        self.asm.move(Reg.R1, BUFFER, offset)
        self.asm.set(Reg.R2, size)
        self.asm.call(PROBE_READ_KERNEL)

    def hide(self, place: Place) -> None:
        """Xor with a key, multiply by an odd key, fold: no two addresses become one number."""
        a = self.asm
        a.load(8, Reg.R1, BUFFER, place.offset)  # a number from here on, not a pointer
        a.wide(Reg.R2, self.keys[0])
        a.alu_reg(Alu.XOR, Reg.R1, Reg.R2)
        a.wide(Reg.R2, self.keys[1] | 1)
        a.alu_reg(Alu.MUL, Reg.R1, Reg.R2)
        a.move(Reg.R2, Reg.R1)
        a.alu(Alu.RSH, Reg.R2, 32)
        a.alu_reg(Alu.XOR, Reg.R1, Reg.R2)
        a.store(8, BUFFER, place.offset, Reg.R1)
