"""Arguments of actions: words of a command line -> numbers, bytes and names, or a clear refusal."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from fdtui.errors import WrongUsage

Value: TypeAlias = "int | str | bytes"
Args: TypeAlias = tuple[Value, ...]

MAX_OFFSET = 2**63 - 1  # off_t
MAX_TEXT = 64 << 20  # bytes of one TEXT, and of stdin
END = -1  # the offset `end`

LONGEST = 40  # characters of a number; int() itself refuses more than 4300 digits
_SIZE = re.compile(r"(0x[0-9a-f]+|[0-9]+)([kmgtpe]?)(?:i?b)?", re.IGNORECASE)
_SCALE = {letter: 1 << 10 * (place + 1) for place, letter in enumerate("kmgtpe")} | {"": 1}
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.?)", re.DOTALL)
_SHORT = {
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"a": b"\a",
    b"b": b"\b",
    b"e": b"\x1b",
    b"0": b"\0",
    b"\\": b"\\",
}


class Usage(WrongUsage):
    """The words of an action are wrong."""


class Argument(NamedTuple):
    """One word after the action's name; `example` is what a dialog shows in its empty field."""

    name: str
    parse: Callable[[str], Value]
    optional: bool = False
    example: str = ""
    repeated: bool = False  # this one and its neighbours, again and again


def parse_size(word: str) -> int:
    """Parse `4096` `0x1000` `4K` `2G`, base 1024; at most 2^63-1 bytes."""
    match = _SIZE.fullmatch(word.replace(",", "").replace("_", ""))
    if match is None or len(word) > LONGEST:
        raise Usage(f"not a number of bytes: {word}", "like 4096, 0x1000, 4K, 2G")
    digits, letter = match.groups()
    size = int(digits, 16 if digits[:2] in ("0x", "0X") else 10) * _SCALE[letter.lower()]
    if size > MAX_OFFSET:
        raise Usage(f"more than a file can have: {word}", "the largest offset is 2^63-1")
    return size


def parse_offset(word: str) -> int:
    """Parse a size, or `end` (as END)."""
    return END if word == "end" else parse_size(word)


def parse_text(word: str) -> bytes:
    r"""Parse text with the escapes \n \r \t \a \b \e \0 \\ \xHH into bytes; others are refused."""

    def unescape(match: re.Match[bytes]) -> bytes:
        escape = match.group(1)
        if len(escape) == 3:
            return bytes.fromhex(escape[1:].decode())
        if escape in _SHORT:
            return _SHORT[escape]
        raise Usage(f"no such escape: \\{os.fsdecode(escape)}", r"\n \r \t \a \b \e \0 \\ \xHH")

    return _ESCAPE.sub(unescape, os.fsencode(word))


def write_text(data: bytes) -> str:
    r"""Return the word that parse_text() turns into these bytes: printable ASCII, else \xHH.

    It never begins with `-`, so that a command line takes it for no option and not for stdin.
    """
    word = escaped(data)
    return "\\x2d" + word[1:] if word.startswith("-") else word


def escaped(data: bytes) -> str:
    r"""Return printable ASCII as it is, everything else as \xHH."""
    return "".join(
        "\\\\" if byte == 0x5C else chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}"
        for byte in data
    )


def parse_switch(word: str) -> int:
    """Parse `on` or `off`."""
    if word not in ("on", "off"):
        raise Usage(f"not on or off: {word}")
    return int(word == "on")


def parse_number(word: str) -> int:
    """Parse `on`, `off` or a whole number that fits a C int."""
    if word in ("on", "off"):
        return int(word == "on")
    if not re.fullmatch(r"-?[0-9]{1,10}", word) or not -(2**31) <= int(word) < 2**31:
        raise Usage(f"not a number, on or off: {word}")
    return int(word)


def one_of(*choices: str) -> Callable[[str], str]:
    """Make a parser of exactly these words."""

    def parse(word: str) -> str:
        if word not in choices:
            raise Usage(f"not one of {', '.join(choices)}: {word}")
        return word

    return parse


def parse_name(word: str) -> str:
    """Take a path, or @name of an abstract socket, as it is."""
    if not word or "\0" in word:
        raise Usage("an empty name, or one with a zero byte")
    return word


def parse_words(
    arguments: Sequence[Argument],
    words: Sequence[str],
    stdin: Callable[[], bytes] | None = None,
) -> Args:
    """Parse the words after an action's name; `-` for a TEXT calls `stdin`."""
    needed = sum(not argument.optional for argument in arguments)
    block = len(arguments)
    repeated = any(argument.repeated for argument in arguments)
    if len(words) < needed:
        missing = [argument.name for argument in arguments if not argument.optional][len(words) :]
        raise Usage(f"missing: {' '.join(missing)}", f"takes {usage(arguments)}")
    if (repeated and len(words) % block) or (not repeated and len(words) > block):
        raise Usage(
            f"too {'few' if repeated else 'many'} words: {len(words)}",
            f"takes {usage(arguments)}" if arguments else "takes none",
        )
    values: list[Value] = []
    for place, word in enumerate(words):
        argument = arguments[place % block]
        if word == "-" and argument.parse is parse_text and stdin is not None:
            values.append(stdin())
        else:
            values.append(argument.parse(word))
        if isinstance(value := values[-1], bytes) and len(value) > MAX_TEXT:
            raise Usage(f"{argument.name} is longer than {MAX_TEXT >> 20} MB")
    return tuple(values)


def usage(arguments: Sequence[Argument]) -> str:
    """Return `OFFSET TEXT`, `[SIZE]`, `OFFSET OLD NEW ...`."""
    words = [f"[{a.name}]" if a.optional else a.name for a in arguments]
    return " ".join(words) + (" ..." if any(a.repeated for a in arguments) else "")


def whole(args: Args, place: int, default: int = 0) -> int:
    """Return an argument that is a number."""
    value = args[place] if place < len(args) else default
    if not isinstance(value, int):
        raise Usage(f"a number was expected, not {value!r:.40}")
    return value


def raw(args: Args, place: int) -> bytes:
    """Return an argument that is bytes."""
    value = args[place]
    if not isinstance(value, bytes):
        raise Usage(f"bytes were expected, not {value!r:.40}")
    return value


def word_at(args: Args, place: int, default: str = "") -> str:
    """Return an argument that is a word."""
    value = args[place] if place < len(args) else default
    if not isinstance(value, str):
        raise Usage(f"a word was expected, not {value!r:.40}")
    return value
