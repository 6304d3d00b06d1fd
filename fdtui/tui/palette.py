"""The palette: go to a process, to a place, to any key's action by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from fdtui.render.safe import safe
from fdtui.tui.screens.help import keys_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fdtui.tui.app import FdtuiApp


_MEANT = frozenset({"table.filter", "table.reverse", "place.freeze", "place.keys"})


class Palette(CommandPalette):
    """Textual's own, with page keys that may come before its list has lines."""

    def _action_command_list(self, action: str) -> None:
        with suppress(KeyError):  # OptionList._move_page of textual 8.2.8 before a layout
            super()._action_command_list(action)


class Everything(Provider):
    """Places, the screen's own actions, and `pid` for the processes."""

    @property
    def _app(self) -> FdtuiApp:
        return cast("FdtuiApp", self.app)

    def _commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        for mode, title in (("processes", "Processes"), ("machine", "Machine"), ("held", "Held")):
            yield f"go to {title}", "a place", partial(self._app.action_place, mode)
        keys = {word: " or ".join(key.split()) for key, word in keys_of(self.screen)}
        seen = set()
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if not binding.id or binding.description not in keys or binding.description in seen:
                continue
            if binding.id.startswith(("table.", "place.")) and binding.id not in _MEANT:
                continue  # moving about is quicker by key
            seen.add(binding.description)
            yield (
                binding.description,
                f"the key {keys[binding.description]}",
                partial(self.app.run_action, binding.action, active.node),
            )

        for theme in sorted(self._app.available_themes):
            yield f"theme {theme}", "colours", partial(setattr, self._app, "theme", theme)

    def _processes(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        sweep = self._app.last_sweep
        for row in sweep.rows if sweep else ():
            if not row.gone:
                yield (
                    f"go to pid {row.pid} {safe(row.name)}",
                    safe(row.command)[:120],
                    partial(self._app.open_process, row.pid),
                )

    async def discover(self) -> Hits:
        """What is offered before anything was typed."""
        for name, text, command in self._commands():
            yield DiscoveryHit(Content(name), command, text=name, help=text)

    async def search(self, query: str) -> Hits:
        """What fits the words."""
        matcher = self.matcher(query)
        for source in (self._commands(), self._processes()):
            for name, text, command in source:
                if (score := matcher.match(name)) > 0:
                    yield Hit(score, matcher.highlight(name), command, text=name, help=text)
