"""Rows of the machine under heads: what they have in common, how many, and what that holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from fdtui.linux.lean import NamedTuple
from fdtui.linux.procfs import Failure
from fdtui.linux.users import user_name
from fdtui.survey.facts import Facts

GROUPINGS = ("", "file", "process", "kind", "user")  # what `g` goes through


class Group(NamedTuple):
    """A head: what its rows have in common, how many they are, bytes of the files once each."""

    key: str
    title: str
    rows: int
    size: int
    processes: int


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


def grouped(
    rows: Sequence[Facts], grouping: str, opened: Collection[str] = ()
) -> list[Facts | Group]:
    """Heads by number of rows, largest first; the rows of opened groups below their head."""
    members: dict[str, list[Facts]] = {}
    titles: dict[str, str] = {}
    for facts in rows:
        key, title = _group_key(facts, grouping)
        members.setdefault(key, []).append(facts)
        titles[key] = title
    lines: list[Facts | Group] = []
    for key, those in sorted(members.items(), key=lambda item: (-len(item[1]), titles[item[0]])):
        files = {(f.record.dev, f.record.ino): max(0, f.record.size) for f in those}
        processes = len({f.owner.pid for f in those})
        lines.append(Group(key, titles[key], len(those), sum(files.values()), processes))
        if key in opened:
            lines.extend(those)
    return lines
