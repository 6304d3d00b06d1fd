"""Comparisons of filters: one closure each, checked against the column's type beforehand."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import TypeVar

from fdtui.errors import FdtuiError
from fdtui.linux.lean import TYPE_CHECKING, NamedTuple
from fdtui.survey.columns import Column, Type, Value

if TYPE_CHECKING:
    from typing import Any


R = TypeVar("R")
Getter = Callable[[R], Value]
Test = Callable[[R], bool]

ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class FilterError(FdtuiError):
    """A mistake in a filter; `column` counts characters from 1, `text` is the whole of it."""

    def __init__(self, message: str, column: int, expected: str = "") -> None:
        super().__init__(f"filter, column {column}: {message}", expected)
        self.problem = message
        self.column = column
        self.expected = expected
        self.text = ""


class Operand(NamedTuple):
    """One side of a comparison, or a bare word; `value` of a column is its name."""

    column: Column | None
    value: Value
    at: int  # column in the text, from 1
    quoted: bool
    text: str  # as it was typed


def compare(value: Getter[R], sign: str, column: Column, right: Operand) -> Test[R]:
    """The test of a column's value against a constant."""
    if sign.endswith("~"):
        return _regex(value, sign, right)
    if column.type is Type.TEXT:
        return _text(value, sign, column, right)
    if column.type is Type.BOOLEAN:
        return _boolean(value, sign, column, right)
    return _numeric(value, sign, column, right)


def compare_columns(one: Getter[R], sign: str, other: Getter[R]) -> Test[R]:
    """The test of two columns of one type against each other."""
    ordered = ORDER[sign]

    def test(row: R) -> bool:
        a, b = one(row), other(row)
        if a is None or b is None or isinstance(a, str) != isinstance(b, str):
            return False
        return ordered(a, b)

    return test


def _tuples(one: Callable[[object], bool], negative: bool) -> Callable[[tuple[object, ...]], bool]:
    """One of the values does; for != and !~, all of them do."""
    join = all if negative else any
    return lambda values: bool(values) and join(map(one, values))


def _regex(value: Getter[R], sign: str, right: Operand) -> Test[R]:
    pattern = right.value if isinstance(right.value, str) else str(right.value)
    try:
        search = re.compile(pattern).search
    except re.error as error:
        at = right.at + (error.pos or 0) + right.quoted
        raise FilterError(f"not a regular expression: {error.msg}", at) from None
    negative = sign == "!~"

    def one(text: object) -> bool:
        return (search(str(text)) is None) is negative

    many = _tuples(one, negative)

    def test(row: R) -> bool:
        found = value(row)
        if type(found) is str:
            return (search(found) is None) is negative
        if found is None:
            return False
        return many(found) if isinstance(found, tuple) else one(found)

    return test


def _text(value: Getter[R], sign: str, column: Column, right: Operand) -> Test[R]:
    """Text compares as a whole, exactly; other signs than == and != by its characters."""
    if isinstance(right.value, bool):
        raise FilterError(f"{column.name} is text", right.at, "a quoted text")
    wanted = str(right.value)
    if column.normal is not None:
        wanted = column.normal(wanted)
    ordered = ORDER[sign]
    many = _tuples(lambda text: ordered(str(text), wanted), sign == "!=")

    def test(row: R) -> bool:
        found = value(row)
        if type(found) is str:
            return ordered(found, wanted)
        if found is None:
            return False
        return many(found) if isinstance(found, tuple) else ordered(str(found), wanted)

    return test


def _boolean(value: Getter[R], sign: str, column: Column, right: Operand) -> Test[R]:
    wanted = right.value
    if wanted in (0, 1) and not isinstance(wanted, str):
        wanted = bool(wanted)
    if not isinstance(wanted, bool) or sign not in ("==", "!="):
        raise FilterError(f"{column.name} is true or false", right.at, "== true or == false")
    expected = wanted is (sign == "==")

    def test(row: R) -> bool:
        found = value(row)
        return found is not None and bool(found) is expected

    return test


def _numeric(value: Getter[R], sign: str, column: Column, right: Operand) -> Test[R]:
    wanted = right.value
    if isinstance(wanted, str):
        try:
            wanted = int(wanted, 0)
        except ValueError:
            raise FilterError(f"{column.name} is a number", right.at, "a number") from None
    if isinstance(wanted, bool) or not isinstance(wanted, int | float):
        raise FilterError(f"{column.name} is a number", right.at, "a number")
    number: int | float = wanted
    ordered = ORDER[sign]
    many = _tuples(lambda one: ordered(one, number), sign == "!=")

    def test(row: R) -> bool:
        found = value(row)
        if type(found) is int or type(found) is float:
            return ordered(found, number)
        return isinstance(found, tuple) and many(found)

    return test
