"""The options of a command as data.  argparse reads them; what needs no parser is read without.

argparse is a fifth of the time of a command that lists one process.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

from fdtui.linux.lean import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    import argparse


_INT_MAX, _DIGITS = (1 << 31) - 1, 10


class Option(NamedTuple):
    """An option: a flag, or with a metavar or choices one that takes a value."""

    names: tuple[str, ...]
    help: str
    metavar: str | None = None
    choices: tuple[str, ...] | None = None
    default: str | None = None
    number: bool = False
    many: bool = False  # given more than once, all count: a list
    excludes: bool = False  # only one of those that exclude each other

    @property
    def key(self) -> str:
        """The attribute that holds its value."""
        return self.names[-1].removeprefix("--").replace("-", "_")

    @property
    def flag(self) -> bool:
        """Does it take no value?"""
        return self.metavar is None and self.choices is None


def number(text: str) -> int:
    """Parse what a process or descriptor can be called by; ValueError for anything else.

    The kernel takes an int, and of what is longer the lower half: another descriptor.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise ValueError(text)
    value = int(text)
    if value > _INT_MAX:
        raise ValueError(text)
    return value


def declare(parser: argparse.ArgumentParser, options: Sequence[Option]) -> None:
    """Add the options to a parser."""
    group = parser.add_mutually_exclusive_group()
    for option in options:
        add = (group if option.excludes else parser).add_argument
        if option.flag:
            add(*option.names, action="store_true", help=option.help)
        else:
            add(
                *option.names,
                action="append" if option.many else "store",
                type=number if option.number else str,
                metavar=option.metavar,
                choices=option.choices,
                default=option.default,
                help=option.help,
            )


def without_parser(
    options: Sequence[Option], arguments: Sequence[str]
) -> argparse.Namespace | None:
    """What the parser makes of whole names with plain values after them; None for all else.

    So mistakes, --help, abbreviations, `-p1` and `--pid=1` are the parser's.
    """
    found: dict[str, object] = {
        option.key: False if option.flag else option.default for option in options
    }
    known = {name: option for option in options for name in option.names}
    words = iter(arguments)
    exclusive = set()
    for word in words:
        option = known.get(word)
        if option is None:
            return None
        if option.excludes:
            exclusive.add(option.key)
        if option.flag:
            found[option.key] = True
            continue
        text = next(words, "-")
        value: str | int = text
        if text.startswith("-") or (option.choices and text not in option.choices):
            return None
        if option.number:
            try:
                value = number(text)
            except ValueError:
                return None
        if option.many:
            before = found[option.key]
            found[option.key] = [*before, value] if isinstance(before, list) else [value]
        else:
            found[option.key] = value
    if len(exclusive) > 1:
        return None
    return cast("argparse.Namespace", SimpleNamespace(**found))
