"""FakeKeeper: the keeper in memory, for screens.  Futures are done at once unless held back."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING

from fdtui.acquire.base import Target, Verdict
from fdtui.errors import CallFailed, FdtuiError
from fdtui.keeper.api import Acquired, Hold, Keeper, Progress
from fdtui.keeper.operations import Reply
from fdtui.kinds import classify
from fdtui.linux.json_types import Info
from fdtui.linux.scm import HasFileno
from tests.fake_acting import Acting
from tests.fake_reading import FakeReading
from tests.fake_things import Read, Thing

if TYPE_CHECKING:
    from tests.invented import InventedProcFs


class FakeKeeper(FakeReading, Keeper):
    """Acquires, holds and acts in memory; looks as FakeReading does."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self.refusals: dict[tuple[int, int], FdtuiError] = {}  # of look and steal
        self.verdicts: list[tuple[str, Verdict]] = [("pidfd_getfd", Verdict("works"))]
        self.acting = Acting()

    def add(self, procfs: InventedProcFs, pid: int, fd: int, info: Info, read: Read) -> None:
        """Make a descriptor acquirable."""
        self.things[pid, fd] = Thing(procfs, pid, fd, info, read)

    @property
    def pid(self) -> int:
        return 0

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
            view=kind.view,
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
            lambda: self.acting.answer(op, args or {}, self.open[id], self.thing(id), progress)
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

    def close(self) -> None:
        """Nothing is left behind."""
