"""The filter of one process's table: its rows as the filter language wants them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fdtui.linux.lean import TYPE_CHECKING
from fdtui.linux.record import Owner
from fdtui.survey import values
from fdtui.survey.columns import Value
from fdtui.survey.comparisons import FilterError
from fdtui.survey.decoding import mount_of
from fdtui.survey.descriptors import DescriptorRow, Fd, TableSnapshot
from fdtui.survey.entryrecord import record_of
from fdtui.survey.facts import Facts, peer_words
from fdtui.survey.typed import TypedFilter

if TYPE_CHECKING:
    from fdtui.survey.neighbours import Neighbour


class Candidate:
    """One row, and the facts of it once a column is asked for: plain words need none."""

    __slots__ = ("_facts", "_table", "neighbour", "row")

    def __init__(self, row: DescriptorRow, table: TableFilter) -> None:
        self.row, self._table = row, table
        self.neighbour = table.neighbours.get(row.entry.fd)
        self._facts: Facts | None = None

    @property
    def facts(self) -> Facts:
        """All that is known of it."""
        if self._facts is None:
            self._facts = self._table.facts(self.row, self.neighbour)
        return self._facts


def getter(name: str) -> Callable[[Candidate], Value]:
    """For compile_filter(): the function of a column."""
    of_facts = values.GETTERS[name]
    return lambda one: of_facts(one.facts)


def haystack(one: Candidate) -> str:
    """What plain words are looked for in: what the row says, in lower case."""
    row, neighbour = one.row, one.neighbour
    target = "".join(span.text for span in row.kind.target(row.entry, row.info))
    peers = "\n".join(map(peer_words, neighbour.peers)) if neighbour is not None else ""
    return f"{row.entry.fd} {row.kind.name} {row.entry.link} {target}\n{peers}".lower()


class TableFilter:
    """Says which rows fit; nothing is worked out twice for the same look at the table."""

    def __init__(self, *, live: bool = True) -> None:
        """`live` False: the rows are not this machine's, so nothing is asked about them."""
        self._typed = TypedFilter(getter, haystack)
        self._live = live
        self._looked: tuple[object, ...] = ()
        self._asked: str | None = None
        self._rows: list[Candidate] | None = None  # of this look, their facts are kept
        self._kept: frozenset[Fd] = frozenset()
        self._snapshot = TableSnapshot()
        self.neighbours: Mapping[Fd, Neighbour] = {}
        self._owner = Owner(-1, 0, "", -1, -1, None, -1, False)
        self._container = ""

    @property
    def mistake(self) -> FilterError | None:
        """What is wrong with the text."""
        return self._typed.mistake

    def keep(
        self,
        text: str,
        snapshot: TableSnapshot,
        neighbours: Mapping[Fd, Neighbour],
        owner: Owner,
        container: str = "",
    ) -> frozenset[Fd] | None:
        """Return the numbers of the filled rows that fit; None: all rows do, filled or not."""
        # All of them stay alive with us, so that no other ones can have their ids.
        looked = (id(snapshot), id(neighbours), owner, container)
        if looked != self._looked:
            self._looked, self._asked, self._rows = looked, None, None
            self._snapshot, self.neighbours = snapshot, neighbours
            self._owner, self._container = owner, container
        if text != self._asked:
            self._asked = text
            if self._rows is None and text.strip():
                self._rows = [Candidate(row, self) for row in snapshot.rows.values()]
            rows = self._rows or []
            fits = self._typed.read(text, rows).matches
            self._kept = frozenset(one.row.entry.fd for one in rows if fits(one))
        return self._kept if text.strip() else None

    def facts(self, row: DescriptorRow, neighbour: Neighbour | None) -> Facts:
        """Put a row together with what is known around it."""
        entry, info, snapshot = row.entry, row.info, self._snapshot
        record = record_of(entry)
        if entry.error is not None:
            record = record._replace(error=(entry.error.call, entry.error.errno))
        mount = None
        if "mount_point" in info:
            mount = (str(info["mount_point"]), str(info["source"]), str(info["fstype"]))
        elif self._live and (found := mount_of(record)) is not None:
            mount = (found.point, found.source, found.fstype)
        since = snapshot.since.get(entry.fd)
        known = neighbour is not None and neighbour.sharing_id is not None
        return Facts(
            owner=self._owner,
            record=record,
            kind=row.kind.name,
            info=info,
            peers=neighbour.peers if neighbour is not None else None,
            sharing=neighbour.sharing_id if neighbour is not None else None,
            shared=len(neighbour.sharers) + 1 if neighbour is not None and known else None,
            container=self._container,
            mount=mount,
            special=entry.fd if isinstance(entry.fd, str) else "",
            age=None if since is None else snapshot.taken_at - since,
            rate=row.rate,
        )
