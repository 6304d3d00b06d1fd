"""A place whose descriptors are filtered, and put under heads: by kind, by description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType

from fdtui.linux.record import Owner
from fdtui.survey.comparisons import FilterError
from fdtui.survey.descriptors import Fd, TableSnapshot
from fdtui.survey.tablefilter import TableFilter
from fdtui.tui.screens.descriptorgroups import (
    GROUPINGS,
    Counts,
    GroupedRows,
    count_kinds,
    details_of,
    group_columns,
)
from fdtui.tui.screens.descriptorrows import DescriptorRows
from fdtui.tui.screens.filtering import FilteringPlace
from fdtui.tui.screens.tablelook import TableView
from fdtui.tui.screens.taking import TakingPlace
from fdtui.tui.widgets.pane import Details


class GroupingPlace(FilteringPlace, TakingPlace):
    """`u` goes through the groupings; enter on a head shows or hides its rows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "group", "group by kind", id="fd.group", show=False, priority=True),
    ]

    def __init__(self, sort: str) -> None:
        super().__init__(sort)
        self.grouping = ""
        self._opened: frozenset[str] = frozenset()
        self._before: Mapping[str, int] | None = None
        self._since = 0.0
        self._filter: TableFilter | None = None

    def mistake(self) -> FilterError | None:
        return self._filter.mistake if self._filter is not None else None

    def make_rows(
        self, view: TableView, owner: Owner, held: frozenset[int], selected: Fd | None
    ) -> DescriptorRows:
        """Rows in order, filtered, under heads where that is wanted."""
        snapshot, neighbours = view.snapshot, view.neighbours
        if self._filter is None:
            self._filter = TableFilter(live=self.fdtui.machine.live)
        kept = self._filter.keep(self.filter_text, snapshot, neighbours, owner, view.container)
        made = GroupedRows if self.grouping else DescriptorRows
        rows = made(
            snapshot,
            sort=self.sort,
            descending=self.descending,
            kept=kept,
            neighbours=neighbours,
            held=held,
            selected=selected,
        )
        if isinstance(rows, GroupedRows):
            rows.group(self.grouping, self._opened, self._counts(snapshot))
        return rows

    def _counts(self, snapshot: TableSnapshot) -> Counts:
        """What there was when all of it had been seen for the first time."""
        now = self.fdtui.machine.clock()
        seen = snapshot.fds and all(fd in snapshot.rows for fd in snapshot.fds)
        if self._before is None and seen:
            self._before, self._since = count_kinds(snapshot), now
        if self._before is None:
            return Counts(count_kinds(snapshot))
        return Counts(self._before, now - self._since)

    def holds_changed(self) -> None:
        self.rebuild()

    def toggle(self, rows: DescriptorRows, index: int) -> bool:
        """Show or hide what is below the head in that row; False where there is none."""
        head = rows.head(index) if isinstance(rows, GroupedRows) else None
        if head is None:
            return False
        self._opened ^= {head.key}
        self.rebuild()
        self.show_bars()
        return True

    def toggles(self, rows: DescriptorRows, index: int) -> str:
        """What enter does to the head in that row: open or close; "" where there is none."""
        head = rows.head(index) if isinstance(rows, GroupedRows) and len(rows) else None
        return "" if head is None else "close" if head.key in self._opened else "open"

    def head_details(self, rows: DescriptorRows, index: int) -> Details:
        """What the pane says of the head in that row; nothing where there is none."""
        head = rows.head(index) if isinstance(rows, GroupedRows) and len(rows) else None
        return details_of(head, head.key in self._opened) if head is not None else Details()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While something is typed, `u` is a letter like any other."""
        if action == "group":
            return not self.typing
        return super().check_action(action, parameters)

    def action_group(self) -> None:
        """Group by kind, by description, and not at all."""
        place = GROUPINGS.index(self.grouping)
        self._group_by(GROUPINGS[(place + 1) % len(GROUPINGS)])

    def action_back(self) -> None:
        """Clear a filter, then a grouping, then go back."""
        if self.grouping and not self.filter_text:
            self._group_by("")
        else:
            super().action_back()

    def _group_by(self, grouping: str) -> None:
        self.grouping = grouping
        self._opened, self._before = frozenset(), None
        # Groups come largest first, and the heads speak of them.
        sort = ("fd", True) if grouping else (self.sort, self.descending)
        self.table.set_columns(group_columns(self.columns) if grouping else self.columns)
        self.table.set_sort(sort[0], descending=sort[1])
        self.rebuild()
        self.table.move_to(0)
        self.show_bars()
        self.fdtui.poller.poke()
