"""Colours: Textual's arithmetic in all its themes, legible on every tint, none without a word."""

from __future__ import annotations

import asyncio

import pytest
from rich.color import Color as RichColor
from textual.app import App, ComposeResult
from textual.theme import BUILTIN_THEMES
from textual.widget import Widget

from fdtui.render.spans import Role
from fdtui.tui.theme import _BACKGROUND, _FOREGROUND, Palette, Tint, palette_of

THEMES = sorted(BUILTIN_THEMES)
RGB_THEMES = [name for name in THEMES if not BUILTIN_THEMES[name].ansi]


def palette(name: str) -> Palette:
    theme = BUILTIN_THEMES[name]
    variables = {**theme.to_color_system().generate(), **theme.variables}
    return Palette(variables, ansi=theme.ansi, dark=theme.dark)


PAIRS: list[tuple[Role, Tint]] = [
    ("text", ""),
    ("muted", ""),
    ("faint", ""),
    ("accent", ""),
    ("attention", ""),
    ("danger", ""),
    ("good", ""),
    ("text", "bar"),
    ("muted", "bar"),
    ("faint", "bar"),
    ("text", "cursor"),
    ("text", "new"),
    ("text", "match"),
    ("text", "button"),
    ("text", "danger"),
]


class Components(Widget):
    """The same pairs as component classes, resolved by Textual."""

    COMPONENT_CLASSES = {f"pair-{index}" for index in range(len(PAIRS))}  # noqa: RUF012
    DEFAULT_CSS = "\n".join(
        f"Components > .pair-{index} {{ color: ${_FOREGROUND[role]}; "
        f"background: ${_BACKGROUND[tint]}; }}"
        for index, (role, tint) in enumerate(PAIRS)
    )


class Themed(App[None]):
    def compose(self) -> ComposeResult:
        yield Components()


def test_styles_are_those_of_component_classes_in_every_theme_of_rgb() -> None:
    async def main() -> None:
        app = Themed()
        async with app.run_test() as pilot:
            seen = set()
            for name in RGB_THEMES:
                app.theme = name
                await pilot.pause()
                ours = palette_of(app)
                seen.add(ours)
                for index, (role, tint) in enumerate(PAIRS):
                    theirs = app.query_one(Components).get_component_rich_style(f"pair-{index}")
                    mine = ours.style(role, tint)
                    assert (mine.color, mine.bgcolor) == (theirs.color, theirs.bgcolor), (
                        name,
                        role,
                        tint,
                    )
            assert len(seen) == len(RGB_THEMES)

    asyncio.run(main())


@pytest.mark.parametrize("name", THEMES)
def test_every_role_has_a_style_on_every_tint(name: str) -> None:
    styles = palette(name)
    for role in _FOREGROUND:
        for tint in _BACKGROUND:
            style = styles.style(role, tint)
            assert style.color is not None
            assert style.bgcolor is not None
            assert styles.style(role, tint) is style


def _luminance(color: RichColor | None) -> float:
    """Relative luminance, WCAG 2.2."""
    assert color is not None
    shares = [part / 255 for part in color.get_truecolor()]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(ink: RichColor | None, ground: RichColor | None) -> float:
    low, high = sorted((_luminance(ink), _luminance(ground)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", RGB_THEMES)
def test_text_is_legible_on_every_tint(name: str) -> None:
    styles = palette(name)
    for tint in _BACKGROUND:
        if tint == "behind":
            continue
        for role in _FOREGROUND:
            if role == "faint":
                continue
            style = styles.style(role, tint)
            least = 4.5 if role in {"text", "strong"} else 3.0
            if tint == "byte":
                least = 3.0
            assert _contrast(style.color, style.bgcolor) >= least, (role, tint)


@pytest.mark.parametrize("name", ["ansi-dark", "ansi-light"])
def test_terminal_palettes_use_only_the_colours_of_the_terminal(name: str) -> None:
    styles = palette(name)
    for role in _FOREGROUND:
        for tint in _BACKGROUND:
            style = styles.style(role, tint)
            assert style.color is not None
            assert style.color.is_system_defined or style.color.is_default
    assert styles.style("muted").dim
    assert styles.style("text", "new").color != styles.style("text").color
    assert styles.style("text", "changed").bgcolor != styles.style("text").bgcolor


def test_judgement_is_always_bold() -> None:
    for name in THEMES:
        for role in ("attention", "danger", "good", "key", "strong"):
            for tint in ("", "bar", "cursor", "new"):
                assert palette(name).style(role, tint).bold
