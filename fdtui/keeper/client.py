"""KeeperClient: what screens and commands use; one thread talks to the keeper, nobody waits."""

from __future__ import annotations

import errno
import itertools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from typing import TypeVar

from fdtui.acquire.base import Target, Verdict
from fdtui.errors import CallFailed, FdtuiError
from fdtui.keeper.api import Acquired, DirEntry, Event, Hold, Keeper, Match, Progress, Window
from fdtui.keeper.codec import (
    acquired_from,
    dir_entry_from,
    entry_from,
    hold_from,
    items,
    match_from,
    seen_from,
    table,
    target_json,
    verdict_from,
    whole,
    window_from,
)
from fdtui.keeper.line import Line, Pending
from fdtui.keeper.operations import Reply
from fdtui.keeper.wire import WireError
from fdtui.linux.json_types import Info, Json
from fdtui.linux.procfs import Entry
from fdtui.linux.scm import HasFileno

T = TypeVar("T")

LIVE = 3.0  # seconds to wait for a view: a disk may have to spin up, a dead server is told
QUICK = 5.0  # seconds to wait for what the kernel answers at once unless a file server hangs
ACQUIRE = 15.0  # a helper may have to be asked, a file be opened
FOREVER = float("inf")


def start_keeper() -> KeeperClient:
    """Start a keeper in the background; returns at once, requests wait until it is up."""
    client = KeeperClient()
    client.connect()
    return client


class Asker:
    """Asks by name: starts a keeper when one is needed, also after one died."""

    def __init__(self) -> None:
        self._line: Line | None = None
        self._lock = threading.Lock()
        self._seq = itertools.count(1)
        self._subscribers: list[Callable[[Event], object]] = []
        self._closed = False

    def connect(self) -> Line:
        """Return the line to a living keeper, starting one if there is none; FdtuiError."""
        with self._lock:
            if self._closed:
                raise FdtuiError("the session has ended")
            if self._line is None or self._line.dead:
                generation = self._line.generation + 1 if self._line else 0
                try:
                    line = Line(generation, self._event)
                    line.start()
                except (OSError, RuntimeError) as error:  # of threading: no more of them
                    words = str(error.strerror if isinstance(error, OSError) else error)
                    remedy = "see ulimit -n and ulimit -u"
                    raise FdtuiError(f"no keeper can be started: {words}", remedy) from error
                self._line = line
            return self._line

    @property
    def pid(self) -> int:
        return self._line.pid if self._line is not None else 0

    def perform(
        self,
        op: str,
        id: int,
        args: Info | None = None,
        payload: bytes = b"",
        *,
        progress: Progress | None = None,
        timeout: float = FOREVER,
    ) -> Future[Reply]:
        """Ask for an operation of `fdtui.keeper.ops` on what is held as `id`."""
        header: Info = {**(args or {}), "id": id}
        return self._ask(op, header, _reply, payload, progress, timeout)

    def serve(
        self, op: str, args: Info | None = None, *, timeout: float = FOREVER
    ) -> Future[Reply]:
        """Ask for a service of `fdtui.keeper.ops`, which concerns no descriptor."""
        return self._ask(op, args or {}, _reply, timeout=timeout)

    def give(
        self, op: str, descriptor: HasFileno, args: Info | None = None, *, timeout: float = QUICK
    ) -> Future[Reply]:
        """Ask for a service and send it a descriptor of ours, as `gift` (rooms.gifts.take)."""
        token = next(self._seq)
        try:
            self.connect().give(token, descriptor)
        except (OSError, FdtuiError) as error:
            failed: Future[Reply] = Future()
            failed.set_exception(
                CallFailed("sendmsg", error) if isinstance(error, OSError) else error
            )
            return failed
        return self._ask(op, {**(args or {}), "gift": token}, _reply, timeout=timeout)

    def subscribe(self, callback: Callable[[Event], object]) -> None:
        self._subscribers.append(callback)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            line = self._line
        if line is not None:
            line.hang_up()

    def _event(self, event: Event) -> None:
        for callback in list(self._subscribers):
            try:
                callback(event)
            except RuntimeError:
                pass  # a screen whose event loop has ended meanwhile

    def _ask(
        self,
        op: str,
        args: Info,
        decode: Callable[[Reply], T],
        payload: bytes = b"",
        progress: Progress | None = None,
        timeout: float = QUICK,
    ) -> Future[T]:
        future: Future[T] = Future()

        def succeed(reply: Reply) -> None:
            try:
                value = decode(reply)
            except (KeyError, WireError) as error:
                fail(WireError(f"the keeper's answer to {op} makes no sense: {error}"))
                return
            if not settle(lambda: future.set_result(value)):
                line.abandon(reply)

        def fail(error: FdtuiError) -> None:
            settle(lambda: future.set_exception(error))

        def settle(how: Callable[[], None]) -> bool:
            try:
                how()
            except InvalidStateError:
                return False  # it was cancelled: nobody waits for it
            return True

        try:
            line = self.connect()
        except FdtuiError as error:
            future.set_exception(error)
            return future
        seq = next(self._seq)
        late = CallFailed(
            op,
            errno.ETIMEDOUT,
            f"no answer within {timeout:g} s",
            "the server of that file (FUSE, NFS) may hang; everything else goes on",
        )
        pending = Pending(succeed, fail, progress, timeout, late)
        line.ask(seq, {**args, "seq": seq, "op": op}, payload, pending)
        future.add_done_callback(lambda done: line.cancel(seq) if done.cancelled() else None)
        return future


