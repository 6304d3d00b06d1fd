"""The helper that the UI started: the keeper gets a channel of its own to it."""

from __future__ import annotations

import socket

from fdtui.acquire.helper import METHOD
from fdtui.acquire.helper_client import HelperClient
from fdtui.errors import FdtuiError
from fdtui.keeper.codec import only, whole
from fdtui.keeper.holds import Rooms
from fdtui.keeper.operations import Call, Reply, Service
from fdtui.linux.json_types import Info


def attach_request(euid: int) -> Info:
    """Make the arguments of `helper`, beside the channel: whose answers count."""
    return {"euid": euid}


def attach(call: Call, rooms: Rooms) -> Reply:
    """Greet the helper at the other end of the channel, and acquire by it from now on."""
    channel = rooms.gifts.take(whole(only(call.args, "gift")))
    client = HelperClient(socket.socket(fileno=channel.release()), whole(only(call.args, "euid")))
    try:
        METHOD.attach(client, client.hello())
    except FdtuiError:
        client.close()
        raise
    return Reply({"words": METHOD.words})


SERVICES: dict[str, Service] = {"helper": attach}
