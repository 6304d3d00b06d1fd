"""Which colour a role has on a tint, from theme variables only; every widget paints with this.

Styles are resolved here and not by component classes: those would be worked out for each role, tint
and widget at every style update, and the first paint has no time for that. The arithmetic is
Textual's own, and a test holds the two together in all built-in themes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias
from weakref import WeakKeyDictionary

from rich.color import Color as RichColor
from rich.style import Style
from textual.app import App
from textual.color import Color

from fdtui.render.spans import Role

Tint: TypeAlias = Literal[
    "",  # the background of everything
    "bar",  # title and status
    "cursor",  # the selected row, the button that enter presses
    "new",  # a row that was not there before
    "changed",  # bytes that differ from the last look
    "match",  # what a search found
    "current",  # the match that n and N move
    "byte",  # the byte cursor
    "button",
    "danger",  # the button that changes the target
    "behind",  # a screen under a dialog
]

_BACKGROUND: dict[Tint, str] = {
    "": "background",
    "bar": "surface",
    "cursor": "primary-muted",
    "new": "success-muted",
    "changed": "success-muted",
    "match": "warning-muted",
    "current": "warning-muted",
    "byte": "foreground",
    "button": "panel",
    "danger": "error-muted",
    "behind": "background",
}
_ANSI_BACKGROUND: dict[Tint, str] = {
    "": "background",
    "bar": "scrollbar-background",
    "cursor": "block-cursor-background",
    "new": "background",
    "changed": "success",
    "match": "warning",
    "current": "warning",
    "byte": "block-cursor-background",
    "button": "scrollbar-background",
    "danger": "error",
    "behind": "background",
}
_FOREGROUND: dict[Role, str] = {
    "text": "text",
    "strong": "text",
    "muted": "text-muted",
    "faint": "text-disabled",
    "accent": "text-primary",
    "key": "text-primary",
    "attention": "text-warning",
    "danger": "text-error",
    "good": "text-success",
}
_BOLD: frozenset[Role] = frozenset({"strong", "key", "attention", "danger", "good"})
_SEMANTIC: frozenset[Role] = frozenset({"attention", "danger", "good"})
# Tints on which muted and coloured text would be hard to read: measured 3.2 to 3.4 : 1.
_LOUD: frozenset[Tint] = frozenset({"cursor", "new", "changed", "match", "current", "danger"})
_SWAPPED: frozenset[Tint] = frozenset({"cursor", "changed", "match", "current", "byte", "danger"})


def _split(value: str) -> tuple[str, float]:
    """A variable's colour and its alpha: `auto 60%`, `ansi_blue 50%`, `#0C304C`."""
    name, _, share = value.partition(" ")
    return name, float(share.rstrip("%")) / 100 if share else 1.0


class Palette:
    """The styles of one theme, made when first asked for."""

    def __init__(self, variables: Mapping[str, str], *, ansi: bool, dark: bool) -> None:
        self.ansi = ansi
        self._variables = variables
        self._accent = ("secondary" if dark else "primary") if ansi else "text-primary"
        self._styles: dict[tuple[Role, Tint], Style] = {}
        self._struck: dict[Tint, Style] = {}
        self.track = Style.from_color(None, self._solid("background" if ansi else "surface"))
        self.thumb = Style.from_color(None, self._solid("scrollbar"))

    def style(self, role: Role = "text", tint: Tint = "") -> Style:
        """The style of `role` on `tint`."""
        style = self._styles.get((role, tint))
        if style is None:
            style = self._styles[role, tint] = self._make(role, tint)
        return style

    def marked(self, role: Role = "accent") -> Style:
        """The style of a character that lies at the target's own offset."""
        return self.style(role) + Style(bold=True, underline=True)

    def struck(self, tint: Tint = "") -> Style:
        """The style of what a closed row says."""
        style = self._struck.get(tint)
        if style is None:
            style = self._struck[tint] = self.style("muted", tint) + Style(strike=True)
        return style

    def _make(self, role: Role, tint: Tint) -> Style:
        quiet = role == "faint"
        role = self._heard(role, tint)
        bold = role in _BOLD or tint == "current" or None
        under = tint in {"match", "current"} or None
        if self.ansi:
            return self._make_ansi(role, tint, bold, under, quiet)
        background = self._color(_BACKGROUND[tint])
        if tint == "byte":
            ink = self._color("background")
        else:
            name, alpha = _split(self._variables[_FOREGROUND[role]])
            if name == "auto":
                ink = background.get_contrast_text(alpha)
            else:
                ink = Color.parse(name).with_alpha(alpha)
        ink = background + ink
        return Style.from_color(ink.rich_color, background.rich_color) + Style(
            bold=bold, underline=under
        )

    def _make_ansi(
        self, role: Role, tint: Tint, bold: bool | None, under: bool | None, quiet: bool
    ) -> Style:
        dim = None
        if tint in _SWAPPED:
            ink = self._solid("block-cursor-foreground")
        elif tint == "new":
            ink, dim = self._solid("success"), quiet or None
        elif role in {"accent", "key"}:
            ink = self._solid(self._accent)
        else:
            ink = self._solid(_FOREGROUND[role])
            dim = role in {"muted", "faint"} or None
        return Style.from_color(ink, self._solid(_ANSI_BACKGROUND[tint])) + Style(
            bold=bold, underline=under, dim=dim
        )

    @staticmethod
    def _heard(role: Role, tint: Tint) -> Role:
        """The role that is still legible on `tint`; what was coloured stays bold."""
        if tint == "behind":
            return "faint"
        if tint in {"bar", "button"}:
            return "strong" if role in _SEMANTIC else role
        if tint in _LOUD:
            if role == "faint":
                return "muted"
            if role == "muted":
                return "text"
            if role in _SEMANTIC or role == "key":
                return "strong"
        return role

    def _color(self, variable: str) -> Color:
        name, alpha = _split(self._variables[variable])
        return Color.parse(name).with_alpha(alpha)

    def _solid(self, variable: str) -> RichColor:
        """The colour of a variable for Rich, without its alpha: that means nothing under ansi."""
        name, _ = _split(self._variables[variable])
        return Color.parse(name).rich_color


_palettes: WeakKeyDictionary[App[Any], tuple[Mapping[str, str], Palette]] = WeakKeyDictionary()


def palette_of(app: App[Any]) -> Palette:
    """The palette of the theme that `app` shows now; a new object after every change of theme."""
    variables = app.theme_variables
    known = _palettes.get(app)
    if known is not None and known[0] is variables:
        return known[1]
    theme = app.current_theme
    palette = Palette(variables, ansi=theme.ansi, dark=theme.dark)
    _palettes[app] = (variables, palette)
    return palette
