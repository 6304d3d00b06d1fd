"""Every descriptor that may be seen, over time: the rows of the Machine place.

Rows are made for the tables that changed and completed (kind and decoded facts) in the background;
order, filter and groups are worked out here too, so that the screen only paints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from fdtui.kinds import BY_NAME, classify
from fdtui.kinds.base import FdKind
from fdtui.linux.procfs import Entry, Failure
from fdtui.linux.record import Owner, Record, Table
from fdtui.linux.users import user_name
from fdtui.survey.filter import Filter, FilterError, compile_filter
from fdtui.survey.scan import Cancelled, Engine, never
from fdtui.survey.sweeper import Sweeper
from fdtui.survey.values import Facts, getter, haystack

Key = tuple[int, int, int]  # pid, start time, descriptor
GROUPINGS = ("", "file", "process", "kind", "user")  # what `g` goes through
_SLICE = 2_000  # rows completed between two looks at whether the screen wants something else


class Group(NamedTuple):
    """A head: what its rows have in common, how many they are, bytes of the files once each."""

    key: str
    title: str
    rows: int
    size: int
    processes: int


class Question(NamedTuple):
    """What the screen wants to see."""

    filter: str = ""
    sort: str = "pid"
    descending: bool = False
    grouping: str = ""
    opened: frozenset[str] = frozenset()  # groups that show their rows


class MachineView(NamedTuple):
    """An answer: lines in order, each a row or the head of a group."""

    lines: Sequence[Facts | Group] = ()
    rows: int = 0  # that fit the filter
    total: int = 0
    processes: int = 0
    hidden: int = 0  # processes whose table was refused
    complete: bool = False  # every process has been read once
    mistake: FilterError | None = None


SORTS: dict[str, Callable[[Facts], object]] = {
    "pid": lambda f: (f.owner.pid, f.record.fd),
    "user": lambda f: (user_name(f.owner.uid), f.owner.pid, f.record.fd),
    "name": lambda f: (f.owner.comm.lower(), f.owner.pid, f.record.fd),
    "fd": lambda f: (f.record.fd, f.owner.pid),
    "kind": lambda f: (f.kind, f.owner.pid, f.record.fd),
    "size": lambda f: _size(f) or 0,
    "pos": lambda f: f.record.pos,
    "blocks": lambda f: f.record.blocks,
    "target": lambda f: (f.record.link, f.owner.pid, f.record.fd),
}


def key_of(facts: Facts) -> Key:
    """What a row is, whatever its place."""
    return facts.owner.pid, facts.owner.start_time, facts.record.fd


def kind_of(facts: Facts) -> FdKind:
    """The kind of a completed row."""
    return BY_NAME[facts.kind] if facts.kind else classify(facts.record.entry)


def _size(facts: Facts) -> int | None:
    return kind_of(facts).size(facts.record.entry, facts.info)


class MachineTable:
    """Sweeps, completes and orders; used by one thread."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._sweeper = Sweeper(engine)
        self._clock = clock
        self._facts: dict[int, list[Facts]] = {}  # by pid
        self._first_seen: dict[Key, float] = {}
        self._compiled: tuple[str, Filter[Facts] | None, FilterError | None] = ("", None, None)
        self._incomplete: set[int] = set()

    def sweep(self, cancelled: Cancelled = never) -> Iterator[None]:
        """Read what changed; yields now and then so that rows can be shown while it goes on."""
        now = self._clock()
        for change in self._sweeper.sweep(cancelled):
            if change.now is None:
                self._forget(change.pid)
                continue
            self._facts[change.pid] = self._made(change.now, change.before, now)
            self._incomplete.add(change.pid)
            yield

    def _made(self, table: Table, before: Table | None, now: float) -> list[Facts]:
        """Rows of a table; those that are as before keep what was worked out for them."""
        known = {f.record.fd: f for f in self._facts.get(table.owner.pid, ())} if before else {}
        rows = []
        for record in table.records:
            old = known.get(record.fd)
            if old is not None and old.record == record and old.owner == table.owner:
                rows.append(old)
                continue
            same = old is not None and _same_file(old.record, record)
            age_from = now
            if same and old is not None:
                age_from = self._first_seen.get(key_of(old), now)
            facts = Facts(table.owner, record)
            self._first_seen[key_of(facts)] = age_from
            rows.append(facts)
        return rows

    def _forget(self, pid: int) -> None:
        for facts in self._facts.pop(pid, ()):
            self._first_seen.pop(key_of(facts), None)
        self._incomplete.discard(pid)

    def complete(self, cancelled: Cancelled = never) -> bool:
        """Work out kind and decoded facts of new rows; False when there is more to do."""
        done = 0
        for pid in list(self._incomplete):
            rows = self._facts.get(pid, [])
            for index, facts in enumerate(rows):
                if not facts.kind:
                    rows[index] = completed(facts)
                    done += 1
            self._incomplete.discard(pid)
            if done >= _SLICE:
                done = 0
                if cancelled():
                    return False
        return True

    def records(self) -> list[Record]:
        """Return every row as it was read last."""
        return [record for table in self._sweeper.tables.values() for record in table.records]

    def owners(self) -> dict[int, Owner]:
        """Return the processes of the last sweep by pid."""
        return {pid: table.owner for pid, table in self._sweeper.tables.items()}

    def answer(self, question: Question) -> MachineView:
        """Filter, sort and group what is known."""
        rows = [facts for pid in sorted(self._facts) for facts in self._facts[pid]]
        total = len(rows)
        mistake = None
        if question.filter.strip():
            wanted, mistake = self._filter(question.filter)
            if wanted is not None:
                aged = self._aged if {"age", "rate"} & wanted.columns else _as_is
                rows = [facts for facts in rows if wanted.matches(aged(facts))]
        if question.sort != "pid" or question.descending:
            rows.sort(key=SORTS[question.sort], reverse=question.descending)  # type: ignore[arg-type]  # each key is comparable to itself
        lines: Sequence[Facts | Group] = rows
        if question.grouping:
            lines = grouped(rows, question)
        tables = self._sweeper.tables
        return MachineView(
            lines=lines,
            rows=len(rows),
            total=total,
            processes=len(tables),
            hidden=sum(table.owner.error is not None for table in tables.values()),
            complete=self._sweeper.complete,
            mistake=mistake,
        )

    def _filter(self, text: str) -> tuple[Filter[Facts] | None, FilterError | None]:
        """Compile once; while it is being typed, the last text that could be meant stays."""
        known, compiled, mistake = self._compiled
        if text != known:
            try:
                compiled, mistake = compile_filter(text, getter, haystack), None
            except FilterError as error:
                mistake = error
            self._compiled = (text, compiled, mistake)
        return compiled, mistake

    def _aged(self, facts: Facts) -> Facts:
        since = self._first_seen.get(key_of(facts))
        return facts if since is None else facts._replace(age=self._clock() - since)


