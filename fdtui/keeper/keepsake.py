"""Keepsakes: what a redirected descriptor held before, kept by a small process until restored.

It outlives the session, so that the redirection can be undone from any shell, and ends with the
target.  Started as `python -I -S .../keepsake.py`: a listening socket on stdin, the description
on 3 and a pidfd of the target on 4.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parent.parent.parent))

import errno
import json
import os
import select
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from fdtui.acquire.base import Target
from fdtui.acquire.pidfd_getfd import open_process
from fdtui.errors import CallFailed, FdtuiError
from fdtui.linux import nursery, scm, syscalls
from fdtui.linux.owned import OwnedFd

PATIENCE = 5.0  # seconds
RESTORED = b"restored"
_DESCRIPTION, _PIDFD = 3, 4
_MESSAGE = 4096
_GONE, _BY_WHOM = "what was kept has just gone", "somebody else restored it, or the target ended"


class Keepsake(NamedTuple):
    """The description from before, whether its number was close-on-exec, and its link text."""

    description: OwnedFd
    cloexec: bool
    link: str
    sock: socket.socket

    def restored(self) -> None:
        """Tell its process that it is not needed any more, and wait until it has let go."""
        scm.send(self.sock, RESTORED)
        self.sock.recv(1)


def _address(target: Target) -> bytes:
    """An abstract name: gone with its process, and of this network namespace only."""
    return b"\0fdtui-before-%d-%d-%d" % target


def keep(target: Target, owned: OwnedFd, cloexec: bool, link: str) -> bool:
    """Have a description kept; False when the one from before an earlier redirection already is."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        try:
            listener.bind(_address(target))
        except OSError as error:
            if error.errno == errno.EADDRINUSE and kept(target):
                return False
            raise CallFailed(f"bind(fdtui-before-{target.pid})", error) from error
        listener.listen(4)
        _start(target, owned, listener, {"cloexec": cloexec, "link": link})
    return True


def _start(
    target: Target, owned: OwnedFd, listener: socket.socket, facts: dict[str, bool | str]
) -> None:
    command = [sys.executable, "-I", "-S", __file__, json.dumps(facts)]
    with open_process(target) as pidfd, OwnedFd(os.open(os.devnull, os.O_RDWR)) as null:
        inherited: dict[int, scm.HasFileno] = {0: listener, 1: null, 2: null}
        inherited |= {_DESCRIPTION: owned, _PIDFD: pidfd}
        nursery.start(command, inherited, session=True).close()


def _connect(target: Target) -> socket.socket | None:
    """Connect to the keepsake's process; None when there is none, or it is somebody else's."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.settimeout(PATIENCE)
    try:
        sock.connect(_address(target))
        if scm.peer(sock).uid in (0, os.geteuid()):
            return sock
    except OSError:
        pass  # nobody listens: nothing was redirected
    sock.close()
    return None


def kept(target: Target) -> bool:
    """Is there one for this descriptor?"""
    sock = _connect(target)
    if sock is not None:
        sock.close()
    return sock is not None


@contextmanager
def recalled(target: Target) -> Iterator[Keepsake]:
    """Yield what is kept; it stays kept unless the block calls `restored()`."""
    sock = _connect(target)
    if sock is None:
        raise FdtuiError(f"nothing is kept from before for fd {target.fd} of pid {target.pid}")
    with sock:
        try:
            message = scm.receive(sock, _MESSAGE, 1)
        except ConnectionResetError as error:
            raise FdtuiError(_GONE, _BY_WHOM) from error
        except OSError as error:
            raise CallFailed("recvmsg(keepsake)", error) from error
        if len(message.fds) != 1:
            raise FdtuiError(_GONE, _BY_WHOM)
        facts = json.loads(message.data)
        with message.fds[0] as description:
            yield Keepsake(description, bool(facts["cloexec"]), str(facts["link"]), sock)


def forget(target: Target) -> None:
    """Let go of it: the redirection it was meant for did not happen."""
    with recalled(target) as before:
        before.restored()


def main() -> None:
    """Keep one description until it is restored or the target ends."""
    facts = sys.argv[1].encode()
    description, pidfd = OwnedFd(_DESCRIPTION), OwnedFd(_PIDFD)
    os.chdir("/")
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    Path("/proc/self/comm").write_text("fdtui-keepsake")  # before it is root's to write
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
    listener = socket.socket(fileno=0)
    poll = select.poll()
    poll.register(listener.fileno(), select.POLLIN)
    poll.register(pidfd.fileno(), select.POLLIN)
    while not any(number == pidfd.fileno() for number, _ in poll.poll()):
        client, _ = listener.accept()
        with client:
            client.settimeout(PATIENCE)
            try:
                if scm.peer(client).uid not in (0, os.geteuid()):
                    continue
                scm.send(client, facts, [description])
                if client.recv(len(RESTORED)) == RESTORED:
                    listener.close()
                    description.close()
                    return  # the end of the connection tells that it has let go
            except OSError:
                continue  # it went away without restoring, or takes too long


if __name__ == "__main__":
    main()
