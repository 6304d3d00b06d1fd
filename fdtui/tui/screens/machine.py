"""Machine: every descriptor of every process that may be seen, in one table."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from fdtui.kinds import all_kinds
from fdtui.render import units
from fdtui.render.spans import Span, Spans
from fdtui.survey.facts import Facts
from fdtui.survey.filter import FilterError
from fdtui.survey.machine import GROUPINGS, SORTS, Group, MachineView, Question
from fdtui.tui.poller import Cancelled
from fdtui.tui.screens.filtering import FilteringPlace
from fdtui.tui.screens.machinerows import EXTRA, MachineRows, columns, selected_of
from fdtui.tui.screens.place import Keys
from fdtui.tui.screens.taking import Selected, TakingPlace
from fdtui.tui.widgets.columns import NARROW
from fdtui.tui.widgets.linetable import LineTable

_DEAR = 0.3  # seconds
_SHOW_AFTER = 0.03  # seconds before the first partial view while the first sweep goes on
_SHOW_AGAIN = 0.5  # seconds before the next one


class MachineScreen(FilteringPlace, TakingPlace):
    """The whole machine at once."""

    place = "2"
    columns = columns(frozenset())
    sortable = tuple(SORTS)
    descending_first = frozenset({"size", "pos", "blocks"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g,u", "group", "group", id="machine.group", show=False, priority=True),
        Binding("c", "columns", "columns", id="machine.columns", show=False),
        Binding("f", "who", "who has this", id="machine.who", show=False),
    ]

    def __init__(self) -> None:
        super().__init__("pid")
        self._question = Question()
        self._view = MachineView()
        self._rows = MachineRows(self._view)
        self._engine = ""
        self._chosen: frozenset[str] = frozenset()
        self._dear = False  # the last look

    # Looking

    def look(self, cancelled: Cancelled) -> object:
        if self._view.complete:
            return self._look(cancelled)
        with self.fdtui.garbage.spared():
            return self._look(cancelled)

    def _look(self, cancelled: Cancelled) -> MachineView:
        app = self.fdtui
        table = app.machine.table
        self._engine = table.engine.name
        if app.last_sweep is None:
            app.last_sweep = app.process_table.sweep(cancelled)
        all_kinds()  # their modules are read here: the first paint of a row would wait for them
        began = shown_at = time.monotonic()
        pause = _SHOW_AFTER
        for _ in table.sweep(cancelled):
            if not self._view.complete and time.monotonic() - shown_at > pause:
                view = table.answer(self._question)
                if view.total:
                    app.post_message(app.Seen(self.job, view))
                    shown_at = time.monotonic()
                    pause = max(_SHOW_AGAIN, 2 * pause)  # painting takes its time from the sweep
        if not self._view.complete and not cancelled() and self._question.plain:
            # Kinds are known already; what is decoded can wait.
            app.post_message(app.Seen(self.job, table.answer(self._question)))
        while not table.complete(cancelled):
            if cancelled():
                break
        if not self._view.complete and not cancelled():
            app.post_message(app.Seen(self.job, table.answer(self._question)))
        table.relate(cancelled)
        # The first look at everything, or at what a helper shows, says nothing of the next one's
        # cost: that one sets the pace.
        again = not self._dear and time.monotonic() - began > _DEAR
        self._dear = again
        if again:
            app.poller.poke()
        return table.answer(self._question)

    def seen(self, result: object) -> None:
        assert isinstance(result, MachineView)
        self._view = result
        if not result.rows and self.filter_text and result.complete:
            self.say_nothing_fits("No descriptor")
        self.holds_changed()
        self.show_note()
        self.show_bars()

    def holds_changed(self) -> None:
        held = frozenset(
            (hold.acquired.target.pid, hold.acquired.target.fd) for hold in self.fdtui.holds
        )
        self._rows = MachineRows(self._view, held)
        self.table.set_source(self._rows)

    def rebuild(self) -> None:
        self._ask(
            self._question._replace(
                filter=self.filter_text, sort=self.sort, descending=self.descending
            )
        )

    def _ask(self, question: Question) -> None:
        """Want to see something else: the poller's thread works it out."""
        self._question = question
        self.fdtui.poller.poke()

    @property
    def ready(self) -> bool:
        """Are the rows those that were asked for last?"""
        return super().ready and self._view.question == self._question

    # Words

    def crumbs(self) -> tuple[list[str], str]:
        view = self._view
        counts = units.plural(view.total, "descriptor")
        if self.filter_text:
            counts = f"{units.count(view.rows)} of {counts}"
        if not view.complete:
            counts += f", {units.plural(view.processes, 'process', 'processes')} so far"
        places = ["Machine"]
        if self._question.grouping:
            places.append(f"by {self._question.grouping}")
        return places, counts

    def short_counts(self) -> str:
        view = self._view
        total = units.count(view.total)
        return f"{units.count(view.rows)} of {total}" if self.filter_text else total

    def status_right(self) -> Spans:
        engine = (Span(f"{self._engine}  ", "muted"),) if self._engine else ()
        return (*engine, *super().status_right())

    def filter_note(self) -> Spans:
        return (Span(units.plural(self._view.rows, "descriptor"), "muted"),)

    def mistake(self) -> FilterError | None:
        return self._view.mistake

    def keys(self) -> tuple[Keys, Sequence[tuple[str, str]]]:
        act = [("x", "act"), ("d", "dump")]
        line, right = self._line(), (("?", "keys"), ("esc", "back"))
        if isinstance(line, Group):
            word = "close" if line.key in self._question.opened else "open"
            table = [("/", "filter"), ("g", "group"), ("D", "deleted")]
            return ([("enter", word)], table, [("space", "freeze")]), right
        if self.app.size.width < NARROW:
            take = [("enter", "look"), ("s", "steal")]
            left: Keys = ([*take, *act], [("/", "filter"), ("g", "group"), ("D", "deleted")])
            return left, right
        left = (
            [("enter", "look"), ("s", "steal"), ("p", "pull"), *act],
            [("g", "group"), ("D", "deleted"), ("f", "who"), ("c", "columns")],
            [("/", "filter"), ("< >", "sort")],
            [("space", "freeze"), ("y", "yank")],
        )
        return left, right

    # Doing

    def _line(self) -> Facts | Group | None:
        return self._rows.line(self.table.rows.cursor) if len(self._rows) else None

    def selected(self) -> Selected | None:
        line = self._line()
        if line is None or isinstance(line, Group):
            return None
        return selected_of(line)

    def table_refused(self) -> bool:
        return self._view.hidden > 0 and self._line() is None

    def on_line_table_highlighted(self, _: LineTable.Highlighted) -> None:
        """On a group other keys work."""
        self.show_bars()

    def on_line_table_opened(self, _: LineTable.Opened) -> None:
        """Look into a descriptor; show or hide the rows of a group."""
        line = self._line()
        if isinstance(line, Group):
            self._ask(self._question._replace(opened=self._question.opened ^ {line.key}))
        else:
            self.action_look()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While something is typed, `g` is a letter like any other."""
        if action == "group":
            return not self.typing
        return super().check_action(action, parameters)

    def action_group(self) -> None:
        """Group by file, process, kind, user, and not at all."""
        place = GROUPINGS.index(self._question.grouping)
        self._group_by(GROUPINGS[(place + 1) % len(GROUPINGS)])

    def _group_by(self, grouping: str) -> None:
        self._ask(self._question._replace(grouping=grouping, opened=frozenset()))
        self._show_columns()

    def action_columns(self) -> None:
        """Choose what else is shown."""
        from fdtui.tui.screens.choosing import ChooseColumns

        self.app.push_screen(ChooseColumns(EXTRA, self._chosen), self._choose)

    def _choose(self, chosen: str | None) -> None:
        if chosen is not None:
            self._chosen = frozenset(chosen.split(",")) & frozenset(EXTRA)
            self._show_columns()

    def _show_columns(self) -> None:
        """The heads say what the rows are: descriptors, or groups, which come largest first."""
        grouping = self._question.grouping
        self.table.set_columns(columns(self._chosen, grouping))
        sort = ("pid", True) if grouping else (self.sort, self.descending)
        self.table.set_sort(sort[0], descending=sort[1])

    def action_who(self) -> None:
        """Show everybody who has the file of this row."""
        line = self._line()
        if isinstance(line, Facts):
            record = line.record
            if record.ino < 0 or record.dev < 0:
                self.show_result("nobody may look at what it is", failed=True)
                return
            dev = f"{os.major(record.dev)}:{os.minor(record.dev)}"
            self.filter_text = f'dev == "{dev}" and ino == {record.ino}'
            self.rebuild()
            self._show_kept()

    def action_back(self) -> None:
        """Clear a filter, then a grouping, then go home."""
        if self.filter_text:
            self.clear_filter()
        elif self._question.grouping:
            self._group_by("")
        else:
            self.app.switch_mode("processes")