def _as_is(facts: Facts) -> Facts:
    return facts


def _same_file(a: Record, b: Record) -> bool:
    return (a.dev, a.ino, a.link) == (b.dev, b.ino, b.link)


def completed(facts: Facts) -> Facts:
    """Classify and decode."""
    entry: Entry = facts.record.entry
    kind = classify(entry)
    return facts._replace(kind=kind.name, info=kind.describe(entry))


def _group_key(facts: Facts, grouping: str) -> tuple[str, str]:
    """What rows of one group share, and how it is called."""
    match grouping:
        case "file":
            record = facts.record
            if not record.link and record.error is not None:
                reason = str(Failure(*record.error))
                return reason, reason
            return f"{record.dev}:{record.ino}:{record.link}", record.link
        case "process":
            owner = facts.owner
            return f"{owner.pid}:{owner.start_time}", f"{owner.comm} {owner.pid}"
        case "kind":
            return facts.kind, facts.kind or "not decoded yet"
        case _:
            user = user_name(facts.owner.uid)
            return user, user


def grouped(rows: Sequence[Facts], question: Question) -> list[Facts | Group]:
    """Heads by number of rows, largest first; the rows of opened groups below their head."""
    members: dict[str, list[Facts]] = {}
    titles: dict[str, str] = {}
    for facts in rows:
        key, title = _group_key(facts, question.grouping)
        members.setdefault(key, []).append(facts)
        titles[key] = title
    lines: list[Facts | Group] = []
    for key, those in sorted(members.items(), key=lambda item: (-len(item[1]), titles[item[0]])):
        files = {(f.record.dev, f.record.ino): max(0, f.record.size) for f in those}
        processes = len({f.owner.pid for f in those})
        lines.append(Group(key, titles[key], len(those), sum(files.values()), processes))
        if key in question.opened:
            lines.extend(those)
    return lines
