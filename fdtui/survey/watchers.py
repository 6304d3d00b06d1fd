"""Which epoll instances watch a descriptor: `tfd` lines of fdinfo, proved by kcmp(2).

A watched description goes on firing after its number is closed, as long as anybody holds it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fdtui.kinds.epoll import parse_tfd
from fdtui.linux import syscalls
from fdtui.linux.lean import NamedTuple
from fdtui.linux.record import Record
from fdtui.survey.lookup import Lookup

EPOLL = "anon_inode:[eventpoll]"


class Watcher(NamedTuple):
    """An epoll that watches the descriptor asked about."""

    pid: int
    fd: int  # of the epoll
    comm: str
    tfd: int  # the number it was registered under, in the process that registered it
    events: tuple[str, ...]
    sure: bool  # False: the same inode and number, but kcmp was refused


def watchers(
    record: Record, epolls: Iterable[Record], lookup: Lookup | None = None
) -> tuple[Watcher, ...]:
    """Return who watches it among these epoll descriptors, in order (6 us an epoll and more).

    An epoll that several processes hold is named once for each descriptor of it.
    """
    lookup = lookup or Lookup()
    ino = lookup.file(record).ino
    found: list[Watcher] = []
    for epoll in epolls:
        before: Counter[int] = Counter()
        for value in lookup.lines(epoll, "tfd"):
            tfd = parse_tfd(value)
            number = tfd["tfd"]
            assert isinstance(number, int)
            toff, before[number] = before[number], before[number] + 1
            # Anonymous inodes are all one: only kcmp tells those apart.
            if ino >= 0 and tfd.get("ino", ino) != ino:
                continue
            sure = _is_watched(record, epoll, number, toff)
            if sure is None:
                sure = False
                if (record.pid, record.fd) != (epoll.pid, number) or ino < 0:
                    continue
            elif not sure:
                continue
            events = tfd["events"]
            assert isinstance(events, list)
            found.append(
                Watcher(
                    epoll.pid,
                    epoll.fd,
                    lookup.comm(epoll.pid),
                    number,
                    tuple(map(str, events)),
                    sure,
                )
            )
    return tuple(sorted(found))


def _is_watched(record: Record, epoll: Record, number: int, toff: int) -> bool | None:
    """KCMP_EPOLL_TFD; None where it is refused or not built in."""
    try:
        return not syscalls.kcmp_epoll_tfd(record.pid, record.fd, epoll.pid, epoll.fd, number, toff)
    except (FileNotFoundError, ProcessLookupError):
        return False  # no longer watched, no longer there
    except OSError:
        return None
