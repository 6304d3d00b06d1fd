"""The filter language of the screen, `ls -w` and `who`: text -> a closure over rows.

As in lsfd a comparison with a column that has no value is false, `!=` too; `not (...)` is not.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Generic, cast

from fdtui.survey import columns
from fdtui.survey.columns import Column, Type
from fdtui.survey.comparisons import (
    FilterError,
    Getter,
    Operand,
    R,
    Test,
    compare,
    compare_columns,
)

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

__all__ = ["Filter", "FilterError", "compile_filter", "complete", "completions"]

MOST = 1024  # characters, as in lsfd
_WORDS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_SWAPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_EXPECTED = {
    "OPERATOR": "a comparison (== != < <= > >= =~ !~)",
    "_RPAR": ")",
    "_LPAR": "(",
    "NAME": "a column, a word or a value",
    "_AND": "and",
    "_OR": "or",
    "$END": "the end",
}


class Filter(Generic[R]):
    """A compiled filter; `columns` are those whose values it asks for."""

    __slots__ = ("columns", "matches", "text")

    def __init__(self, text: str, matches: Test[R], used: frozenset[str]) -> None:
        self.text = text
        self.matches = matches
        self.columns = used


def _item(name: str) -> Getter[R]:
    return cast("Getter[R]", operator.itemgetter(name))


def compile_filter(
    text: str,
    getter: Callable[[str], Getter[R]] = _item,
    haystack: Getter[R] | None = None,
) -> Filter[R]:
    """Compile a filter; FilterError tells where a mistake is.  Blank text matches everything.

    `getter(name)` gives the function that takes a column's value from a row; rows are mappings
    by default.  `haystack` gives the lower-case text that plain words are looked for in; by
    default it is put together from the text columns of each row, which is slow for many rows.
    """
    if len(text) > MOST:
        raise FilterError(f"longer than {MOST} characters", MOST + 1)
    if not text.strip():
        return Filter(text, lambda row: True, frozenset())
    compiler = _Compiler(getter, haystack)
    return Filter(text, compiler.test(_parse(text)), frozenset(compiler.used))


@cache
def _parser() -> Lark:
    """Build the parser once (40 ms with the import)."""
    from lark import Lark

    grammar = Path(__file__).with_name("filter_grammar.lark").read_text()
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _parse(text: str) -> Tree[Token]:
    from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken

    try:
        return _parser().parse(text)
    except UnexpectedCharacters as error:
        found = text[error.pos_in_stream or 0]
        if found in "\"'":
            raise FilterError("a quotation mark is not closed", error.column, found) from None
        if found == "=":
            raise FilterError("= is no comparison", error.column, "== or =~") from None
        expected = _expected(error.allowed or set())
        raise FilterError(f"unexpected {found}", error.column, expected) from None
    except UnexpectedToken as error:
        expected = _expected(error.accepts or error.expected)
        if error.token.type == "$END":
            raise FilterError("it ends too early", len(text) + 1, expected) from None
        raise FilterError(f"unexpected {error.token}", error.column, expected) from None
    except UnexpectedEOF as error:
        raise FilterError("it ends too early", len(text) + 1, _expected(error.expected)) from None


def _expected(terminals: Iterable[str]) -> str:
    """The terminals in words, most telling first."""
    return " or ".join(words for name, words in _EXPECTED.items() if name in terminals)


def _operand(tree: Tree[Token]) -> Operand:
    token = cast("Token", tree.children[0])
    text, at = str(token), token.column or 1
    if token.type == "NAME":
        return Operand(columns.find(text), text, at, False, text)
    if token.type == "NUMBER":
        return Operand(None, _number(text), at, False, text)
    if token.type == "BOOLEAN":
        return Operand(None, text.lower() == "true", at, False, text)
    return Operand(None, re.sub(r"\\([\"'])", r"\1", text[1:-1]), at, True, text)


def _number(text: str) -> int | float:
    """`4096`, `0x10`, `1.5`, `4K`, `4KiB` (1024), `4KB` (1000)."""
    lower = text.lower()
    if lower.startswith("0x"):
        return int(lower, 16)
    digits = lower.rstrip("kmgtpib")
    unit = lower[len(digits) :]
    value = float(digits) if "." in digits else int(digits)
    factor = 1
    if unit:
        base = 1000 if unit[1:] == "b" else 1024
        for _ in range("kmgtp".index(unit[0]) + 1):
            factor *= base
    return value * factor


class _Compiler(Generic[R]):
    """Turns a tree into nested closures; notes the columns it meets."""

    def __init__(self, getter: Callable[[str], Getter[R]], haystack: Getter[R] | None) -> None:
        self.used: set[str] = set()
        self._getter = getter
        self._haystack = haystack

    def test(self, tree: Tree[Token]) -> Test[R]:
        parts = cast("list[Tree[Token]]", tree.children)
        if tree.data == "comparison":
            left, sign, right = parts
            return self._comparison(_operand(left), str(sign), _operand(right))
        if tree.data == "bare":
            return self._bare(parts[0])
        tests = [self.test(part) for part in parts]
        if tree.data == "negation":
            inner = tests[0]
            return lambda row: not inner(row)
        if len(tests) == 2:
            first, second = tests
            if tree.data == "any":
                return lambda row: first(row) or second(row)
            return lambda row: first(row) and second(row)
        if tree.data == "any":
            return lambda row: any(test(row) for test in tests)
        return lambda row: all(test(row) for test in tests)

    def _value(self, column: Column) -> Getter[R]:
        self.used.add(column.name)
        return self._getter(column.name)

    def _bare(self, tree: Tree[Token]) -> Test[R]:
        """A column: true or not empty.  Anything else: a word that occurs somewhere."""
        operand = _operand(tree)
        if operand.column is not None:
            value = self._value(operand.column)
            if operand.column.type is Type.BOOLEAN:
                return lambda row: bool(value(row))
            return lambda row: value(row) not in (None, "", ())
        if isinstance(operand.value, bool):
            constant = operand.value
            return lambda row: constant
        return self._anywhere((str(operand.value) if operand.quoted else operand.text).lower())

    def _anywhere(self, word: str) -> Test[R]:
        if self._haystack is not None:
            text = self._haystack
            return lambda row: word in str(text(row))
        getters = [self._value(column) for name in columns.TEXTS if (column := columns.find(name))]

        def found(row: R) -> bool:
            for get in getters:
                value = get(row)
                if value is not None and word in str(value).lower():
                    return True
            return False

        return found

    def _comparison(self, left: Operand, sign: str, right: Operand) -> Test[R]:
        sign = _WORDS.get(sign.lower(), sign)
        if left.column is None and right.column is not None and not sign.endswith("~"):
            left, right, sign = right, left, _SWAPPED.get(sign, sign)
        if left.column is None:
            raise _unknown(left)
        value = self._value(left.column)
        if (
            right.column is not None
            and right.column.numeric is left.column.numeric
            and Type.BOOLEAN not in (right.column.type, left.column.type)
            and not sign.endswith("~")
        ):
            return compare_columns(value, sign, self._value(right.column))
        return compare(value, sign, left.column, right)


def _unknown(operand: Operand) -> FilterError:
    if operand.quoted or not isinstance(operand.value, str):
        return FilterError("neither side of the comparison is a column", operand.at, "a column")
    similar = columns.similar(operand.value)
    return FilterError(
        f"no column is called {operand.value}",
        operand.at,
        similar if similar else "fdtui ls --list-columns",
    )


def complete(text: str, cursor: int | None = None) -> list[str]:
    """What the word before the cursor could become; [] where nothing is known.

    Columns where one may stand, values of a column with few of them, else and, or, not.
    """
    before = text if cursor is None else text[:cursor]
    word = _LAST_WORD.search(before)
    assert word is not None
    fragment, rest = word[0], before[: word.start()].rstrip()
    if rest.count('"') % 2 or rest.count("'") % 2:
        return []
    comparison = _COMPARED.search(rest)
    quote = fragment[:1] if fragment[:1] in "\"'" else ""
    wanted = fragment.lstrip("\"'").lower()
    if comparison:
        column = columns.find(comparison[1])
        values = column.values if column else ()
        return [f"{quote}{v}{quote}" for v in values if v.lower().startswith(wanted)]
    if quote:
        return []
    if not fragment and rest and not _WANTS_NAME.search(rest):
        return [*_signs(rest), "and", "or"]
    capitals = fragment.isupper()
    found = [name for name in columns.names() if name.lower().startswith(wanted)]
    if not capitals:
        found = [name for name in found if not name.isupper()] or found
    if rest and not _WANTS_NAME.search(rest):
        found = [name for name in ("and", "or") if name.startswith(wanted)] + found
    return found


def completions(text: str, cursor: int) -> tuple[int, list[str]]:
    """Where the word before the cursor starts, and what it could become."""
    word = _LAST_WORD.search(text[:cursor])
    assert word is not None
    return word.start(), complete(text, cursor)


def _signs(rest: str) -> tuple[str, ...]:
    """Comparisons that fit the column this text ends with; none where it is a value."""
    word = _LAST_WORD.search(rest)
    column = columns.find(word[0]) if word else None
    if column is None or column.type is Type.BOOLEAN or _HAS_SIGN.search(rest):
        return ()
    return ("==", "!=", "=~", "!~") if column.type is Type.TEXT else ("==", "!=", *_SWAPPED)


_LAST_WORD = re.compile(r"""["']?[^\s()"'=!<>&|~]*$""")
_COMPARED = re.compile(r"""([^\s()"'=!<>&|]+)\s*(?:==|!=|\b(?:eq|ne))$""", re.IGNORECASE)
_HAS_SIGN = re.compile(r"(?:[=<>~]|\b(?:eq|ne|lt|le|gt|ge))\s*[^\s()]*$", re.IGNORECASE)
_WANTS_NAME = re.compile(r"(?:\(|&&|\|\||!|\b(?:and|or|not))$", re.IGNORECASE)
