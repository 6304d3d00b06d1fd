"""A command with a descriptor that arrives at a socket: `!` on what was sent to the inbox.

Started by the screen as `python -m fdtui.commands.received LISTENER N -- COMMAND...`, for what
was sent has no PID:FD that `fdtui run` could be given.
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import ExitStack

from fdtui.commands.run import execute
from fdtui.commands.telling import fail
from fdtui.errors import CallFailed, FdtuiError
from fdtui.linux import scm
from fdtui.linux.owned import OwnedFd

PATIENCE = 5.0  # seconds; it was sent before this was started


def receive(listener: socket.socket) -> OwnedFd:
    """Take the one descriptor from the keeper, which connected already; nobody else's."""
    listener.settimeout(PATIENCE)
    while True:
        client, _ = listener.accept()
        with client:
            if scm.peer(client).uid != os.geteuid():
                continue
            client.settimeout(PATIENCE)
            message = scm.receive(client, 1, 1)
            if len(message.fds) == 1:
                return message.fds[0]
            message.close()


def main(arguments: list[str]) -> int:
    """Receive, start, wait; the status is the command's."""
    listener, number, _, *command = arguments
    try:
        with ExitStack() as stack, socket.socket(fileno=int(listener)) as sock:
            inherited = {int(number): stack.enter_context(receive(sock))}
            sock.close()
            return execute(command, inherited, stack)
    except FdtuiError as error:
        return fail(error)
    except OSError as error:
        return fail(CallFailed("recvmsg(SCM_RIGHTS)", error))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
