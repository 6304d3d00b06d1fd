"""Reading back what was decoded: `Info` is JSON, so every value is checked where it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fdtui.linux.json_types import Info, Json
from fdtui.linux.spans import Role, Span, Spans


def integer(info: Mapping[str, Json], key: str) -> int | None:
    """Return a whole number, None when it is not known."""
    value = info.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(info: Mapping[str, Json], key: str) -> float | None:
    """Return a number, None when it is not known."""
    value = info.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def text(info: Mapping[str, Json], key: str) -> str:
    """Return a text, empty when it is not known."""
    value = info.get(key)
    return value if isinstance(value, str) else ""


def words(info: Mapping[str, Json], key: str) -> list[str]:
    """Return a list of words or numbers as text."""
    value = info.get(key)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [str(item) for item in value]
    return []


def objects(info: Mapping[str, Json], key: str) -> list[Info]:
    """Return a list of objects."""
    value = info.get(key)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [dict(item) for item in value if isinstance(item, Mapping)]
    return []


def nested(info: Mapping[str, Json], key: str) -> Info:
    """Return an object, empty when it is not known."""
    value = info.get(key)
    return dict(value) if isinstance(value, Mapping) else {}


def line(*parts: str | Span, role: Role = "text") -> Spans:
    """Make spans of texts; plain ones take the role."""
    return tuple(part if isinstance(part, Span) else Span(part, role) for part in parts)


def muted(value: str) -> Span:
    """A comment."""
    return Span(value, "muted")


def strong(value: str) -> Span:
    """An identity or a state word."""
    return Span(value, "strong")
