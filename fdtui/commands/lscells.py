"""The values of a row as cells of a table, and as JSON by column."""

from __future__ import annotations

from collections.abc import Callable

from fdtui.kinds import BY_NAME
from fdtui.linux.abi import access_mode
from fdtui.linux.procfs import Entry, Failure
from fdtui.linux.record import Record
from fdtui.linux.users import user_name
from fdtui.render.safe import plain
from fdtui.survey.facts import Facts, peer_words

NOTHING = "-"
_NUMBERED = ("pipe:[", "socket:[")
_MODES = {4: "r", 2: "w", 6: "rw", 0: "path"}


_last: list[tuple[Record, Entry]] = []


def _entry(record: Record) -> Entry:
    """Three cells of a row are asked of one entry."""
    if not _last or _last[0][0] is not record:
        _last[:] = [(record, record.entry)]
    return _last[0][1]


def _mode(facts: Facts) -> str:
    record = facts.record
    if record.flags >= 0:
        return access_mode(record.flags)
    return _MODES.get(record.access, NOTHING)


def _pos(facts: Facts) -> str:
    pos = BY_NAME[facts.kind].position(_entry(facts.record))
    return NOTHING if pos is None else str(pos)


def _size(facts: Facts) -> str:
    size = BY_NAME[facts.kind].size(_entry(facts.record), facts.info)
    return NOTHING if size is None else str(size)


def _target(facts: Facts) -> str:
    """As the screen says it: the path, or what the kind has decoded; else why it is not known."""
    record = facts.record
    if not record.link:
        return plain(str(Failure(*record.error))) if record.error else NOTHING
    if facts.special or (record.link[:1] == "/" and record.nlink != 0):
        return plain(record.link)
    spans = BY_NAME[facts.kind].target(_entry(record), facts.info)
    words = plain("".join([span.text for span in spans]))
    # The number of a pipe or socket is what `who` finds its other holders by.
    numbered = record.link.startswith(_NUMBERED) and words != record.link
    return f"{record.link} {words}" if numbered else words


def _peer(facts: Facts) -> str:
    if not facts.peers:
        return NOTHING
    more = f" +{len(facts.peers) - 1}" if len(facts.peers) > 1 else ""
    return plain(peer_words(facts.peers[0])) + more


# Those that are usual need no more than this; the others are the filters' columns.
_OWN: dict[str, Callable[[Facts], str]] = {
    "pid": lambda f: str(f.owner.pid),
    "user": lambda f: plain(user_name(f.owner.uid)),
    "comm": lambda f: plain(f.owner.comm),
    "fd": lambda f: f.special or str(f.record.fd),
    "kind": lambda f: f.kind,
    "mode": _mode,
    "pos": _pos,
    "size": _size,
    "shared": lambda f: NOTHING if f.shared is None else str(f.shared),
    "sharing": lambda f: f.sharing or NOTHING,
    "peer": _peer,
    "target": _target,
}
_OWN["command"] = _OWN["comm"]
_NUMERIC = frozenset({"pid", "fd", "pos", "size", "shared"})


def is_number(name: str) -> bool:
    """Does a column stand to the right?"""
    if name in _OWN:
        return name in _NUMERIC
    from fdtui.survey import columns

    found = columns.find(name)
    return found is not None and found.numeric


def _general(name: str) -> Callable[[Facts], str]:
    from fdtui.survey import columns
    from fdtui.survey.values import GETTERS

    column = columns.find(name)
    assert column is not None
    if column.name in _OWN:
        return _OWN[column.name]
    get = GETTERS[column.name]

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
        getters = _cells[names] = [_OWN.get(name) or _general(name) for name in names]
    return tuple([get(facts) for get in getters])


def as_object(facts: Facts, names: tuple[str, ...]) -> str:
    """Return a JSON object with these columns by their names."""
    import json

    from fdtui.render.objects import safe_json
    from fdtui.survey import columns
    from fdtui.survey.values import GETTERS

    found = {}
    for name in names:
        column = columns.find(name)
        assert column is not None
        value = GETTERS[column.name](facts)
        if column.name == "fd":
            value = facts.special or facts.record.fd
        found[column.name] = safe_json(value)
    return json.dumps(found, separators=(",", ":"))
