"""The one type of decoded facts that cross a process boundary or are printed as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | None | Sequence[Json] | Mapping[str, Json]"
Info: TypeAlias = dict[str, Json]
