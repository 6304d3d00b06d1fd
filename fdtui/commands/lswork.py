"""What is made of tables, in workers or here: rows that fit, as JSON lines, cells or counts."""

from __future__ import annotations

import errno
import marshal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from fdtui.linux.lean import TYPE_CHECKING, NamedTuple, cache
from fdtui.linux.record import Owner, Table
from fdtui.linux.users import user_name
from fdtui.survey.decoding import decoded, mount_of
from fdtui.survey.facts import Facts
from fdtui.survey.socks import Socks

if TYPE_CHECKING:
    from fdtui.survey.filter import Filter
    from fdtui.survey.scan import Payload


class Job(NamedTuple):
    """What to make of rows: marshal carries it to workers."""

    form: str  # json, columns (as JSON), cells, counts
    columns: tuple[str, ...]
    filters: tuple[str, ...]
    specials: bool  # cwd, root, exe and mapped files too
    containers: bool
    mounts: bool

    @property
    def straight(self) -> bool:
        """Can rows be written as they come?"""
        return self.form == "json" and not (self.filters or self.specials)


_socks = Socks()  # of a worker: each dumps the sockets once


def make(tables: list[Table], job: Payload) -> bytes:
    """In a worker: owners, and what is made of their rows; for `taken_apart`."""
    wanted = Job._make(job)
    if wanted.straight:
        from fdtui.commands import lsjson

        lines: list[str] = []
        for owner, records in tables:
            lines += lsjson.rows(owner, records, _socks)
        body = "}\n".join([*lines, ""]).encode("ascii")
    else:
        those = [one for table in tables for one in facts(table, wanted, _socks)]
        body = made(fitting(those, wanted), wanted)
    return with_owners(tables, body)


def with_owners(tables: list[Table], body: bytes) -> bytes:
    """Put the owners before what was made of their rows, for `taken_apart`."""
    owners = marshal.dumps([tuple(judged(table)) for table in tables])
    return b"".join((len(owners).to_bytes(4, "little"), owners, body))


def judged(table: Table) -> Owner:
    """Return the owner; with an error too where the table was listed, but no link could be read."""
    owner, records = table
    if owner.error is None and records and not records[0].link:
        refused = records[0].error
        if refused is not None and refused[1] in (errno.EACCES, errno.EPERM):
            return owner._replace(error=refused)
    return owner


def taken_apart(part: bytes) -> tuple[list[Owner], memoryview]:
    """Undo what `make` did, without copying what can be large."""
    view = memoryview(part)
    end = 4 + int.from_bytes(view[:4], "little")
    owners = marshal.loads(view[4:end])  # noqa: S302  from our own workers
    return list(map(Owner._make, owners)), view[end:]


def facts(table: Table, job: Job, socks: Socks) -> Iterator[Facts]:
    """Decode the rows of a table, as far as filters and output need."""
    owner = table.owner
    container = _container(owner.pid) if job.containers else ""
    records = (decoded(owner, record, socks) for record in table.records)
    special: Iterable[Facts] = ()
    if job.specials:
        from fdtui.survey.specials import specials

        special = specials(owner)
    for group in (records, special):
        for one in group:
            placed = one._replace(container=container) if container else one
            yield with_mount(placed) if job.mounts else placed


def with_mount(one: Facts) -> Facts:
    """Add where the file is mounted."""
    mount = mount_of(one.record)
    return one if mount is None else one._replace(mount=(mount.point, mount.source, mount.fstype))


@cache
def _containers() -> Callable[[int], str]:
    from fdtui.survey.containers import Containers

    known = Containers()

    def label(pid: int) -> str:
        found = known.of(pid)
        return found.label if found else ""

    return label


def _container(pid: int) -> str:
    return _containers()(pid)


@cache
def compiled(filters: tuple[str, ...]) -> tuple[Filter[Facts], ...]:
    """Compile filters once; FilterError, which knows the text, for a mistake."""
    from fdtui.survey.filter import FilterError, compile_filter
    from fdtui.survey.values import getter, haystack

    found = []
    for text in filters:
        try:
            found.append(compile_filter(text, getter, haystack))
        except FilterError as error:
            error.text = text  # several may have been given
            raise
    return tuple(found)


def fitting(rows: Iterable[Facts], job: Job) -> Iterable[Facts]:
    """The rows that fit all filters."""
    for one in compiled(job.filters) if job.filters else ():
        rows = filter(one.matches, rows)
    return rows


def made(rows: Iterable[Facts], job: Job) -> bytes:
    """Put rows into the form that was asked for."""
    if job.form == "json":
        from fdtui.commands import lsjson

        return "".join([lsjson.row(one) + "\n" for one in rows]).encode("ascii")
    if job.form == "columns":
        from fdtui.commands.lscells import as_object

        return "".join([as_object(one, job.columns) + "\n" for one in rows]).encode("ascii")
    if job.form == "counts":
        return marshal.dumps(_counted(rows))
    from fdtui.commands.lscells import cells

    return marshal.dumps([cells(one, job.columns) for one in rows])


def _counted(rows: Iterable[Facts]) -> dict[tuple[str, str], int]:
    counts: Counter[tuple[str, str]] = Counter()
    for one in rows:
        counts["kind", one.kind] += 1
        counts["user", user_name(one.owner.uid)] += 1
        counts["process", f"{one.owner.pid} {one.owner.comm}"] += 1
    return dict(counts)
