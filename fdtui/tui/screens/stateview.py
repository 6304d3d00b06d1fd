"""State view: everything decoded of a descriptor without bytes, or of a socket and its queue."""

from __future__ import annotations

from concurrent.futures import Future
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from fdtui.errors import FdtuiError
from fdtui.keeper.api import Acquired, Window
from fdtui.kinds.base import Borrow, Section, View
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.render import units
from fdtui.render.hexdump import hex_row
from fdtui.render.rates import Rates
from fdtui.render.spans import Span, Spans, shown
from fdtui.tui.app import FdtuiApp
from fdtui.tui.screens.loanplace import LoanPlace
from fdtui.tui.screens.place import Keys
from fdtui.tui.screens.statearound import AroundLook
from fdtui.tui.screens.statelines import state_lines
from fdtui.tui.screens.viewed import ViewScreen
from fdtui.tui.screens.yank import Choice
from fdtui.tui.widgets.bars import InfoLine, RuleLine
from fdtui.tui.widgets.statepanel import StatePanel

QUEUE_ROWS = 6
_PER_ROW = 16
_LEAST_LINES = 30  # of the screen, for all rows of the queue; half of them below


class StateView(ViewScreen):
    """Sections of facts, looked at once a second."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "bytes", "all that is queued", id="view.switch", show=False),
        Binding("enter", "go", "go to the process", id="view.go", show=False),
    ]

    def __init__(self, app: FdtuiApp, acquired: Acquired, of: LoanPlace | None = None) -> None:
        super().__init__(app, acquired, of)
        self.has_queue = self.kind.view is View.QUEUE
        self._before: dict[tuple[str, str], Spans] = {}
        self._changed: set[tuple[str, str]] = set()
        self.sections: tuple[Section, ...] = ()  # what there is to show
        self._rates = Rates()
        self._around = AroundLook(app, self.acquired)
        self.looked: object = None  # the last answer

    def body(self) -> ComposeResult:
        yield StatePanel(id="state")
        head, queue = RuleLine(id="queue-head"), StatePanel(id="queue")
        head.display = queue.display = queue.can_focus = False
        yield head
        yield queue
        yield InfoLine(id="info")

    def on_mount(self) -> None:
        """What was acquired is the first look."""
        self._show()
        self._around.look(self._draw)
        self.query_one("#state", StatePanel).focus()

    # Looking

    def ask(self) -> Future[object] | None:
        if self.has_queue:
            length = QUEUE_ROWS * _PER_ROW
            queued = self.fdtui.keeper.window(self.acquired.id, 0, length)
            self.fdtui.when(queued, self._queued, self._no_queue)
        return cast("Future[object]", self.fdtui.keeper.state(self.acquired.id))

    def took(self, answer: object) -> bool:
        before, self.looked = self.looked, answer
        self.entry, self.info = cast("tuple[Entry, Info]", answer)
        self._around.look(self._draw)
        if answer == before and not self._changed:
            self._rates.still(self.fdtui.machine.clock())
            return False
        self._show()
        return True

    def _show(self) -> None:
        sections = self.kind.state(self.entry, self.info)
        now = {(s.head, fact.key): fact.value for s in sections for fact in s.facts}
        before, self._before = self._before, now
        self._changed = {key for key, value in now.items() if before.get(key, value) != value}
        self.sections = self._rates.of(sections, self.fdtui.machine.clock())
        self._draw()

    def _draw(self) -> None:
        if not self.is_attached:
            return
        sections, entry, around = self.sections, self.entry, self._around.facts
        changed = frozenset(self._changed)
        self.query_one("#state", StatePanel).show(
            lambda width: state_lines(sections, entry, width, changed, around)
        )

    def _queued(self, window: Window) -> None:
        if not self.is_attached:
            return
        head, queue = self.query_one("#queue-head", RuleLine), self.query_one("#queue", StatePanel)
        data = window.data
        head.display = queue.display = bool(data or window.why)
        rows = QUEUE_ROWS if self.app.size.height >= _LEAST_LINES else QUEUE_ROWS // 2
        queue.styles.height = rows if data else 1
        if data:
            lines: list[Spans] = [
                (Span("  "), *hex_row(start, data[start : start + _PER_ROW]))
                for start in range(0, min(len(data), rows * _PER_ROW), _PER_ROW)
            ]
            words = f"  {self._waiting(len(data))}, peeked at and left for the target"
        else:
            lines, words = [(Span("  "), *shown(window.why, "attention"))], ""
        queue.show(lambda width: lines)
        head.show(
            (Span("receive queue", "strong"), Span(words, "muted")),
            (Span("tab", "key"), Span(" all of it", "muted")) if data else (),
        )

    def _waiting(self, seen: int) -> str:
        """How many bytes wait, as far as it is known."""
        waiting = self.info.get("recv_queue")
        count = waiting if isinstance(waiting, int) and waiting >= seen else seen
        return units.plural(count, "byte")

    def _no_queue(self, error: FdtuiError) -> None:
        """The state says the same of it."""

    # Words

    def draw_info(self) -> None:
        how = "from fdinfo"
        if self.kind.examines:
            how += " and the descriptor itself"
        if self.kind.borrow is Borrow.LOOK and not self.acquired.held:
            how += "; borrowed for a few µs per look"
        words: Spans = (Span("decoded", "strong"), Span(f"  {how}", "muted"))
        self.info_line().show(self.trouble_words() or words)

    def view_keys(self) -> Keys:
        freeze = ("space", "thaw" if self.fdtui.frozen_at is not None else "freeze")
        first = [("tab", "bytes")] if self.has_queue else []
        if self._process() is not None:
            first.append(("enter", "go to the process"))
        rest: Keys = ([("x", "act"), ("y", "yank")], [freeze])
        return (first, *rest) if first else rest

    def yank_choices(self) -> list[Choice]:
        lines = [
            f"{fact.key}: {''.join(span.text for span in fact.value)}"
            + (f"  ({fact.note})" if fact.note else "")
            for section in self.sections
            for fact in section.facts
        ]
        return [Choice("s", "state", "\n".join(lines))]

    # Keys

    def _process(self) -> int | None:
        """The process that a pidfd is of."""
        pid = self.info.get("pid") if self.acquired.kind == "pidfd" else None
        return pid if isinstance(pid, int) else None

    def action_bytes(self) -> None:
        """Show all that is queued."""
        if self.has_queue:
            from fdtui.tui.screens.viewer import open_viewer

            open_viewer(self.fdtui, self.acquired, of=self)

    def action_go(self) -> None:
        """Go to the process."""
        if (pid := self._process()) is not None:
            self.fdtui.open_process(pid)
