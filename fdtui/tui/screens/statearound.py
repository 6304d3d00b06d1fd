"""Who else has what a state view shows, in lines of its DESCRIPTOR section."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from fdtui.errors import FdtuiError
from fdtui.keeper.api import Acquired
from fdtui.kinds.base import Fact
from fdtui.linux.spans import Span, Spans
from fdtui.tui.app import FdtuiApp
from fdtui.tui.poller import SLOWDOWN
from fdtui.tui.screens.around import Around, Other, look_around

_EVERY = 5.0  # seconds, at least, between two searches: the whole machine is asked


class AroundLook:
    """Searches now and then for who else has it."""

    def __init__(self, app: FdtuiApp, acquired: Acquired) -> None:
        self._app, self._acquired = app, acquired
        self._due = 0.0
        self.facts: tuple[Fact, ...] = ()

    def look(self, changed: Callable[[], None]) -> None:
        """Start a search when one is due; call `changed` when it has found something else."""
        began = time.monotonic()
        if began < self._due:
            return
        self._due = float("inf")

        def found(around: Around) -> None:
            ended = time.monotonic()
            self._due = ended + max(_EVERY, SLOWDOWN * (ended - began))
            before, self.facts = self.facts, around_facts(around)
            if self.facts != before:
                changed()

        def failed(error: FdtuiError) -> None:
            found(Around(why=str(error)))

        keeper = self._app.keeper.pid
        self._app.when(look_around(self._app.machine, self._acquired, keeper), found, failed)


def around_facts(around: Around) -> tuple[Fact, ...]:
    """`shared by  nobody`, `other end  postgres 1739 fd 8`, `watched by  ingestd 4182 fd 3`."""
    facts: list[Fact] = []
    if around.sharers:
        facts.append(_fact("shared by", around.sharers))
    elif around.why:
        facts.append(Fact("shared by", (Span(around.why, "attention"),)))
    else:
        facts.append(Fact("shared by", (Span("nobody"),)))
    if around.ends:
        facts.append(_fact("other end", around.ends))
    if around.watchers:
        facts.append(_fact("watched by", around.watchers))
    return tuple(facts)


def _fact(key: str, others: Sequence[Other]) -> Fact:
    first = others[0]
    words: Spans = (Span(first.comm), Span(f" {first.pid}"))
    if first.fd is not None:
        words += (Span(f" fd {first.fd}"),)
    more = f"+{len(others) - 1}" if len(others) > 1 else ""
    relation = first.relation if first.relation != key else ""
    return Fact(key, words, "  ".join(filter(None, (relation, more))))
