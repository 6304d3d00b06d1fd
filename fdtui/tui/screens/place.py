"""What every place does: keys, freezing, and one look at a time."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from fdtui.keeper.api import Event
from fdtui.tui.poller import Cancelled, Job
from fdtui.tui.screens.framed import FramedScreen, Keys
from fdtui.tui.widgets.bars import KeyLine

__all__ = ["Keys", "PlaceScreen"]

# What the key line calls a key, where Textual calls it something else.
_KEY_NAMES = {
    "esc": "escape",
    "/": "slash",
    "<": "less_than_sign",
    ">": "greater_than_sign",
    ":": "colon",
    "@": "at",
    "?": "question_mark",
    "!": "exclamation_mark",
}


class PlaceScreen(FramedScreen):
    """One that looks at the machine while it is in front."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", id="place.back", show=False),
        Binding("space", "freeze", "freeze", id="place.freeze", show=False),
        Binding("question_mark", "keys", "keys", id="place.keys", show=False),
        Binding(
            "D",
            "deleted",
            "what fills the disk: deleted, still open",
            id="machine.deleted",
            show=False,
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        # One object for its whole life: the poller tells jobs apart by identity.
        self.job: Job = self.look
        self.known = False  # something was seen already

    @property
    def ready(self) -> bool:
        """Does it show what keys are about?"""
        return self.known

    @property
    def typing(self) -> bool:
        """Keys go into a line."""
        return False

    # What a place provides

    def look(self, cancelled: Cancelled) -> object:
        """Look at the machine; runs in the poller's thread."""
        return None

    def seen(self, result: object) -> None:
        """Show what `look` returned."""

    def holds_changed(self) -> None:
        """Another set of descriptors is held: rows of those have a mark."""

    def heard(self, event: Event) -> None:
        """The keeper tells of something that nobody asked for."""

    def on_screen_resume(self) -> None:
        """In front again: look at once."""
        self.fdtui.poller.set_job(self.job, self.period)
        self.show_bars()

    def on_screen_suspend(self) -> None:
        """Behind another screen: nobody sees a refresh."""
        self.fdtui.poller.drop_job(self.job)

    # Keys

    def on_key_line_pressed(self, message: KeyLine.Pressed) -> None:
        """A click on a key presses it."""
        key = message.key.split()[0]
        self.app.simulate_key(_KEY_NAMES.get(key, key))

    def action_back(self) -> None:
        """One place back; home stays."""
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()

    def action_freeze(self) -> None:
        """Freeze or thaw refreshing."""
        self.fdtui.freeze()

    def action_deleted(self) -> None:
        """Show deleted files that are still open, and what they hold; escape comes back here."""
        from fdtui.tui.screens.deleted import Deleted

        self.app.push_screen(Deleted())

    def action_keys(self) -> None:
        """Show the keys that work here."""
        from fdtui.tui.screens.help import Help

        self.app.push_screen(Help(self))
