"""Gifts: descriptors that the UI hands to the keeper, such as a channel to the helper.

The only socket of the keeper that takes descriptors; only the UI has its other end.
"""

from __future__ import annotations

import socket
import struct
import threading

from fdtui.errors import FdtuiError
from fdtui.linux import scm
from fdtui.linux.owned import OwnedFd
from fdtui.linux.scm import HasFileno

_TOKEN = struct.Struct("!Q")
ARRIVES_WITHIN = 2.0  # seconds; it was sent before the request that needs it


class Gifts:
    """Receives, and keeps each until the service that it is meant for takes it."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._arrived = threading.Condition()
        self._waiting: dict[int, OwnedFd] = {}

    def start(self) -> None:
        """Start receiving."""
        threading.Thread(target=self._run, name="gifts", daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                message = scm.receive(self._sock, _TOKEN.size, 1)
            except scm.Truncated:
                continue  # the table is full: this one is lost, and whoever waits for it is told
            except OSError:
                return
            if len(message.data) != _TOKEN.size or len(message.fds) != 1:
                message.close()
                return  # the end, or nobody who knows how
            with self._arrived:
                self._waiting[_TOKEN.unpack(message.data)[0]] = message.fds[0]
                self._arrived.notify_all()

    def take(self, token: int) -> OwnedFd:
        """Return the descriptor sent with that token; FdtuiError when it did not come."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: token in self._waiting, ARRIVES_WITHIN):
                raise FdtuiError(
                    "the descriptor that belongs to this request did not arrive",
                    "the keeper's table may be full: release something in Held",
                )
            return self._waiting.pop(token)


def give(sock: socket.socket, token: int, descriptor: HasFileno) -> None:
    """Send one without waiting; the caller keeps and closes its own."""
    scm.send(sock, _TOKEN.pack(token), [descriptor], socket.MSG_DONTWAIT)
