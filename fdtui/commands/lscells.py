"""The values of a row as cells of a table, and as JSON by column."""

from __future__ import annotations

import json
from collections.abc import Callable

from fdtui.kinds import BY_NAME
from fdtui.linux.procfs import Failure
from fdtui.render.objects import safe_json
from fdtui.render.safe import plain
from fdtui.survey import columns
from fdtui.survey.values import GETTERS, Facts, peer_words

NOTHING = "-"
_encode = json.JSONEncoder().encode


def _pos(facts: Facts) -> str:
    kind = BY_NAME[facts.kind]
    pos = kind.position(facts.record.entry)
    return NOTHING if pos is None else str(pos)


def _size(facts: Facts) -> str:
    kind = BY_NAME[facts.kind]
    size = kind.size(facts.record.entry, facts.info)
    return NOTHING if size is None else str(size)


def _target(facts: Facts) -> str:
    """As the screen says it: the path, or what the kind has decoded; else why it is not known."""
    record = facts.record
    if not record.link:
        return plain(str(Failure(*record.error))) if record.error else NOTHING
    if facts.special or (record.link[:1] == "/" and record.nlink != 0):
        return plain(record.link)
    spans = BY_NAME[facts.kind].target(record.entry, facts.info)
    words = plain("".join([span.text for span in spans]))
    # The number of a pipe or socket is what `who` finds its other holders by.
    numbered = record.link.startswith(_NUMBERED) and words != record.link
    return f"{record.link} {words}" if numbered else words


_NUMBERED = ("pipe:[", "socket:[")


def _peer(facts: Facts) -> str:
    if not facts.peers:
        return NOTHING
    more = f" +{len(facts.peers) - 1}" if len(facts.peers) > 1 else ""
    return plain(peer_words(facts.peers[0])) + more


def _fd(facts: Facts) -> str:
    return facts.special or str(facts.record.fd)


_OWN: dict[str, Callable[[Facts], str]] = {
    "pos": _pos,
    "size": _size,
    "target": _target,
    "peer": _peer,
    "fd": _fd,
}


def _general(name: str) -> Callable[[Facts], str]:
    get = GETTERS[name]

    def cell(facts: Facts) -> str:
        value = get(facts)
        if value is None or value == "":
            return NOTHING
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, tuple):
            return plain(",".join(map(str, value)))
        return plain(str(value))

    return cell


_cells: dict[tuple[str, ...], list[Callable[[Facts], str]]] = {}


def cells(facts: Facts, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return a cell for each column; names are as they were typed."""
    getters = _cells.get(names)
    if getters is None:
        getters = _cells[names] = [_cell(name) for name in names]
    return tuple([get(facts) for get in getters])


def _cell(name: str) -> Callable[[Facts], str]:
    column = columns.find(name)
    assert column is not None
    return _OWN.get(column.name) or _general(column.name)


def as_object(facts: Facts, names: tuple[str, ...]) -> str:
    """Return an object with these columns by their names."""
    found = {}
    for name in names:
        column = columns.find(name)
        assert column is not None
        value = GETTERS[column.name](facts)
        if column.name == "fd":
            value = facts.special or facts.record.fd
        found[column.name] = safe_json(value)
    return _encode(found)
