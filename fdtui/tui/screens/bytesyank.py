"""Bytes as they are pasted elsewhere: hex, text, a C array, Python bytes, their offset."""

from __future__ import annotations

from fdtui.tui.screens.yank import Choice

_PER_LINE = 12  # bytes in a line of a C array


def c_array(data: bytes) -> str:
    """`unsigned char bytes[3] = {...};`."""
    rows = [data[start : start + _PER_LINE] for start in range(0, len(data), _PER_LINE)]
    body = ",\n".join("    " + ", ".join(f"0x{byte:02x}" for byte in row) for row in rows)
    return f"unsigned char bytes[{len(data)}] = {{\n{body}\n}};\n"


def byte_choices(data: bytes, offset: int) -> list[Choice]:
    """What can be copied of some bytes; nothing but the offset where there are none."""
    where = Choice("o", "offset", f"{offset:#x}")
    if not data:
        return [where]
    return [
        Choice("h", "hex", data.hex(" ")),
        Choice("t", "text", data.decode(errors="replace")),
        Choice("c", "C array", c_array(data)),
        Choice("b", "Python bytes", repr(data)),
        where,
    ]
