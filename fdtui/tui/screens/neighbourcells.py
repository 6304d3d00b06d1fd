"""Peers and sharers in cells and in the pane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fdtui.render.spans import BLANK, Cell, Span, Spans, shown
from fdtui.survey.descriptors import Fd
from fdtui.survey.neighbours import Neighbour, Sharer
from fdtui.survey.peers import Peer
from fdtui.tui.widgets.pane import Fact, Line, Member

_ORIGINS = {
    "dup": "dup",
    "same table": "same table",
    "inherited": "inherited",
    "passed": "passed",
}
MOST_MEMBERS = 40  # lines of the pane: more are counted


class Detail(NamedTuple):
    """What the pane says of the selected row beyond its own facts."""

    fd: Fd
    sharers: tuple[Sharer, ...] = ()
    comm: str = ""  # of the process on the screen
    apart: tuple[tuple[int, int, str, str], ...] = ()  # pid, fd, comm, how it differs
    watchers: tuple[tuple[int, int, str, str], ...] = ()  # epolls: pid, fd, comm, a note


def shared_cell(neighbour: Neighbour, selected_set: bool) -> Cell:
    """`×3`: three descriptors share the description; `?` where kcmp was refused."""
    if neighbour.sharers:
        return Span(f"×{len(neighbour.sharers) + 1}", "key" if selected_set else "text")
    if neighbour.sharing_id is None and neighbour.sharing_reason:
        return Span("?", "muted")
    return BLANK


def peer_cell(neighbour: Neighbour) -> Cell:
    """`comm pid:fd`, and how many more."""
    if not neighbour.peers:
        return BLANK
    return peer_words(neighbour.peers)


def peer_words(peers: Sequence[Peer]) -> Spans:
    """The first peer and the number of the others."""
    first = peers[0]
    where = f" {first.pid}" if first.fd is None else f" {first.pid}:{first.fd}"
    more = f" +{len(peers) - 1}" if len(peers) > 1 else ""
    return (*shown(first.comm), Span(f"{where}{more}", "muted", "never"))


def pane_lines(
    pid: int, neighbour: Neighbour | None, detail: Detail, brief: bool = False
) -> list[Line]:
    """The right half of the pane: sharers, the same file opened apart, peers, watchers."""
    lines: list[Line] = []
    if neighbour is not None:
        lines += _sharers(pid, neighbour, detail, brief)
        if detail.apart:
            lines += _head(
                lines,
                "opened apart" if brief else "same file, opened apart",
                _count(len(detail.apart), "descriptor"),
            )
            lines += [_member(*one) for one in detail.apart[:MOST_MEMBERS]]
        if neighbour.peers:
            lines += _head(lines, "other end", _count(len(neighbour.peers), "peer"))
            lines += [
                Member(
                    *_name(peer.comm),
                    str(peer.pid),
                    "" if peer.fd is None else str(peer.fd),
                    (Span(peer.relation, "muted"),),
                )
                for peer in neighbour.peers[:MOST_MEMBERS]
            ]
    if detail.watchers:
        lines += _head(lines, "watched by", _count(len(detail.watchers), "epoll"))
        lines += [_member(*one) for one in detail.watchers[:MOST_MEMBERS]]
    return lines


def _sharers(pid: int, neighbour: Neighbour, detail: Detail, brief: bool) -> list[Line]:
    if not neighbour.sharers:
        if neighbour.sharing_reason:
            return [Fact("same description", (*shown(neighbour.sharing_reason, "attention"),))]
        return []
    processes = {pid, *(one[0] for one in neighbour.sharers)}
    number = len(neighbour.sharers) + 1
    count = f"{number:,}" if brief else _count(number, "descriptor")
    where = f" in {_count(len(processes), 'process', 'processes')}"
    lines: list[Line] = [Fact("same description", (Span(count + where),))]
    if detail.comm:
        lines.append(_member(pid, detail.fd, detail.comm, "this one"))
    known = {(one.pid, one.fd): one for one in detail.sharers}
    for other in neighbour.sharers[:MOST_MEMBERS]:
        sharer = known.get((other[0], other[1]))
        note = (Span(_ORIGINS[sharer.origin], "muted"),) if sharer else ()
        lines.append(
            Member(*_name(sharer.comm if sharer else ""), str(other[0]), str(other[1]), note)
        )
    if len(neighbour.sharers) > MOST_MEMBERS:
        lines.append(Fact(f"and {len(neighbour.sharers) - MOST_MEMBERS} more", ()))
    return lines


def _head(before: list[Line], key: str, value: str) -> list[Line]:
    head: list[Line] = [Fact(key, (Span(value),))]
    return [None, *head] if before else head


def _member(pid: int, fd: Fd, comm: str, note: str = "") -> Member:
    return Member(*_name(comm), str(pid), str(fd), (Span(note, "muted"),) if note else ())


def _name(comm: str) -> tuple[str]:
    return ("".join(span.text for span in shown(comm)),)


def _count(number: int, word: str, words: str = "") -> str:
    return f"{number:,} {word if number == 1 else words or word + 's'}"
