"""Who has it: a path, a mount point, a port, an inode, a pipe; what is no descriptor counts too."""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.binding import Binding, BindingType

from fdtui.errors import FdtuiError
from fdtui.render import units
from fdtui.render.safe import safe
from fdtui.render.spans import Span, Spans
from fdtui.survey.comparisons import FilterError
from fdtui.survey.facts import Facts
from fdtui.survey.machine import SORTS, MachineView
from fdtui.survey.typed import TypedFilter
from fdtui.survey.values import getter, haystack
from fdtui.survey.who import find
from fdtui.tui.poller import Cancelled
from fdtui.tui.screens.askline import AskLine
from fdtui.tui.screens.filtering import FilteringPlace
from fdtui.tui.screens.machinerows import MachineRows, columns, selected_of
from fdtui.tui.screens.place import Keys
from fdtui.tui.screens.taking import Selected, TakingPlace
from fdtui.tui.widgets.columns import NARROW
from fdtui.tui.widgets.linetable import LineTable

if TYPE_CHECKING:
    from fdtui.tui.screens.place import PlaceScreen

_UNKNOWN = frozenset({"shared", "peer"})  # not worked out for an answer


class Answer(NamedTuple):
    """One look: the rows, or why there are none."""

    rows: Sequence[Facts] = ()
    error: FdtuiError | None = None


class WhoRows(MachineRows):
    """Rows of an answer; a process can have several that are no descriptors."""

    def key(self, index: int) -> Hashable:
        """What the row is, whatever its place."""
        line = self.line(index)
        assert isinstance(line, Facts)
        owner, record = line.owner, line.record
        return owner.pid, owner.start_time, record.fd, line.special, record.link

    def index(self, key: Hashable) -> int | None:
        """Where that row is now; an answer is short."""
        return next((place for place in range(len(self)) if self.key(place) == key), None)


class WhoHas(FilteringPlace, TakingPlace):
    """A preset of the Machine place: `fdtui who`, live."""

    place = "2"
    drilled = True
    period = 2.0
    columns = tuple(column for column in columns(frozenset()) if column.key not in _UNKNOWN)
    sortable = tuple(key for key in SORTS if key not in _UNKNOWN)
    descending_first = frozenset({"size"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "ask", "who has something else", id="who.ask", show=False, priority=True),
    ]

    def __init__(self, query: str) -> None:
        super().__init__("")  # listeners first, then by pid, as they were found
        self._query = query
        self._answer: Answer | None = None
        self._rows = WhoRows(MachineView())
        self._filter = TypedFilter(getter, _text)

    # Looking

    def look(self, cancelled: Cancelled) -> object:
        app = self.fdtui
        if app.last_sweep is None:
            app.last_sweep = app.process_table.sweep(cancelled)
        query = os.path.expanduser(self._query)
        try:
            found = find(query, app.machine.table.engine, cancelled)
        except FdtuiError as error:
            return Answer((), error)
        return Answer([one for one in found if not self._worker(one)])

    def _worker(self, one: Facts) -> bool:
        """Is it one of those that search for us, and are gone in a moment?"""
        keeper = self.fdtui.ready_keeper
        return one.owner.ppid == os.getpid() and (keeper is None or one.owner.pid != keeper.pid)

    def seen(self, result: object) -> None:
        assert isinstance(result, Answer)
        self._answer = result
        self.rebuild()
        self.show_bars()

    def rebuild(self) -> None:
        answer = self._answer
        if answer is None:
            return
        rows = list(answer.rows)
        matches = self._filter.read(self.filter_text, rows).matches
        if self.filter_text.strip():
            rows = [facts for facts in rows if matches(facts)]
        if self.sort:
            rows.sort(key=SORTS[self.sort], reverse=self.descending)  # type: ignore[arg-type]  # each key is comparable to itself
        elif self.descending:
            rows.reverse()
        held = frozenset(
            (hold.acquired.target.pid, hold.acquired.target.fd) for hold in self.fdtui.holds
        )
        self._rows = WhoRows(MachineView(rows, len(rows), len(answer.rows)), held)
        self._say_why_empty(answer)
        self.table.set_source(self._rows)
        if self.filter_text or self.typing:
            self.show_note()

    def mistake(self) -> FilterError | None:
        return self._filter.mistake

    def _say_why_empty(self, answer: Answer) -> None:
        if answer.error is not None:
            self.table.set_empty((Span(safe(str(answer.error)), "attention"),))
            return
        if self.filter_text:
            self.say_nothing_fits("Nothing here")
            return
        sweep = self.fdtui.last_sweep
        where = ", as far as can be seen" if sweep is not None and sweep.hidden else ""
        self.table.set_empty(
            (Span(f"Nobody has {safe(self._query)}{where}"),),
            (Span("f", "key"), Span(" asks for something else", "muted")),
        )

    @property
    def ready(self) -> bool:
        """Is there an answer?"""
        return self._answer is not None

    # Words

    def crumbs(self) -> tuple[list[str], str]:
        rows = self._answer.rows if self._answer else ()
        many = len({one.owner.pid for one in rows})
        counts = "" if self._answer is None else units.plural(many, "process", "processes")
        return ["Machine", f"who has {self._query}"], counts

    def short_counts(self) -> str:
        return units.count(len(self._rows)) if self._answer else ""

    def keys(self) -> tuple[Keys, Sequence[tuple[str, str]]]:
        take = [("enter", "look"), ("s", "steal"), ("x", "act"), ("d", "dump")]
        rest: Keys = ([("f", "who has"), ("/", "filter")],)
        if self.app.size.width >= NARROW:
            rest = (*rest, [("< >", "sort"), ("space", "freeze"), ("y", "yank")])
        return (take, *rest), (("?", "keys"), ("esc", "back"))

    def filter_note(self) -> Spans:
        return (Span(units.plural(len(self._rows), "row"), "muted"),)

    # Doing

    def selected(self) -> Selected | None:
        if not len(self._rows):
            return None
        line = self._rows.line(self.table.rows.cursor)
        return selected_of(line) if isinstance(line, Facts) else None

    def on_line_table_opened(self, _: LineTable.Opened) -> None:
        """Look into it."""
        self.action_look()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While something is typed, `f` is a letter like any other."""
        if action == "ask":
            return not self.typing
        return super().check_action(action, parameters)

    async def action_ask(self) -> None:
        """Ask about something else."""

        def typed(query: str | None) -> None:
            if query:
                self._query, self._answer = query, None
                self._rows = WhoRows(MachineView())
                self.table.set_empty()
                self.table.set_source(self._rows)
                self.show_bars()
                self.fdtui.poller.poke()

        await self.app.push_screen(asking(self._query), typed)


def _text(facts: Facts) -> str:
    """What plain words are looked for in."""
    return f"{haystack(facts)}\n{facts.special}"


def asking(proposed: str) -> AskLine:
    """The line that asks who has what."""
    return AskLine(
        "who has",
        proposed,
        syntax="a path, mount point, port, ino:N, pipe:[N] or name",
        check=lambda text: "" if text.strip() else "a path, a port, an inode or a name is needed",
    )


async def ask_who_has(screen: PlaceScreen, proposed: str = "") -> None:
    """Ask for a path, port, inode, pipe or name, and show who has it.

    Returns once the line has the focus: what is typed right behind the key belongs into it.
    """

    def typed(query: str | None) -> None:
        if query is not None:
            screen.app.push_screen(WhoHas(query.strip()))

    await screen.app.push_screen(asking(proposed), typed)
