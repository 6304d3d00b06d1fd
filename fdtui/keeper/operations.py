"""The seam for what can be done with an acquired descriptor: operation names -> handlers.

A module in `fdtui/keeper/ops/` that has `OPERATIONS: dict[str, Handler]` adds its own; the UI
calls them by `KeeperClient.perform(name, id, args, payload)`.  A handler runs in the one thread
of that descriptor, may block there, and raises FdtuiError for what a person should read.
`SERVICES: dict[str, Service]` are those that concern no descriptor yet; each call of one runs in a
thread of its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from fdtui.errors import CallFailed, FdtuiError
from fdtui.keeper.codec import error_json
from fdtui.keeper.wire import Frame
from fdtui.linux.json_types import Info

if TYPE_CHECKING:
    from fdtui.keeper.holds import Rooms
    from fdtui.keeper.room import Room

PROGRESS_PERIOD = 0.1  # seconds


class Reply(NamedTuple):
    """What a handler answers: JSON facts, and raw bytes beside them."""

    facts: Info
    payload: bytes = b""


class Call:
    """One request: its arguments, whether it was cancelled, and the way to answer it once."""

    def __init__(
        self, seq: int, op: str, args: Info, payload: bytes, send: Callable[[Frame], None]
    ) -> None:
        self.seq = seq
        self.op = op
        self.args = args
        self.payload = payload
        self.cancelled = threading.Event()
        self.alive_at = 0.0  # time.monotonic() of the last progress
        self._send = send
        self._told = 0.0

    def reply(self, reply: Reply) -> None:
        """Answer."""
        self._send(Frame({"seq": self.seq, "ok": reply.facts}, reply.payload))

    def fail(self, error: FdtuiError) -> None:
        """Answer with a refusal."""
        self._send(Frame({"seq": self.seq, "error": error_json(error)}))

    def progress(self, done: int, total: int) -> None:
        """Tell how far it is, at most ten times a second: bytes done, bytes in all."""
        now = self.alive_at = time.monotonic()
        if now - self._told >= PROGRESS_PERIOD:
            self._told = now
            self._send(Frame({"seq": self.seq, "progress": [done, total]}))

    def answer(self, work: Callable[[], Reply]) -> None:
        """Do the work and answer with its result or its refusal, whatever it is."""
        try:
            reply = work()
        except FdtuiError as error:
            self.fail(error)
        except OSError as error:
            self.fail(CallFailed(self.op, error))
        except Exception as error:
            # The one broad except: a bug in one kind or operation must not take the thread that
            # has to close the descriptor with it.
            self.fail(FdtuiError(f"{self.op}: internal error: {describe_bug(error)}"))
        else:
            self.reply(reply)


def start_thread(work: Callable[[], object], name: str) -> None:
    """Start one that ends with the process; FdtuiError when there can be no more of them."""
    try:
        threading.Thread(target=work, name=name, daemon=True).start()
    except RuntimeError as error:  # EAGAIN of clone(2), or no memory for its stack
        remedy = "release something; ulimit -u, or pids.max of its control group, may be reached"
        raise FdtuiError("the keeper can start no more threads", remedy) from error


def describe_bug(error: BaseException) -> str:
    """Name the exception and the line it came from; never the values, which may be secrets."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{where}"


Handler: TypeAlias = "Callable[[Call, Room], Reply]"
Service: TypeAlias = "Callable[[Call, Rooms], Reply]"

_BUILT_IN = ("fdtui.keeper.reading", "fdtui.keeper.searching", "fdtui.keeper.services")


class Offers(NamedTuple):
    """Everything the keeper can be asked, by name."""

    operations: dict[str, Handler]
    services: dict[str, Service]


def discover() -> Offers:
    """Collect `OPERATIONS` and `SERVICES`; two of one name are a bug, not a choice."""
    package = import_module("fdtui.keeper.ops")
    names = [f"{package.__name__}.{module.name}" for module in iter_modules(package.__path__)]
    offers = Offers({}, {})
    for name in (*_BUILT_IN, *names):
        module = import_module(name)
        operations: dict[str, Handler] = getattr(module, "OPERATIONS", {})
        services: dict[str, Service] = getattr(module, "SERVICES", {})
        known = offers.operations.keys() | offers.services.keys()
        if twice := known & (operations.keys() | services.keys()):
            raise LookupError(f"{name}: there is one already of {sorted(twice)}")
        offers.operations.update(operations)
        offers.services.update(services)
    return offers
