"""BTF, the kernel's own description of its types: type ids and member offsets, found lazily.

The type section of a kernel has some 120,000 records; decoding all of it costs 0.3 s, so records
are only indexed, once, as far as needed, and names are found by searching the string section.
"""

from __future__ import annotations

import struct
from bisect import bisect_left

from fdtui.linux.lean import NamedTuple

VMLINUX = "/sys/kernel/btf/vmlinux"

_MAGIC = 0xEB9F
_HEADER = struct.Struct("=H2xIIIII")
_POINTER, _ARRAY, _STRUCT, _UNION, _FUNC = 2, 3, 4, 5, 12
_MODIFIERS = (8, 9, 10, 11, 18)  # typedef, volatile, const, restrict, type tag
# words of a record by kind: fixed, and per member; the other kinds have three words
_WORDS = {
    1: (4, 0),
    _ARRAY: (6, 0),
    _STRUCT: (3, 3),
    _UNION: (3, 3),
    6: (3, 2),
    13: (3, 2),
    14: (4, 0),
    15: (3, 3),
    17: (4, 0),
    19: (3, 3),
}


class Missing(LookupError):
    """This kernel has no such type or member."""


class Chain(NamedTuple):
    """How to reach a value: pointers to follow, offset and bytes of the value (8 for arrays)."""

    pointers: tuple[int, ...]
    offset: int
    size: int


class Btf:
    """One BTF blob of this byte order (Documentation/bpf/btf.rst)."""

    def __init__(self, raw: bytes) -> None:
        magic, head, types_at, types_len, strings_at, _ = _HEADER.unpack_from(raw)
        if magic != _MAGIC:
            raise Missing("BTF of this byte order")
        self._raw = raw
        self._strings, self._types = head + strings_at, head + types_at
        self._words = memoryview(raw)[self._types : self._types + types_len].cast("I")
        self._positions = [0]  # word position of each type id
        self._next = 0
        self._steps: dict[int, int] = {}  # info word -> words of the record
        self._names: dict[str, int] = {}
        self._ids: dict[tuple[str, int], int] = {}

    def _index(self, position: int = -1, ident: int = -1) -> None:
        """Extend the index beyond a word position or up to a type id."""
        positions, words, steps, at = self._positions, self._words, self._steps, self._next
        end = len(words)
        while at < end and (at <= position or len(positions) <= ident):
            positions.append(at)
            info = words[at + 1]
            try:
                at += steps[info]
            except KeyError:
                fixed, per_member = _WORDS.get(info >> 24 & 31, (3, 0))
                steps[info] = fixed + per_member * (info & 0xFFFF)
                at += steps[info]
        self._next = at

    def _name(self, text: str) -> int:
        """Offset of a name in the string section."""
        at = self._names.get(text)
        if at is None:
            at = self._raw.find(b"\0" + text.encode() + b"\0", self._strings)
            if at < 0:
                raise Missing(text)
            at = self._names[text] = at + 1 - self._strings
        return at

    def _find(self, name: str, kind: int) -> int:
        """Type id of the record with that name and kind."""
        ident = self._ids.get((name, kind))
        if ident is None:
            ident = self._ids[name, kind] = self._search(name, kind)
        return ident

    def _search(self, name: str, kind: int) -> int:
        want, at = struct.pack("=I", self._name(name)), self._types - 1
        while (at := self._raw.find(want, at + 1, self._strings - 8)) >= 0:
            word, odd = divmod(at - self._types, 4)
            if odd or self._words[word + 1] >> 24 & 31 != kind:
                continue
            self._index(position=word)
            ident = bisect_left(self._positions, word, 1)
            if self._positions[ident : ident + 1] == [word]:  # not a member that looks like one
                return ident
        raise Missing(name)

    def function(self, name: str) -> int:
        """Type id of a kernel function, as programs are attached to it."""
        return self._find(name, _FUNC)

    def _resolve(self, ident: int) -> tuple[int, int]:
        """(position, kind) of a type without typedef, volatile, const, restrict and tags."""
        while True:
            self._index(ident=ident)
            at = self._positions[ident]
            kind = self._words[at + 1] >> 24 & 31
            if kind not in _MODIFIERS:
                return at, kind
            ident = self._words[at + 2]

    def _member(self, at: int, name: int) -> tuple[int, int] | None:
        """(byte offset, type id) of a member, also inside anonymous structs and unions."""
        words = self._words
        info = words[at + 1]
        for i in range(at + 3, at + 3 + 3 * (info & 0xFFFF), 3):
            bits = words[i + 2] & 0xFFFFFF if info >> 31 else words[i + 2]
            if words[i] == name:
                return bits >> 3, words[i + 1]
            if not words[i]:
                inner, kind = self._resolve(words[i + 1])
                if kind in (_STRUCT, _UNION) and (found := self._member(inner, name)):
                    return (bits >> 3) + found[0], found[1]
        return None

    def chain(self, path: str) -> Chain:
        """`file.f_inode.i_ino`: the struct, then members; a pointer member is followed."""
        start, *names = path.split(".")
        self._index(ident=(ident := self._find(start, _STRUCT)))
        at, kind = self._positions[ident], _STRUCT
        pointers: list[int] = []
        offset = 0
        for name in names:
            if kind == _POINTER:
                pointers.append(offset)
                offset, (at, kind) = 0, self._resolve(self._words[at + 2])
            if kind not in (_STRUCT, _UNION) or not (found := self._member(at, self._name(name))):
                raise Missing(path)
            offset += found[0]
            at, kind = self._resolve(found[1])
        size = 8 if kind in (_POINTER, _ARRAY) else self._words[at + 2]
        return Chain(tuple(pointers), offset, size)


Answers = tuple[dict[str, Chain | None], dict[str, int]]


class Kernel:
    """What programs ask of the running kernel; remembers answers, so the blob is read once."""

    def __init__(self, path: str = VMLINUX, known: Answers | None = None) -> None:
        """`known`: chains by path and ids of functions, as `answers` of an earlier one."""
        self._path = path
        self._btf: Btf | None = None
        self._chains, self._functions = known or ({}, {})
        self.told = known is not None  # by somebody else: may be wrong
        self.searched = False  # there are answers that `known` had not

    @property
    def answers(self) -> Answers:
        """Everything that was asked so far."""
        return self._chains, self._functions

    def _open(self) -> Btf:
        if self._btf is None:
            with open(self._path, "rb") as file:
                self._btf = Btf(file.read())
            self.searched = True
        return self._btf

    def chain(self, path: str) -> Chain:
        """As Btf.chain(); raises Missing."""
        if path not in self._chains:
            try:
                self._chains[path] = self._open().chain(path)
            except Missing:
                self._chains[path] = None
        found = self._chains[path]
        if found is None:
            raise Missing(path)
        return found

    def has(self, path: str) -> bool:
        try:
            self.chain(path)
        except Missing:
            return False
        return True

    def function(self, name: str) -> int:
        if name not in self._functions:
            self._functions[name] = self._open().function(name)
        return self._functions[name]

    def forget_blob(self) -> None:
        """Free the 8 MB of blob and index; the answers stay."""
        self._btf = None
        self.searched = False
