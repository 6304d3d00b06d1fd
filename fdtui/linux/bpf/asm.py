"""A small assembler for eBPF (Documentation/bpf/standardization/instruction-set.rst)."""

from __future__ import annotations

import struct
import sys
from enum import IntEnum


class Reg(IntEnum):
    """r0 result, r1-r5 arguments (lost in calls), r6-r9 survive calls, r10 the frame."""

    R0 = 0
    R1 = 1
    R2 = 2
    R3 = 3
    R4 = 4
    R5 = 5
    R6 = 6
    R7 = 7
    R8 = 8
    R9 = 9
    FP = 10


class Jump(IntEnum):
    ALWAYS = 0x05
    EQ = 0x15
    GT = 0x25
    NE = 0x55
    SGT = 0x65


class Alu(IntEnum):
    """64-bit operations on a register and an immediate; `| REGISTER` takes a register."""

    ADD = 0x07
    SUB = 0x17
    MUL = 0x27
    AND = 0x57
    LSH = 0x67
    RSH = 0x77
    XOR = 0xA7
    MOV = 0xB7


REGISTER = 0x08
_SIZES = {1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18}
_LITTLE = sys.byteorder == "little"
PSEUDO_MAP_VALUE = 2


def encode(code: int, dst: int = 0, src: int = 0, offset: int = 0, imm: int = 0) -> bytes:
    """One instruction of 8 bytes; the register nibbles swap with the byte order."""
    regs = dst | src << 4 if _LITTLE else dst << 4 | src
    return struct.pack("=BBhi", code, regs, offset, imm)


class Assembler:
    """Appends instructions; jumps name labels and are resolved by code()."""

    def __init__(self) -> None:
        self._code = bytearray()
        self._jumps: list[tuple[int, str]] = []
        self._labels: dict[str, int] = {}

    def load(self, size: int, dst: Reg, base: Reg, offset: int) -> None:
        self._code += encode(0x61 | _SIZES[size], dst, base, offset)

    def store(self, size: int, base: Reg, offset: int, src: Reg) -> None:
        self._code += encode(0x63 | _SIZES[size], base, src, offset)

    def zero(self, size: int, base: Reg, offset: int) -> None:
        self._code += encode(0x62 | _SIZES[size], base, 0, offset)

    def alu(self, op: Alu, dst: Reg, imm: int) -> None:
        self._code += encode(op, dst, 0, 0, imm)

    def alu_reg(self, op: Alu, dst: Reg, src: Reg) -> None:
        self._code += encode(op | REGISTER, dst, src)

    def move(self, dst: Reg, src: Reg, plus: int = 0) -> None:
        self.alu_reg(Alu.MOV, dst, src)
        if plus:
            self.alu(Alu.ADD, dst, plus)

    def set(self, dst: Reg, imm: int) -> None:
        self.alu(Alu.MOV, dst, imm)

    def wide(self, dst: Reg, value: int) -> None:
        """A 64-bit constant."""
        low, high = struct.unpack("=ii", struct.pack("=II", value & 0xFFFFFFFF, value >> 32))
        self._code += encode(0x18, dst, 0, 0, low) + encode(0, imm=high)

    def map_value(self, dst: Reg, map_fd: int) -> None:
        """Address of the only value of an array map (Linux 5.2)."""
        self._code += encode(0x18, dst, PSEUDO_MAP_VALUE, 0, map_fd) + encode(0)

    def call(self, helper: int) -> None:
        self._code += encode(0x85, imm=helper)

    def jump(self, condition: Jump, reg: Reg, imm: int, label: str) -> None:
        self._jumps.append((len(self._code), label))
        self._code += encode(condition, reg, 0, 0, imm)

    def jump_reg(self, condition: Jump, reg: Reg, other: Reg, label: str) -> None:
        self._jumps.append((len(self._code), label))
        self._code += encode(condition | REGISTER, reg, other)

    def label(self, name: str) -> None:
        if name in self._labels:
            raise ValueError(f"label {name} twice")
        self._labels[name] = len(self._code)

    def exit(self) -> None:
        self._code += encode(0x95)

    def code(self) -> bytes:
        """The instructions, jumps resolved (distance in instructions from the next one)."""
        for at, label in self._jumps:
            struct.pack_into("=h", self._code, at + 2, (self._labels[label] - at) // 8 - 1)
        return bytes(self._code)
