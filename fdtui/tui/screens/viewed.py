"""What every view of an acquired descriptor shows around its body: title, info line, keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from fdtui.render.spans import Spans, shown
from fdtui.tui.screens.loanplace import LoanPlace
from fdtui.tui.screens.place import Keys
from fdtui.tui.screens.viewtitle import title
from fdtui.tui.screens.yank import Choice, Yank, descriptor_choices
from fdtui.tui.widgets.bars import InfoLine


class ViewScreen(LoanPlace):
    """The frame of a view."""

    drilled = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yank", "yank", id="view.yank", show=False),
        Binding("x", "act", "act", id="view.act", show=False),
        Binding("exclamation_mark", "run", "run a command with it", id="view.run", show=False),
    ]

    def draw_info(self) -> None:
        """Draw the info line."""

    def subject(self) -> Spans | None:
        """What the title says it is open on; None for the kind's own words."""
        return None

    def view_keys(self) -> Keys:
        """The keys of the key line, without those that are always there."""
        return ()

    def yank_choices(self) -> list[Choice]:
        """What a view adds to the yank menu."""
        return []

    def show_bars(self) -> None:
        super().show_bars()
        if self.is_mounted:
            self.draw_info()

    def titled(self) -> tuple[Spans, bool]:
        """The title, and whether it names what is viewed."""
        return title(
            self.acquired,
            self.kind,
            self.entry,
            self.info,
            width=self.app.size.width - 2,
            now=self.fdtui.machine.clock(),
            ended=self.ended,
            on=self.subject(),
        )

    def title_left(self) -> Spans:
        return self.titled()[0]

    def title_right(self) -> Spans:
        return ()

    def keys(self) -> tuple[Keys, Sequence[tuple[str, str]]]:
        return self.view_keys(), (("?", "keys"), ("esc", "back"))

    def trouble_words(self) -> Spans:
        """Why the last look failed; nothing when it did not."""
        if self.trouble is None:
            return ()
        words = shown(str(self.trouble), "attention")
        return (
            (*words, *shown(f"  {self.trouble.remedy}", "muted")) if self.trouble.remedy else words
        )

    def info_line(self) -> InfoLine:
        """The line above the status."""
        return self.query_one("#info", InfoLine)

    def action_yank(self) -> None:
        """Offer what can be copied."""
        target = self.acquired.target
        common = descriptor_choices(target.pid, target.fd, self.entry.link, self.info)
        own = self.yank_choices()
        taken = {choice.key for choice in own}
        choices = [*own, *(choice for choice in common if choice.key not in taken)]
        self.app.push_screen(Yank(self.loan.about, choices))

    def action_act(self) -> None:
        """Offer what can be done to it."""
        from fdtui.tui.screens.actions import act

        act(self, self.acquired)

    def action_run(self) -> None:
        """Run a command that inherits it."""
        from fdtui.tui.screens.actions import run

        run(self, self.acquired)