class KeeperClient(Asker, Keeper):
    """The keeper as a screen sees it.  Safe to call from any thread, and returns at once."""

    def look(self, target: Target, via: str | None = None) -> Future[Acquired]:
        return self._acquire("look", target, via)

    def steal(self, target: Target, via: str | None = None) -> Future[Acquired]:
        return self._acquire("steal", target, via)

    def _acquire(self, op: str, target: Target, via: str | None) -> Future[Acquired]:
        args: Info = {"target": target_json(target), "via": via}
        return self._ask(
            op, args, lambda reply: acquired_from(reply.facts["acquired"]), timeout=ACQUIRE
        )

    def window(self, id: int, offset: int, length: int) -> Future[Window]:
        args: Info = {"id": id, "offset": offset, "length": length}
        return self._ask(
            "window", args, lambda reply: window_from(reply.facts, reply.payload), timeout=LIVE
        )

    def state(self, id: int) -> Future[tuple[Entry, Info]]:
        return self._ask("state", {"id": id}, _state, timeout=LIVE)

    def entries(self, id: int, limit: int = 100_000) -> Future[list[DirEntry]]:
        args: Info = {"id": id, "limit": limit}
        return self._ask("entries", args, lambda reply: _list(reply, "entries", dir_entry_from))

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
        args: Info = {
            "id": id,
            "regex": regex,
            "ignore_case": ignore_case,
            "start": start,
            "backwards": backwards,
        }
        return self._ask(
            "search", args, lambda reply: match_from(reply.facts), pattern, progress, FOREVER
        )

    def glance(self, targets: Sequence[Target]) -> Future[list[tuple[Entry, Info] | None]]:
        args: Info = {"targets": [target_json(target) for target in targets]}
        return self._ask("glance", args, lambda reply: _list(reply, "seen", seen_from))

    def check(self, target: Target) -> Future[list[tuple[str, Verdict]]]:
        args: Info = {"target": target_json(target)}
        return self._ask("check", args, lambda reply: _list(reply, "verdicts", verdict_from))

    def release(self, id: int) -> Future[None]:
        return self._ask("release", {"id": id}, lambda reply: None)

    def release_all(self) -> Future[int]:
        return self._ask("release_all", {}, lambda reply: whole(reply.facts["released"]))

    def pin(self, id: int, on: bool) -> Future[None]:
        return self._ask("pin", {"id": id, "on": on}, lambda reply: None)

    def held(self) -> Future[list[Hold]]:
        return self._ask("held", {}, lambda reply: _list(reply, "held", hold_from))


def _reply(reply: Reply) -> Reply:
    return reply


def _state(reply: Reply) -> tuple[Entry, Info]:
    return entry_from(reply.facts["entry"]), table(reply.facts["info"])


def _list(reply: Reply, key: str, decode: Callable[[Json], T]) -> list[T]:
    return [decode(item) for item in items(reply.facts[key])]
