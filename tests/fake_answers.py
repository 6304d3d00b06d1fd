"""How FakeKeeper answers: at once, or when a test lets it; and what it tells unasked."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from fdtui.errors import FdtuiError
from fdtui.keeper.api import Acquired, Event, Hold
from tests.fake_things import Thing

T = TypeVar("T")


class FakeAnswers:
    """`things` are what there is, by (pid, fd); `asked` what was asked for, in order."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._subscribers: list[Callable[[Event], object]] = []
        self.things: dict[tuple[int, int], Thing] = {}
        self.open: dict[int, Acquired] = {}
        self.holds: dict[int, Hold] = {}
        self.asked: list[str] = []
        self.waiting: list[Callable[[], object]] | None = None  # a list: nothing is answered

    def hold_back(self) -> None:
        """Answer nothing until `go_on`."""
        self.waiting = []

    def go_on(self) -> None:
        """Answer everything that waits."""
        waiting, self.waiting = self.waiting or [], None
        for settle in waiting:
            settle()

    def say(self, verb: str, id: int, detail: str = "") -> None:
        """Tell subscribers of something that happened."""
        acquired = self.open[id]
        about = f"fd {acquired.target.fd} of {acquired.comm} {acquired.target.pid}"
        for callback in self._subscribers:
            callback(Event(verb, about, detail, id))

    def subscribe(self, callback: Callable[[Event], object]) -> None:
        self._subscribers.append(callback)

    def _later(self, work: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()

        def settle() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(work())
            except FdtuiError as error:
                future.set_exception(error)

        if self.waiting is None:
            settle()
        else:
            self.waiting.append(settle)
        return future

    def thing(self, id: int) -> Thing:
        """What a look or hold is of; FdtuiError once it was released."""
        if id not in self.open:
            raise FdtuiError("released: it is not held any more")
        thing = self.things[self.open[id].target.pid, self.open[id].target.fd]
        if thing.failure is not None:
            raise thing.failure
        return thing
