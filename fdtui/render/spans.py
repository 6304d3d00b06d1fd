"""Spans as the lower layers make them; `fdtui.linux.spans` is where they are defined."""

from fdtui.linux.spans import Role, Span, Spans

__all__ = ["Role", "Span", "Spans"]
