"""Every descriptor that may be seen, over time: the rows of the Machine place.

Rows are made for the tables that changed and completed (kind and decoded facts) in the background;
order, filter and groups are worked out here too, so that the screen only paints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import repeat

from fdtui.kinds import BY_NAME
from fdtui.kinds.base import FdKind
from fdtui.linux.record import Owner, Record, Table
from fdtui.linux.users import user_name
from fdtui.survey.containers import Containers
from fdtui.survey.decoding import decoded, info_of, mount_of
from fdtui.survey.facts import Facts
from fdtui.survey.filter import Filter
from fdtui.survey.grouping import GROUPINGS, Group, grouped
from fdtui.survey.kinding import kind_of as judged
from fdtui.survey.machineview import Key, MachineView, Question
from fdtui.survey.relating import Relating
from fdtui.survey.scan import Cancelled, Engine, never
from fdtui.survey.socks import Socks
from fdtui.survey.sweeper import Sweeper
from fdtui.survey.typed import TypedFilter
from fdtui.survey.values import getter, haystack

__all__ = [
    "GROUPINGS",
    "SORTS",
    "Group",
    "Key",
    "MachineTable",
    "MachineView",
    "Question",
    "completed",
    "key_of",
    "kind_of",
]

MARK_NEW = 3.0  # seconds a row is marked as new
KEEP_CLOSED = 3.0  # seconds a closed one stays, struck through
_RATE_LASTS = 5.0  # seconds after which a rate that nobody measured again is none
_SLICE = 2_000  # rows completed between two looks at whether the screen wants something else
_new: Callable[..., Facts] = tuple.__new__  # a third of the time of Facts() and _replace()
_facts: Callable[[tuple[object, ...]], Facts] = partial(tuple.__new__, Facts)
_UNKNOWN = [repeat(default) for default in Facts._field_defaults.values()]
_MOUNTS = frozenset({"mount", "source", "fstype"})
_TIMES = frozenset({"age", "rate"})


SORTS: dict[str, Callable[[Facts], object]] = {
    "pid": lambda f: (f.owner.pid, f.record.fd),
    "user": lambda f: (user_name(f.owner.uid), f.owner.pid, f.record.fd),
    "name": lambda f: (f.owner.comm.lower(), f.owner.pid, f.record.fd),
    "fd": lambda f: (f.record.fd, f.owner.pid),
    "kind": lambda f: (f.kind, f.owner.pid, f.record.fd),
    "size": lambda f: _size(f) or 0,
    "pos": lambda f: f.record.pos,
    "blocks": lambda f: f.record.blocks,
    "shared": lambda f: f.shared or 0,
    "target": lambda f: (f.record.link, f.owner.pid, f.record.fd),
}


def key_of(facts: Facts) -> Key:
    """What a row is, whatever its place."""
    return facts.owner.pid, facts.owner.start_time, facts.record.fd


def kind_of(facts: Facts) -> FdKind:
    """The kind of a completed row."""
    return BY_NAME[facts.kind] if facts.kind else judged(facts.record)


def _size(facts: Facts) -> int | None:
    return kind_of(facts).size(facts.record.entry, facts.info)


class MachineTable:
    """Sweeps, completes, relates and orders; used by one thread."""

    def __init__(
        self,
        engine: Engine,
        clock: Callable[[], float],
        live: bool = True,
        relating: Relating | None = None,
    ) -> None:
        """`live` False: the engine's rows are not this machine's, so nothing is asked about them.

        `relating`: when sharing and peers are worked out.
        """
        self.engine = engine
        self._sweeper = Sweeper(engine)
        self._clock = clock
        self._live = live
        self._relating = relating or Relating()
        self._facts: dict[int, list[Facts]] = {}  # by pid
        self._first_seen: dict[Key, float] = {}  # of what came after the first sweep
        self._began = 0.0  # what was there at the first sweep is at least that old, and not new
        self._read_at: dict[int, float] = {}  # by pid
        self._closed: dict[Key, tuple[float, Facts]] = {}
        self._typed = TypedFilter(getter, haystack)
        self._incomplete: set[int] = set()
        self._containers = Containers()
        self._changed = False  # since relations were worked out

    def sweep(self, cancelled: Cancelled = never) -> Iterator[None]:
        """Read what changed; yields now and then so that rows can be shown while it goes on."""
        now = self._clock()
        first = not self._sweeper.complete
        if first:
            self._began = now - MARK_NEW
        for change in self._sweeper.sweep(cancelled):
            self._changed = True
            if change.now is None:
                self._forget(change.pid, now)
                continue
            self._facts[change.pid] = self._made(change.now, change.before, now, first)
            self._read_at[change.pid] = now
            self._incomplete.add(change.pid)
            yield

    def _made(self, table: Table, before: Table | None, now: float, first: bool) -> list[Facts]:
        """Rows of a table; those that are as before keep what was worked out for them."""
        pid, owner = table.owner.pid, table.owner
        if first and before is None:
            return list(map(_facts, zip(repeat(owner), table.records, *_UNKNOWN, strict=False)))
        known = {f.record.fd: f for f in self._facts.get(pid, ())} if before else {}
        passed = now - self._read_at.get(pid, now)
        # A helper that comes or goes opens and closes nothing.
        first = first or (before is not None and before.owner.error is not None)
        rows = []
        for record in table.records:
            old = known.pop(record.fd, None)
            if old is None or not _same(old, owner, record):
                facts = Facts(owner, record)
                if not first:
                    self._first_seen[key_of(facts)] = now
            elif old.record == record:
                facts = old._replace(owner=owner, rate=0.0)
            else:
                moved = record.pos - old.record.pos
                rate = moved / passed if passed > 0 else 0.0
                facts = old._replace(owner=owner, record=record, kind="", rate=rate)
            rows.append(facts)
        for gone in known.values() if owner.error is None else ():
            self._close(gone, now)
        return rows

    def _forget(self, pid: int, now: float) -> None:
        for facts in self._facts.pop(pid, ()):
            self._close(facts, now)
        self._read_at.pop(pid, None)
        self._incomplete.discard(pid)

    def _close(self, facts: Facts, now: float) -> None:
        self._first_seen.pop(key_of(facts), None)
        self._closed[key_of(facts)] = (now, facts)

    def complete(self, cancelled: Cancelled = never) -> bool:
        """Work out kind and decoded facts of new rows; False when there is more to do."""
        done = 0
        socks = Socks() if self._live else None
        for pid in list(self._incomplete):
            rows = self._facts.get(pid, [])
            container = self._containers.of(pid) if self._live else None
            label = container.label if container else ""
            for index, facts in enumerate(rows):
                if not facts.kind:
                    kind = judged(facts.record)
                    info = info_of(kind, facts.record, socks)
                    owner, record, _, _, peers, sharing, reason, shared, _, *rest = facts
                    known = (owner, record, kind.name, info, peers, sharing, reason, shared, label)
                    rows[index] = _new(Facts, (*known, *rest))
                    done += 1
            self._incomplete.discard(pid)
            if done >= _SLICE:
                done = 0
                if cancelled():
                    return False
        return True

    def relate(self, cancelled: Cancelled = never) -> bool:
        """Work out sharing and peers, if it is time to; True when rows may say more than before."""
        if not self._live or not self._relating.due(self._changed):
            return False
        names = {pid: table.owner.comm for pid, table in self._sweeper.tables.items()}
        if self._relating.relate(self._facts.values(), names, cancelled):
            self._changed = False
        return True

    def records(self) -> list[Record]:
        """Return every row as it was read last."""
        return [record for table in self._sweeper.tables.values() for record in table.records]

    def owners(self) -> dict[int, Owner]:
        """Return the processes of the last sweep by pid."""
        return {pid: table.owner for pid, table in self._sweeper.tables.items()}

    def answer(self, question: Question) -> MachineView:
        """Filter, sort and group what is known."""
        now = self._clock()
        rows = self._rows(now)
        total = len(rows) - len(self._closed)
        wanted = self._typed.read(question.filter)
        if question.filter.strip():
            rows = [facts for facts in rows if wanted.matches(self._fuller(facts, wanted, now))]
        if question.sort != "pid" or question.descending:
            rows.sort(key=SORTS[question.sort], reverse=question.descending)  # type: ignore[arg-type]  # each key is comparable to itself
        lines: Sequence[Facts | Group] = rows
        if question.grouping:
            lines = grouped(rows, question.grouping, question.opened)
        tables = self._sweeper.tables
        return MachineView(
            lines=lines,
            rows=len(rows),
            total=total,
            processes=len(tables),
            hidden=sum(table.owner.error is not None for table in tables.values()),
            complete=self._sweeper.complete,
            mistake=self._typed.mistake,
            new=frozenset(k for k, since in self._first_seen.items() if now - since < MARK_NEW),
            closed=frozenset(self._closed),
            question=question,
        )

    def _rows(self, now: float) -> list[Facts]:
        """Every row in order of pid and number, those that are closed for some seconds more."""
        for key, (since, _) in list(self._closed.items()):
            if now - since >= KEEP_CLOSED or key in self._first_seen:
                del self._closed[key]
        rows = [facts for pid in sorted(self._facts) for facts in self._facts[pid]]
        if self._closed:
            rows += [facts for _, facts in self._closed.values()]
            rows.sort(key=lambda f: (f.owner.pid, f.record.fd))
        return rows

    def _fuller(self, facts: Facts, wanted: Filter[Facts], now: float) -> Facts:
        """The row with what only some filters ask for."""
        if _TIMES & wanted.columns:
            since = self._first_seen.get(key_of(facts), self._began)
            fresh = now - self._read_at.get(facts.owner.pid, 0.0) < _RATE_LASTS
            facts = facts._replace(
                age=now - since,
                rate=facts.rate if fresh else 0.0,
            )
        if _MOUNTS & wanted.columns:
            mount = mount_of(facts.record)
            if mount is not None:
                facts = facts._replace(mount=(mount.point, mount.source, mount.fstype))
        return facts


def _same(old: Facts, owner: Owner, record: Record) -> bool:
    """Is it still the same file behind the number, of the same process?"""
    was = old.record
    if old.owner.start_time != owner.start_time or (was.dev, was.ino) != (record.dev, record.ino):
        return False
    # The path changes with the name; anonymous inodes are all one, and their text never changes.
    return was.link == record.link or was.nlink != record.nlink


def completed(facts: Facts) -> Facts:
    """Classify and decode."""
    now = decoded(facts.owner, facts.record)
    return facts._replace(kind=now.kind, info=now.info)
