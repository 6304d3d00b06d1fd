"""The one type of decoded facts that cross a process boundary or are printed as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fdtui.linux.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeAlias


Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
Info: TypeAlias = dict[str, Json]
