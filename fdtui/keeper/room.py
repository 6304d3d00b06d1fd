"""Room: one look or hold, and the one thread that reads, acts on and closes it."""

from __future__ import annotations

import errno
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

from fdtui.acquire.base import Target
from fdtui.errors import CallFailed, FdtuiError
from fdtui.keeper.api import Acquired, Event
from fdtui.keeper.codec import InTarget, acquired_json
from fdtui.keeper.costs import Facts, gather
from fdtui.keeper.custody import Custody
from fdtui.keeper.looks import borrow_only
from fdtui.keeper.operations import Call, Handler, Reply, start_thread

STUCK_AFTER = 2.0  # seconds without an answer of the kernel
QUICK = frozenset({"window", "state", "hold"})  # served between two steps of a long operation


class Job(NamedTuple):
    """A request that waits for the thread."""

    call: Call
    handler: Handler


class Cancelled(FdtuiError):
    """The person asked to stop, or what was worked on was released."""


class Room:
    """A thread with a queue of jobs.  Other threads only post, and read the plain fields."""

    def __init__(self, ident: int, target: Target, held: bool, via: str = "") -> None:
        self.id = ident
        self.target = target
        self.held = held
        self.via = via
        self.since = time.time()
        self.pinned = False
        self.in_target: InTarget = "open"
        self.changed_at = self.since
        self.custody: Custody | None = None
        self.last: tuple[Acquired, Facts] | None = None  # of a hold, as last seen
        self.end_reason = ""  # why it is released without anybody having asked
        self.ending = threading.Event()  # to be closed; long operations end
        self.ended = threading.Event()  # closed
        self._jobs: deque[Job] = deque()
        self._ready = threading.Condition()
        self._releases: list[Call] = []
        self._working: Call | None = None
        self._working_since = 0.0

    def start(
        self,
        call: Call,
        opening: Callable[[], Custody],
        opened: Callable[[Room], None],
        closed: Callable[[Room], None],
    ) -> None:
        """Start the thread: open, answer `call`, then work until ended; callbacks run in it.

        FdtuiError when no thread can be started: nothing was opened then.
        """

        def opens() -> Reply:
            self.custody = opening()
            with ExitStack() as undo:
                undo.callback(self.ending.set)  # nobody will know its number: close it
                acquired = self.note()
                if not self.held:
                    borrow_only(self.custody)
                undo.pop_all()
            opened(self)
            return Reply({"acquired": acquired_json(acquired)})

        def run() -> None:
            try:
                self._work_on(call, opens)
                if self.custody is not None:
                    self._serve()
            finally:
                self._close(closed)

        start_thread(run, f"room-{self.id}")

    def note(self) -> Acquired:
        """Describe it as it is now; for a hold also what it costs."""
        custody = self.opened()
        with custody.seen() as seen:
            entry, info = seen.entry, seen.info
        acquired = Acquired(
            id=self.id,
            target=self.target,
            comm=custody.comm,
            via=custody.via,
            shares_description=custody.shares_description,
            kind=custody.kind.name,
            view=custody.kind.view,
            reads="private" if custody.reads_privately() else "shared",
            entry=entry,
            info=info,
            held=self.held,
        )
        if self.held:
            self.last = acquired, gather(custody, entry, info)
        return acquired

    def about(self) -> str:
        """Return `fd 8 of ingestd 4182`; of what was sent, its label."""
        comm = self.custody.comm if self.custody else ""
        if self.target.fd < 0:
            return comm or f"a descriptor of pid {self.target.pid}"
        return f"fd {self.target.fd} of {comm} {self.target.pid}".replace("  ", " ")

    def event(self, verb: str, detail: str) -> Event:
        """Make an event about it."""
        return Event(verb, self.about(), detail, self.id)

    def post(self, call: Call, handler: Handler) -> None:
        """Queue a request; refuse it at once while the thread is stuck or ended."""
        if stuck := self.stuck_for():
            call.fail(self._stuck(call.op, stuck))
            return
        with self._ready:
            if not self.ending.is_set():
                self._jobs.append(Job(call, handler))
                self._ready.notify()
                return
        call.fail(self._released())

    def end(self, call: Call | None = None) -> None:
        """Have the thread close everything and end; `call` is answered when it has."""
        stuck = self.stuck_for()
        with self._ready:
            self.ending.set()
            self._ready.notify()
            if call is not None and not stuck and not self.ended.is_set():
                self._releases.append(call)
                return
        if call is None:
            return
        if stuck:
            call.fail(self._stuck("close", stuck))
        else:
            call.reply(Reply({}))

    def stuck_for(self) -> float:
        """Return for how many seconds the kernel has not answered, 0.0 when it is not overdue."""
        call = self._working
        if call is None:
            return 0.0
        waited = time.monotonic() - max(self._working_since, call.alive_at)
        return waited if waited > STUCK_AFTER else 0.0

    def breathe(self, call: Call, *, done: int, total: int, through_release: bool = False) -> None:
        """For long operations, between two steps: tell progress, serve quick requests, or stop.

        Cancelled when the person cancelled, and when it is being released, unless the operation
        goes on `through_release` (the close then waits for it).
        """
        call.progress(done, total)
        if call.cancelled.is_set():
            raise Cancelled(f"{call.op} cancelled")
        if self.ending.is_set() and not through_release:
            raise self._released()
        if self._jobs:
            for job in self._take_quick():
                self._do(job)
            self._working, self._working_since = call, time.monotonic()

    def opened(self) -> Custody:
        """Return what is held, for handlers; Cancelled when it was released."""
        if self.custody is None:
            raise self._released()
        return self.custody

    def _released(self) -> FdtuiError:
        why = {"closed": "the target closed it", "exited": "the target has ended"}
        return Cancelled(f"released: {why.get(self.in_target, 'it is not held any more')}")

    def _stuck(self, op: str, seconds: float) -> CallFailed:
        return CallFailed(
            op,
            errno.ETIMEDOUT,
            f"the server of this file has not answered for {seconds:.0f} s",
            "it is released as soon as the server answers; nothing else waits for it",
        )

    def _take_quick(self) -> list[Job]:
        with self._ready:
            quick = [job for job in self._jobs if job.call.op in QUICK]
            self._jobs = deque(job for job in self._jobs if job.call.op not in QUICK)
        return quick

    def _serve(self) -> None:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._jobs or self.ending.is_set())
                if self.ending.is_set():
                    return
                job = self._jobs.popleft()
            self._do(job)

    def _do(self, job: Job) -> None:
        if job.call.cancelled.is_set():
            job.call.fail(Cancelled(f"{job.call.op} cancelled"))  # nobody waits, but it is known
        else:
            self._work_on(job.call, lambda: job.handler(job.call, self))

    def _work_on(self, call: Call, work: Callable[[], Reply]) -> None:
        self._working, self._working_since = call, time.monotonic()
        call.answer(work)
        self._working = None

    def _close(self, closed: Callable[[Room], None]) -> None:
        self.ending.set()
        closing = Call(0, "close", {}, b"", lambda frame: None)
        self._working, self._working_since = closing, time.monotonic()
        if self.custody is not None:
            self.custody.close()
        self._working = None
        closed(self)
        with self._ready:
            self.ended.set()
            jobs, releases = list(self._jobs), self._releases
            self._jobs, self._releases = deque(), []
        for job in jobs:
            job.call.fail(self._released())
        for call in releases:
            call.reply(Reply({}))
