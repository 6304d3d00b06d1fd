"""The session's inbox: what others send becomes a hold, announced and not opened by itself."""

from __future__ import annotations

import threading

from fdtui.acquire.base import Target
from fdtui.acquire.inbox import METHOD, Gift, Inbox
from fdtui.keeper.codec import only, text, whole
from fdtui.keeper.holds import Rooms
from fdtui.keeper.looks import comm_of
from fdtui.keeper.operations import Call, Reply, Service
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import ProcFs

_LAST_LOOK = 0.7  # seconds: Inbox.serve() looks twice a second whether it shall end
_lock = threading.Lock()


def listen_request(pid: int, tty: str, *, root: bool = False) -> Info:
    """Make the arguments of `listen`: who the session is, and whether root may send as well."""
    return {"pid": pid, "tty": tty, "root": root}


def listen(call: Call, rooms: Rooms) -> Reply:
    """Open the inbox; answers with the session's id, the same one when it is open already."""
    with _lock:
        if not METHOD.session:
            METHOD.session = _open(call, rooms)
    return Reply({"session": METHOD.session})


def _open(call: Call, rooms: Rooms) -> str:
    def receive(gift: Gift) -> None:
        pid = gift.sender.pid
        # Now: the sender waits for its answer, and may be gone right after.
        target = Target(pid, _start_time(pid), -1)
        label = gift.label or comm_of(pid)
        for fd in gift.fds:
            rooms.adopt(fd, target, METHOD.name, label=label, released=inbox.released)

    inbox = Inbox(
        receive,
        pid=whole(only(call.args, "pid")),
        tty=text(only(call.args, "tty")),
        root=bool(only(call.args, "root")),
    )
    serving = threading.Thread(target=inbox.serve, name="inbox", daemon=True)
    serving.start()

    def farewell() -> None:
        inbox.stop()
        serving.join(_LAST_LOOK)
        inbox.close()

    rooms.farewells.append(farewell)
    return inbox.session.id


def _start_time(pid: int) -> int:
    try:
        return ProcFs().start_time(pid)
    except OSError:  # it has ended, or is in another pid namespace
        return 0


SERVICES: dict[str, Service] = {"listen": listen}
