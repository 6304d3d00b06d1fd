"""FakeKeeper: the keeper in memory, for screens.  Futures are done at once unless held back."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from fdtui.acquire.base import Target, Verdict
from fdtui.errors import CallFailed, FdtuiError
from fdtui.keeper.api import (
    Acquired,
    DirEntry,
    Event,
    Hold,
    Keeper,
    Match,
    Progress,
    Window,
)
from fdtui.keeper.operations import Reply
from fdtui.kinds import classify
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.scm import HasFileno
from tests.fake_acting import Acting
from tests.fake_things import Read, Thing

if TYPE_CHECKING:
    from tests.invented import InventedProcFs

T = TypeVar("T")
_SEARCHED_AT_ONCE = 1 << 20  # bytes of a file that a search looks through


class FakeKeeper(Keeper):
    """`things` are what there is, by (pid, fd); `asked` what was asked for, in order."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ids = itertools.count(1)
        self._subscribers: list[Callable[[Event], object]] = []
        self.things: dict[tuple[int, int], Thing] = {}
        self.refusals: dict[tuple[int, int], FdtuiError] = {}  # of look and steal
        self.verdicts: list[tuple[str, Verdict]] = [("pidfd_getfd", Verdict("works"))]
        self.open: dict[int, Acquired] = {}
        self.holds: dict[int, Hold] = {}
        self.asked: list[str] = []
        self.waiting: list[Callable[[], object]] | None = None  # a list: nothing is answered
        self.searching: list[Progress] = []  # of searches that were held back
        self.acting = Acting()

    # What tests do

    def add(self, procfs: InventedProcFs, pid: int, fd: int, info: Info, read: Read) -> None:
        """Make a descriptor acquirable."""
        self.things[pid, fd] = Thing(procfs, pid, fd, info, read)

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

    # The keeper

    def look(self, target: Target, via: str | None = None) -> Future[Acquired]:
        self.asked.append(f"look {target.pid}:{target.fd}" + (f" via {via}" if via else ""))
        return self._later(lambda: self._acquire(target, via, held=False))

    def steal(self, target: Target, via: str | None = None) -> Future[Acquired]:
        self.asked.append(f"steal {target.pid}:{target.fd}" + (f" via {via}" if via else ""))
        return self._later(lambda: self._acquire(target, via, held=True))

    def _acquire(self, target: Target, via: str | None, *, held: bool) -> Acquired:
        key = (target.pid, target.fd)
        if key in self.refusals and via in (None, "pidfd_getfd"):
            raise self.refusals[key]
        if key not in self.things:
            raise CallFailed(f"pidfd_getfd(pid {target.pid}, fd {target.fd})", 9)
        thing = self.things[key]
        kind = classify(thing.entry)
        acquired = Acquired(
            id=next(self._ids),
            target=target,
            comm=thing.procfs.processes[target.pid].name,
            via=via or "pidfd_getfd",
            shares_description=thing.shares and via != "reopen",
            kind=kind.name,
            view=kind.view.value,
            reads="private",
            entry=thing.entry,
            info=thing.info or kind.describe(thing.entry),
            held=held,
        )
        self.open[acquired.id] = acquired
        if held:
            cost = kind.hold_cost(acquired.entry, acquired.info)
            now = self._clock()
            self.holds[acquired.id] = Hold(acquired, now, False, "open", now, cost)
            self.say("took", acquired.id, acquired.via)
        return acquired

    def thing(self, id: int) -> Thing:
        """What a look or hold is of; FdtuiError once it was released."""
        if id not in self.open:
            raise FdtuiError("released: it is not held any more")
        thing = self.things[self.open[id].target.pid, self.open[id].target.fd]
        if thing.failure is not None:
            raise thing.failure
        return thing

    def window(self, id: int, offset: int, length: int) -> Future[Window]:
        self.asked.append(f"window {offset} {length}")
        return self._later(lambda: self._window(self.thing(id), offset, length))

    def _window(self, thing: Thing, offset: int, length: int) -> Window:
        entry, kind = thing.entry, classify(thing.entry)
        size = kind.size(entry, thing.info)
        endless = size is None or kind.view.value != "bytes" or thing.says_nothing_of_size
        known = length if endless else max(0, (size or 0) - offset)
        data = b"" if thing.why else thing.read(offset, min(length, known))
        for block in thing.bad:
            start = max(0, block.offset - offset)
            end = min(len(data), block.offset + block.length - offset)
            if end > start:
                data = data[:start] + bytes(end - start) + data[end:]
        if kind.view.value == "queue" and not size:
            size = offset + len(data)
        pos = kind.position(entry)
        return Window(offset, data, size, pos, entry, tuple(thing.bad), thing.why)

    def state(self, id: int) -> Future[tuple[Entry, Info]]:
        self.asked.append("state")

        def look() -> tuple[Entry, Info]:
            thing = self.thing(id)
            return thing.entry, thing.info or classify(thing.entry).describe(thing.entry)

        return self._later(look)

    def entries(self, id: int, limit: int = 100_000) -> Future[list[DirEntry]]:
        self.asked.append("entries")
        return self._later(lambda: self.thing(id).entries[:limit])

    def search(
        self,
        id: int,
        pattern: bytes,
        *,
        regex: bool,
        ignore_case: bool,
        start: int,
        backwards: bool,
        progress: Progress | None = None,
    ) -> Future[Match]:
        self.asked.append(f"search {pattern!r} from {start}{' backwards' if backwards else ''}")
        if progress is not None and self.waiting is not None:
            self.searching.append(progress)

        def find() -> Match:
            flags = (re.IGNORECASE if ignore_case else 0) | re.DOTALL
            wanted = re.compile(pattern if regex else re.escape(pattern), flags)
            thing = self.thing(id)
            entry = thing.entry
            size = classify(entry).size(entry, thing.info) or 0
            high = min(start, size) if backwards else min(size, start + _SEARCHED_AT_ONCE)
            low = max(0, high - _SEARCHED_AT_ONCE) if backwards else start
            data = thing.read(low, max(0, high - low))
            found = list(wanted.finditer(data))
            if not found:
                return Match(None, 0, len(data))
            match = found[-1 if backwards else 0]
            return Match(low + match.start(), len(match[0]), len(data))

        return self._later(find)

    @property
    def pid(self) -> int:
        return 0

    def perform(
        self,
        op: str,
        id: int,
        args: Info | None = None,
        payload: bytes = b"",
        *,
        progress: Progress | None = None,
        timeout: float = float("inf"),
    ) -> Future[Reply]:
        self.asked.append(op)
        return self._later(
            lambda: self.acting.answer(op, args or {}, self.open[id], self.thing(id))
        )

    def serve(
        self, op: str, args: Info | None = None, *, timeout: float = float("inf")
    ) -> Future[Reply]:
        self.asked.append(op)
        return self._later(lambda: Reply({}))

    def give(
        self, op: str, descriptor: HasFileno, args: Info | None = None, *, timeout: float = 5.0
    ) -> Future[Reply]:
        self.asked.append(f"{op} with {type(descriptor).__name__}")
        return self._later(lambda: Reply({}))

    def glance(self, targets: Sequence[Target]) -> Future[list[tuple[Entry, Info] | None]]:
        def see(target: Target) -> tuple[Entry, Info] | None:
            thing = self.things.get((target.pid, target.fd))
            if thing is None or target.fd not in thing.procfs.tables[target.pid]:
                return None
            return thing.entry, thing.info or classify(thing.entry).describe(thing.entry)

        return self._later(lambda: [see(target) for target in targets])

    def check(self, target: Target) -> Future[list[tuple[str, Verdict]]]:
        self.asked.append(f"check {target.pid}:{target.fd}")
        return self._later(lambda: list(self.verdicts))

    def release(self, id: int) -> Future[None]:
        self.asked.append(f"release {id}")

        def let_go() -> None:
            self.open.pop(id, None)
            self.holds.pop(id, None)

        return self._later(let_go)

    def release_all(self) -> Future[int]:
        count = len(self.holds)
        for id in list(self.holds):
            del self.holds[id], self.open[id]
        return self._later(lambda: count)

    def pin(self, id: int, on: bool) -> Future[None]:
        self.holds[id] = replace(self.holds[id], pinned=on)
        return self._later(lambda: None)

    def held(self) -> Future[list[Hold]]:
        return self._later(lambda: list(self.holds.values()))

    def subscribe(self, callback: Callable[[Event], object]) -> None:
        self._subscribers.append(callback)

    def close(self) -> None:
        """Nothing is left behind."""
