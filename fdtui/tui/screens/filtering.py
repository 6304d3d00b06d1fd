"""A table that is filtered by the filter language: mistakes are pointed at, names completed."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual.app import ComposeResult

from fdtui.render.safe import safe
from fdtui.render.spans import Span, shown
from fdtui.survey.columns import DESCRIPTORS, Vocabulary
from fdtui.survey.comparisons import FilterError
from fdtui.survey.completing import completions
from fdtui.tui.earlier import Earlier, earlier_path
from fdtui.tui.screens.tableplace import TablePlace
from fdtui.tui.widgets.assist import Assist
from fdtui.tui.widgets.bars import InfoLine
from fdtui.tui.widgets.fit import cells
from fdtui.tui.widgets.hints import pointed
from fdtui.tui.widgets.inputline import InputLine

_INDENT = 2  # cells before the text of a filter that was kept, behind the blank of each line


class FilteringPlace(TablePlace):
    """Filters are expressions; the last ones are kept from session to session."""

    vocabulary: ClassVar[Vocabulary] = DESCRIPTORS
    history: ClassVar[str] = "filters"  # what the last ones are kept as
    _earlier: Earlier | None = None

    def mistake(self) -> FilterError | None:
        """What is wrong with the filter."""
        return None

    def filter_widgets(self) -> ComposeResult:
        """Below the filter that was kept, what is wrong with it."""
        yield from super().filter_widgets()
        wrong = InfoLine(id="mistake")
        wrong.display = False
        yield wrong

    @property
    def earlier(self) -> Earlier:
        """Filters of this session and of those before."""
        if self._earlier is None:
            live = self.fdtui.machine.live
            self._earlier = Earlier(earlier_path(self.history) if live else None)
        return self._earlier

    def assist(self) -> Assist | None:
        return Assist(partial(completions, vocabulary=self.vocabulary), self.earlier.lines)

    async def action_filter(self) -> None:
        """Open the filter line on what was kept."""
        self.query_one("#mistake", InfoLine).display = False
        await super().action_filter()
        self.show_note()

    def on_input_line_submitted(self, message: InputLine.Submitted) -> None:
        """Keep the filter, for later sessions too.  That of the table comes after it."""
        if message.prompt == "/":
            self.earlier.add(message.value)

    def say_nothing_fits(self, what: str) -> None:
        """Say why a filter left no row; a mistake in it is what there is to know."""
        mistake = self.mistake()
        clears = Span("esc clears the filter", "muted")
        if mistake is None:
            text = f'{what} matches "{safe(self.filter_text)}".  '
            self.table.set_empty((Span(text), clears))
        else:
            where = Span(f", column {mistake.column}", "attention")
            wrong = (*shown(mistake.problem, "attention"), where)
            self.table.set_empty((Span("The filter is not understood: "), *wrong), (clears,))

    def show_note(self) -> None:
        """Say what came of the filter, where it stands now."""
        mistake = self.mistake()
        if self.typing and self._input is not None:
            self._input.note(self.filter_note())
            if mistake is not None:
                self._input.point(mistake.column, mistake.message)
            elif self._input.value == self.filter_text:
                self._input.point(0, "")
        else:
            self._show_kept()

    def _show_kept(self) -> None:
        super()._show_kept()
        mistake = self.mistake() if self.filter_text else None
        wrong = self.query_one("#mistake", InfoLine)
        wrong.display = mistake is not None
        if mistake is not None:
            at = _INDENT + cells(self.filter_text[: mistake.column - 1])
            wrong.show(pointed(at, str(mistake), self.app.size.width - 2))
