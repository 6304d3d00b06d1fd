"""Objects that workers left open, closed with `sharing` and `peers` once those are known.

What carries its description's number (the kernel's iterator tells it) is settled as it arrives,
while workers go on; only rows that can have a peer wait for the others.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterator
from itertools import chain, islice

from fdtui.commands import lsjson
from fdtui.commands.lspacked import INO_OF_SHORT, LINK, SHORT, unpacked
from fdtui.commands.lsrelated import Relations
from fdtui.linux.lean import NamedTuple
from fdtui.linux.record import Owner, Record, Row
from fdtui.survey.lookup import Lookup
from fdtui.survey.peers import PeerIndex
from fdtui.survey.scan import all_pids
from fdtui.survey.sharing import refusal, sharing_of_records
from fdtui.survey.socket_peers import namespaces, socket_peers

_FEW = 1_000
_NO_PEER = ',"peers":[]'


class Spliced:
    """`add` each part in order of pid and fd, then `close`."""

    def __init__(self, sharing: bool, peers: bool) -> None:
        self._sharing = sharing
        self._peers = _Peers() if peers else None
        self._parts: list[_Part] = []
        self._first: dict[object, str] = {}  # description -> its first descriptor, as PID:FD
        # Files of rows of /proc, of whose description kcmp tells: links, and inodes of paths.
        # Few where the iterator listed.
        self._untold: set[str | int] = set()

    def add(self, owners: list[Owner], body: memoryview) -> None:
        """Take what a worker made of some tables: open objects, and their packed rows."""
        lines, rows = marshal.loads(body)  # noqa: S302  from our own workers
        part = _Part(lines, rows, [], [])
        self._parts.append(part)
        self._settle(part)
        if self._peers is not None:
            self._peers.add(owners, [record for _, record in part.waiting])

    def _settle(self, part: _Part) -> None:
        """End each object as far as that is known yet."""
        lines, rows, texts, waiting = part
        first, sharing = self._first.setdefault, self._sharing
        with_peers = self._peers is not None
        close = _NO_PEER + "}\n" if with_peers else "}\n"
        for at, row in enumerate(rows):
            if len(row) == SHORT:
                pid, fd, ofd, _, _, _ = row
                if sharing:
                    id = first(ofd, f"{pid}:{fd}")
                    texts.append(f'{lines[at]},"sharing":"{id}"{close}')
                else:
                    texts.append(lines[at] + close)
                continue
            (record,) = unpacked((row,))
            end = ""
            if sharing and record.ofd:
                end = f',"sharing":"{first(record.ofd, f"{record.pid}:{record.fd}")}"'
            elif sharing:
                end = lsjson.sharing_of(None, refusal(record))
                if record.link:
                    self._untold.add(record.link)
                    if record.link.startswith("/"):
                        self._untold.add(record.ino)
            if with_peers:
                waiting.append((at, record))
                texts.append(lines[at] + end)
            else:
                texts.append(f"{lines[at]}{end}{close}")

    def close(self, owners: list[Owner]) -> Iterator[bytes]:
        """Yield the objects, a line each."""
        if len(self._untold) > _FEW:
            yield from self._compared(owners)
            return
        if self._untold:
            self._ask()
        for part in self._parts:
            texts = part.texts
            if self._peers is not None:
                for at, record in part.waiting:
                    texts[at] += self._peers.of(record)
            yield "".join(texts).encode("ascii")

    def _compared(self, owners: list[Owner]) -> Iterator[bytes]:
        """All of it from /proc: every row is compared with what is alike."""
        records = list(chain.from_iterable(unpacked(part.rows) for part in self._parts))
        relations = Relations(owners, records, self._sharing, self._peers is not None)
        ends = map(relations.members, records)
        for part in self._parts:
            objects = zip(part.lines, islice(ends, len(part.lines)), strict=True)
            yield "".join([f"{line}{end}}}\n" for line, end in objects]).encode("ascii")

    def _ask(self) -> None:
        """Compare what /proc listed with everything that is the same file, whoever listed it."""
        untold = self._untold
        alike: list[tuple[_Part, int, Record]] = []
        for part in self._parts:
            for at, row in enumerate(part.rows):
                size = len(row)
                if row[INO_OF_SHORT if size == SHORT else LINK[size]] in untold:
                    alike.append((part, at, next(unpacked((row,)))))
        sets = sharing_of_records([record for _, _, record in alike])
        for part, at, record in alike:
            one = record.pid, record.fd
            end = lsjson.sharing_of(sets.id(*one), sets.reasons.get(one, ""))
            if self._peers is None:
                end += "}\n"
            elif len(part.rows[at]) == SHORT:
                end += _NO_PEER + "}\n"
            part.texts[at] = part.lines[at] + end


class _Part(NamedTuple):
    """What a worker made, and what becomes of it."""

    lines: list[str]  # objects without their ends
    rows: list[Row]
    texts: list[str]  # objects as far as they are known
    waiting: list[tuple[int, Record]]  # places of those without `peers`


class _Peers:
    """The index of peers, filled while workers go on; asked when they have ended."""

    def __init__(self) -> None:
        self._lookup = Lookup()
        self._index: PeerIndex | None = None

    def add(self, owners: list[Owner], records: list[Record]) -> None:
        if self._index is None:
            sockets = socket_peers(namespaces(all_pids()))
            self._index = PeerIndex(sockets, self._lookup)
        self._lookup.know_names({owner.pid: owner.comm for owner in owners})
        self._index.add(records)

    def of(self, record: Record) -> str:
        """The last member of its object, closed."""
        found = self._index.of_record(record) if self._index is not None else ()
        return f',"peers":{lsjson.peers_of(found)}}}\n' if found else _NO_PEER + "}\n"
