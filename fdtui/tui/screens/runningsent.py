"""`!` on what somebody sent: the keeper gives it to the command over a socket of its own.

The screen never has the descriptor: it only makes the socket that the command receives at.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from typing import TYPE_CHECKING

from fdtui.errors import FdtuiError
from fdtui.keeper.actions.codec import action_named, preview_from
from fdtui.keeper.api import Acquired
from fdtui.keeper.operations import Reply
from fdtui.keeper.ops.act import act_request, preview_request
from fdtui.render.safe import safe
from fdtui.tui.screens.loan import about
from fdtui.tui.screens.running import Wanted, on_the_terminal

if TYPE_CHECKING:
    from fdtui.tui.screens.place import PlaceScreen


class Handing:
    """From the socket to the command's end."""

    def __init__(self, screen: PlaceScreen, acquired: Acquired, wish: Wanted) -> None:
        self._screen, self._app = screen, screen.fdtui
        self._acquired, self._wish = acquired, wish
        self._folder = tempfile.mkdtemp(prefix="fdtui-")  # 0700: nobody else comes near it
        self._path = os.path.join(self._folder, "s")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self._path)
        self._listener.listen(1)

    def begin(self) -> None:
        """Have it given; what was confirmed by typing a command is not asked again."""
        give, args = action_named("give"), (self._path,)
        ident, keeper = self._acquired.id, self._app.keeper

        def previewed(reply: Reply) -> None:
            request = act_request(give, args, preview_from(reply.facts).token)
            self._app.when(keeper.perform("act", ident, request), self._run, self._failed)

        request = preview_request(give, args)
        self._app.when(keeper.perform("preview", ident, request), previewed, self._failed)

    def _run(self, _: Reply) -> None:
        """It waits in the socket: start what takes it from there."""
        number, command = self._wish
        listener = self._listener.fileno()
        words = [str(listener), str(number), "--", "sh", "-c", command]
        told = f"sh -c {command}, with {about(self._acquired)} as {number}"
        try:
            on_the_terminal(
                self._screen,
                safe(told),
                [sys.executable, "-m", "fdtui.commands.received", *words],
                inherited=(listener,),
            )
        finally:
            self._close()

    def _failed(self, error: FdtuiError) -> None:
        self._close()
        self._app.tell_error(error)

    def _close(self) -> None:
        self._listener.close()
        shutil.rmtree(self._folder)
