"""The keeper: a process without a terminal that owns every acquired descriptor.

It dies with the socket to the UI, and whatever it holds is released by that.
"""

from __future__ import annotations

import os
import queue
import socket
import sys
import threading
from collections.abc import Callable

from fdtui.errors import FdtuiError
from fdtui.keeper.api import Event
from fdtui.keeper.codec import error_json, only, text, whole
from fdtui.keeper.gifts import Gifts
from fdtui.keeper.holds import RELEASE_REASON, Rooms
from fdtui.keeper.operations import Call, Reply, discover, start_thread
from fdtui.keeper.watching import Watcher
from fdtui.keeper.wire import Frame, FrameReader, WireError, encode
from fdtui.linux.json_types import Info

PROTOCOL = 1
LAST_CALL = 0.3  # seconds for the rooms to close at exit; a stuck one does not hold the others up
CHUNK = 1 << 18


class Dispatcher:
    """Reads requests, hands each to the thread it concerns, and never waits for one."""

    def __init__(self, sock: socket.socket, gifts: Gifts, first_id: int = 1) -> None:
        self._sock = sock
        self._gifts = gifts
        self._out: queue.SimpleQueue[Frame] = queue.SimpleQueue()
        self._offers = discover()
        self._rooms = Rooms(self._tell, gifts, first_id)
        self._calls: dict[int, Call] = {}

    def run(self) -> None:
        """Serve until the UI is gone."""
        threading.Thread(target=self._write, name="writer", daemon=True).start()
        self._gifts.start()
        Watcher(self._rooms).start()
        self._send(Frame({"hello": PROTOCOL, "pid": os.getpid()}))
        reader = FrameReader()
        try:
            while data := self._sock.recv(CHUNK):
                for frame in reader.feed(data):
                    self._receive(frame)
        except (OSError, WireError):
            pass  # the UI is gone or no UI: both mean to let go of everything
        self._rooms.end_all(LAST_CALL)
        for farewell in self._rooms.farewells:
            farewell()

    def _send(self, frame: Frame) -> None:
        seq = frame.header.get("seq")
        if isinstance(seq, int) and "progress" not in frame.header:
            self._calls.pop(seq, None)
        self._out.put(frame)

    def _tell(self, event: Event) -> None:
        self._send(Frame({"event": list(event)}))

    def _write(self) -> None:
        while True:
            frame = self._out.get()
            try:
                data = encode(frame)
            except WireError as error:
                data = encode(Frame({"seq": frame.header.get("seq"), "error": error_json(error)}))
            try:
                self._sock.sendall(data)
            except OSError:
                return  # the reading side sees the end as well, and acts on it

    def _receive(self, frame: Frame) -> None:
        header = frame.header
        if "cancel" in header:
            if call := self._calls.get(whole(header["cancel"])):
                call.cancelled.set()
            return
        args = {key: value for key, value in header.items() if key not in ("seq", "op")}
        seq, op = whole(only(header, "seq")), text(only(header, "op"))
        call = Call(seq, op, args, frame.payload, self._send)
        self._calls[seq] = call
        try:
            self._dispatch(call)
        except FdtuiError as error:
            call.fail(error)

    def _dispatch(self, call: Call) -> None:
        if call.op in ("look", "steal"):
            self._rooms.open(call, held=call.op == "steal")
        elif call.op == "release":
            self._rooms.get(self._id(call.args)).end(call)
        elif call.op == "pin":
            self._pin(call)
        elif service := self._offers.services.get(call.op):
            self._serve(call, lambda: service(call, self._rooms))
        elif handler := self._offers.operations.get(call.op):
            self._rooms.get(self._id(call.args)).post(call, handler)
        else:
            raise FdtuiError(f"the keeper has no operation {call.op!r}")

    def _serve(self, call: Call, work: Callable[[], Reply]) -> None:
        start_thread(lambda: call.answer(work), call.op)

    def _pin(self, call: Call) -> None:
        room = self._rooms.get(self._id(call.args))
        room.pinned = bool(only(call.args, "on"))
        if not room.pinned and room.in_target in RELEASE_REASON:
            room.end()
        call.reply(Reply({}))

    def _id(self, args: Info) -> int:
        return whole(only(args, "id"))


def serve(sock: socket.socket, gifts: socket.socket) -> None:
    """Be a keeper until the UI has gone."""
    first_id = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    dispatcher = Dispatcher(sock, Gifts(gifts), first_id)
    os.umask(0o077)  # of what is dumped; all is imported by now
    dispatcher.run()
    # A thread that hangs in a dead file server would keep sys.exit() waiting.
    os._exit(0)
