"""The filter language of the screen, `ls -w` and `who`: text -> a closure over rows.

As in lsfd a comparison with a column that has no value is false, `!=` too; `not (...)` is not.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Generic, cast

from fdtui.linux.lean import TYPE_CHECKING
from fdtui.survey.columns import DESCRIPTORS, Column, Type, Vocabulary
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

__all__ = ["Filter", "FilterError", "compile_filter", "compile_words"]

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
    vocabulary: Vocabulary = DESCRIPTORS,
) -> Filter[R]:
    """Compile a filter; FilterError tells where a mistake is.  Blank text matches everything.

    `getter(name)` gives the function that takes a column's value from a row; rows are mappings
    by default.  `haystack` gives the lower-case text that plain words are looked for in; by
    default it is put together from the text columns of each row, which is slow for many rows.
    `vocabulary`: the columns that rows have.
    """
    if len(text) > MOST:
        raise FilterError(f"longer than {MOST} characters", MOST + 1)
    if not text.strip():
        return Filter(text, lambda row: True, frozenset())
    compiler = _Compiler(getter, haystack, vocabulary)
    return Filter(text, compiler.test(_parse(text)), frozenset(compiler.used))


def compile_words(
    text: str,
    getter: Callable[[str], Getter[R]],
    haystack: Getter[R],
    vocabulary: Vocabulary = DESCRIPTORS,
) -> Filter[R]:
    """Take every word as it stands, whatever signs are in it; all of them must occur.

    Of the columns only those that are true or false mean themselves.
    """
    compiler = _Compiler(getter, haystack, vocabulary)
    return Filter(text, compiler.words(text.split()), frozenset(compiler.used))


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

    def __init__(
        self,
        getter: Callable[[str], Getter[R]],
        haystack: Getter[R] | None,
        vocabulary: Vocabulary,
    ) -> None:
        self.used: set[str] = set()
        self._getter = getter
        self._haystack = haystack
        self._vocabulary = vocabulary

    def words(self, words: Sequence[str]) -> Test[R]:
        """All of these occur somewhere; a column that is true or false is true."""
        tests: list[Test[R]] = []
        for word in words:
            column = self._vocabulary.find(word)
            if column is not None and column.type is Type.BOOLEAN:
                tests.append(self._value(column))  # type: ignore[arg-type]  # true or false
            else:
                tests.append(self._anywhere(word.lower()))
        return lambda row: all(test(row) for test in tests)

    def test(self, tree: Tree[Token]) -> Test[R]:
        parts = cast("list[Tree[Token]]", tree.children)
        if tree.data == "comparison":
            left, sign, right = parts
            return self._comparison(self._operand(left), str(sign), self._operand(right))
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
        operand = self._operand(tree)
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
        vocabulary = self._vocabulary
        getters = [
            self._value(column) for name in vocabulary.texts if (column := vocabulary.find(name))
        ]

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
            raise self._unknown(left)
        value = self._value(left.column)
        if (
            right.column is not None
            and right.column.numeric is left.column.numeric
            and Type.BOOLEAN not in (right.column.type, left.column.type)
            and not sign.endswith("~")
        ):
            return compare_columns(value, sign, self._value(right.column))
        return compare(value, sign, left.column, right)

    def _operand(self, tree: Tree[Token]) -> Operand:
        token = cast("Token", tree.children[0])
        text, at = str(token), token.column or 1
        if token.type == "NAME":
            return Operand(self._vocabulary.find(text), text, at, False, text)
        if token.type == "NUMBER":
            return Operand(None, _number(text), at, False, text)
        if token.type == "BOOLEAN":
            return Operand(None, text.lower() == "true", at, False, text)
        return Operand(None, re.sub(r"\\([\"'])", r"\1", text[1:-1]), at, True, text)

    def _unknown(self, operand: Operand) -> FilterError:
        name = operand.value
        if operand.quoted or not isinstance(name, str):
            return FilterError("neither side of the comparison is a column", operand.at, "a column")
        whose = self._vocabulary.strangers(name)
        if whose:
            return FilterError(f"{name} is a column of {whose}", operand.at)
        expected = self._vocabulary.similar(name) or self._vocabulary.listed
        return FilterError(f"no column is called {name}", operand.at, expected)
