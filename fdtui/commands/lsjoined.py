"""Objects with `sharing` and `peers`: workers write them once all tables are known in outline."""

from __future__ import annotations

from collections.abc import Iterator

from fdtui.commands import lsjson, lswork
from fdtui.linux.lean import TYPE_CHECKING
from fdtui.linux.record import Record, Table
from fdtui.survey.ends import Ends
from fdtui.survey.outline import Outline, descriptor
from fdtui.survey.pooled import PooledEngine
from fdtui.survey.related import RELATED, RelatedSockets
from fdtui.survey.scan import Payload
from fdtui.survey.sharers import Sharers
from fdtui.survey.socks import Socks
from fdtui.survey.workers import Job

if TYPE_CHECKING:
    from typing import TypeAlias

    Members: TypeAlias = dict[int, dict[int, str]]  # pid -> fd -> text

_FD = (1 << 32) - 1
_NO_PEER = ',"peers":[]}\n'
_socks = Socks()  # of a worker: each dumps the sockets once


def objects(engine: PooledEngine, sharing: bool, peers: bool) -> Iterator[bytes]:
    """Yield what `made` makes of every row of the machine, in order of pid and fd."""
    beside = [Job(RELATED, None)] if peers else []
    gathered, said = engine.gathered(beside)
    sharers = gathered.sharers(engine.shared) if sharing else None
    ends = Ends(gathered.outlines, RelatedSockets.unpacked(said[0])) if peers else None

    def told(outline: Outline) -> Payload:
        return (
            _sharing(outline, sharers) if sharers is not None else None,
            _peers(outline, ends) if ends is not None else None,
        )

    return engine.finished(gathered, made, told)


def _sharing(outline: Outline, sharers: Sharers) -> Members:
    """The member `sharing` of those that are not the first of their description, or unknown."""
    found: Members = {}
    for pid in outline.names:
        first = sharers.first.get(pid)
        if first is not None:
            found[pid] = {
                fd: f',"sharing":"{one[0]}:{one[1]}"' for fd, one in sorted(first.items())
            }
        for fd, why in sharers.reasons.get(pid, {}).items():
            found.setdefault(pid, {})[fd] = lsjson.sharing_of(None, why)
    return found


def _peers(outline: Outline, ends: Ends) -> Members:
    """The member `peers` of those that have some, and what closes the object."""
    found: Members = {pid: {} for pid in outline.names}
    around = _Around(ends)
    for place, peers in ends.numbered(outline):
        if len(peers) == 1:
            one, what = peers[0]
            before, after = around[one >> 32]
            said = f'{before}{one & _FD}{after}{what}"}}'
        else:
            said = ",".join(
                [
                    f'{around[one >> 32][0]}{one & _FD}{around[one >> 32][1]}{what}"}}'
                    for one, what in peers
                ]
            )
        found[place >> 32][place & _FD] = f',"peers":[{said}]}}\n'
    for place, others in ends.others(outline):
        pid, fd = descriptor(place)
        found[pid][fd] = f',"peers":{lsjson.peers_of(others)}}}\n'
    return found


class _Around(dict[int, tuple[str, str]]):
    """Process -> what stands before and after the number of a peer's descriptor."""

    def __init__(self, ends: Ends) -> None:
        super().__init__()
        self._ends = ends

    def __missing__(self, pid: int) -> tuple[str, str]:
        comm = lsjson.text_of(self._ends.comm(pid))
        around = self[pid] = f'{{"pid":{pid},"fd":', f',"comm":{comm},"relation":"'
        return around


def made(tables: list[Table], told: Payload) -> bytes:
    """In a worker: owners, and the closed objects of their rows; for `lswork.taken_apart`."""
    sharing, peers = told
    texts: list[str] = []
    for owner, records in tables:
        lines = lsjson.rows(owner, records, _socks)
        texts += _closed(lines, owner.pid, records, sharing, peers)
    return lswork.with_owners(tables, "".join(texts).encode("ascii"))


def _closed(
    lines: Iterator[str],
    pid: int,
    records: list[Record],
    sharing: Members | None,
    peers: Members | None,
) -> list[str]:
    """The objects of a process."""
    close = "}\n" if peers is None else _NO_PEER
    ends = {} if peers is None else peers.get(pid, {})
    if sharing is None:
        return [
            line + ends.get(record.fd, close) for line, record in zip(lines, records, strict=True)
        ]
    first = sharing.get(pid, {})
    texts = []
    for line, record in zip(lines, records, strict=True):
        fd = record[1]
        label = first.get(fd)
        if label is None:
            label = f',"sharing":"{pid}:{fd}"'
        texts.append(f"{line}{label}{ends.get(fd, close)}")
    return texts
