"""The columns of processes for filters: their names, types, help, and what each says of a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fdtui.errors import errno_name
from fdtui.survey import columns
from fdtui.survey.columns import Column, Type, Value, Vocabulary
from fdtui.survey.processes import ProcessRow

_T, _N = Type.TEXT, Type.NUMBER

COLUMNS: tuple[Column, ...] = (
    Column("pid", _N, "pid", "process id"),
    Column("start", _N, "start_time", "start of the process, clock ticks since boot"),
    Column("ppid", _N, "ppid", "process id of the parent"),
    Column("comm", _T, "comm", "name of the process", ("name",)),
    Column("user", _T, "user", "user of the process"),
    Column("uid", _N, "uid", "user id of the process"),
    Column("command", _T, "command", "its arguments"),
    Column("fds", _N, "fds", "how many descriptors it has"),
    Column("limit", _N, "limit", "per cent of the descriptors it may have", ("limit%",)),
    Column("nofile", _N, "nofile", "how many descriptors it may have (RLIMIT_NOFILE)"),
    Column("change", _N, "change", "descriptors gained lately", ("trend",)),
    Column("kthread", Type.BOOLEAN, "kthread", "it is a kernel thread"),
    Column("error", _T, "error", "errno of looking into it: EACCES ..."),
)
GETTERS: Mapping[str, Callable[[ProcessRow], Value]] = {
    "pid": lambda row: row.pid,
    "start": lambda row: row.start_time,
    "ppid": lambda row: row.ppid,
    "comm": lambda row: row.name,
    "user": lambda row: row.user,
    "uid": lambda row: row.uid,
    "command": lambda row: row.command,
    "fds": lambda row: row.fds if row.fds >= 0 else None,
    "limit": lambda row: row.limit_percent,
    "nofile": lambda row: row.limit if row.limit >= 0 else None,
    "change": lambda row: row.trend[-1] - row.trend[0] if row.trend else None,
    "kthread": lambda row: row.kernel,
    "error": lambda row: errno_name(row.refused) if row.refused else None,
}
assert {column.name for column in COLUMNS} == set(GETTERS)


def getter(name: str) -> Callable[[ProcessRow], Value]:
    """For compile_filter(): the function of a column."""
    return GETTERS[name]


def haystack(row: ProcessRow) -> str:
    """What plain words are looked for in, in lower case."""
    return f"{row.pid} {row.user} {row.name} {row.command}".lower()


def _whose(name: str) -> str:
    """Descriptors have many columns that processes have not."""
    return "descriptors: 2 Machine" if columns.find(name) else ""


PROCESSES = Vocabulary(COLUMNS, ("pid", "user", "comm", "command"), strangers=_whose)
