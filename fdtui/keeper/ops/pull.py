"""Pulling: a channel to the helper, and the inbox where others give descriptors."""

from __future__ import annotations

import os
import socket
import threading
from concurrent.futures import Future
from typing import NamedTuple

from fdtui.acquire.base import Target
from fdtui.acquire.helper import METHOD as HELPER
from fdtui.acquire.helper_client import HelperClient
from fdtui.acquire.helper_process import HelperProcess
from fdtui.acquire.inbox import METHOD as INBOX
from fdtui.acquire.inbox import Gift, Inbox
from fdtui.errors import FdtuiError
from fdtui.keeper.api import Keeper
from fdtui.keeper.codec import only, text, whole
from fdtui.keeper.holds import Rooms
from fdtui.keeper.looks import comm_of
from fdtui.keeper.operations import Call, Reply, Service
from fdtui.linux.procfs import ProcFs

_LAST_LOOK = 0.7  # seconds: Inbox.serve() looks twice a second whether it shall end


class Listening(NamedTuple):
    """The inbox of this session."""

    id: str  # what --session takes
    path: str


def give_helper(keeper: Keeper, helper: HelperProcess) -> Future[Reply]:
    """Let the keeper take from this helper too, over a channel of its own.

    The helper ends when the process that started it closes its socket, not when the keeper ends.
    """
    with helper.client.channel() as channel:
        return keeper.give("attach_helper", channel, {"uid": helper.info.euid})


def open_inbox(keeper: Keeper, *, tty: str = "", root: bool = False) -> Future[Reply]:
    """Have the keeper listen for `fdtui send` (listening_from); what comes is held and told."""
    return keeper.serve("open_inbox", {"tty": tty, "pid": os.getpid(), "root": root})


def listening_from(reply: Reply) -> Listening:
    """Decode the answer of `open_inbox`."""
    return Listening(text(reply.facts["id"]), text(reply.facts["path"]))


def attach_helper(call: Call, rooms: Rooms) -> Reply:
    """Greet the helper on the channel that was given, and use it from now on."""
    channel = rooms.gifts.take(whole(only(call.args, "gift")))
    client = HelperClient(socket.socket(fileno=channel.release()), whole(only(call.args, "uid")))
    info = client.hello()
    HELPER.attach(client, info)
    return Reply({"pid": info.pid, "words": HELPER.words})


class _Mailbox:
    """One inbox per keeper, and the thread that serves it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inbox: Inbox | None = None

    def open(self, call: Call, rooms: Rooms) -> Reply:
        """Listen; asked twice, it tells where it listens already."""
        with self._lock:
            if self._inbox is None:
                self._inbox = Inbox(
                    lambda gift: self._adopt(gift, rooms),
                    tty=text(only(call.args, "tty")),
                    pid=whole(only(call.args, "pid")),
                    root=bool(only(call.args, "root")),
                )
                INBOX.session = self._inbox.session.id
                serving = threading.Thread(target=self._inbox.serve, name="inbox", daemon=True)
                serving.start()
                rooms.farewells.append(lambda: self._close(serving))
            session = self._inbox.session
        return Reply({"id": session.id, "path": str(session.socket)})

    def _adopt(self, gift: Gift, rooms: Rooms) -> None:
        """Hold each descriptor in a room of its own; its closing gives back the quota."""
        inbox = self._inbox
        assert inbox is not None
        try:
            start_time = ProcFs().start_time(gift.sender.pid)
        except OSError:
            start_time = 0  # it has ended already
        target = Target(gift.sender.pid, start_time, -1)
        # Now: it waits for its answer, and may be gone right after.
        label = gift.label or comm_of(gift.sender.pid)
        refused: list[FdtuiError] = []
        for fd in gift.fds:
            try:
                rooms.adopt(fd, target, "inbox", label=label, released=inbox.released)
            except FdtuiError as error:
                refused.append(error)
        if refused:
            raise refused[0]

    def _close(self, serving: threading.Thread) -> None:
        """Leave no socket behind."""
        inbox = self._inbox
        assert inbox is not None
        inbox.stop()
        serving.join(_LAST_LOOK)
        inbox.close()


SERVICES: dict[str, Service] = {"attach_helper": attach_helper, "open_inbox": _Mailbox().open}
