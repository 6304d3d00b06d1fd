"""How a keeper begins: detached, secluded, with a nursery, which stays as small as it is here."""

from __future__ import annotations

import os
import resource
import signal
import socket
from pathlib import Path

from fdtui.linux import nursery, syscalls
from fdtui.linux.owned import OwnedFd
from fdtui.linux.scm import refuse_descriptors
from fdtui.linux.spawn import close_from, wait_for_children


def begin() -> tuple[socket.socket, socket.socket]:
    """Become a keeper: the socket to the UI is descriptor 0, that for gifts 1; returns both."""
    if os.fork():
        # The parent reaps this one at once and never has to wait for the keeper, which is no
        # session leader and so can never get a controlling terminal.
        os._exit(0)
    sockets = secluded_sockets()
    usual = os.umask(0o077)  # of what its children write
    nursery.found()  # now: nothing is held yet, there is one thread, and little is imported
    os.umask(usual)  # what is compiled of the modules to come is for everybody
    return sockets


def secluded_sockets() -> tuple[socket.socket, socket.socket]:
    """Shut everything but the sockets out; nobody may look into this process or stop it by a key.

    Returns the line to the UI, which takes no descriptors, and the socket for gifts.
    """
    Path("/proc/self/comm").write_text("fdtui-keeper")
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    wait_for_children()
    close_from(3)
    sock, gifts = (socket.socket(fileno=OwnedFd.duplicate_of(n).release()) for n in (0, 1))
    with OwnedFd(os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)) as null:
        for standard in (0, 1, 2):
            os.dup2(null.fileno(), standard, inheritable=False)
    os.chdir("/")
    refuse_descriptors(sock)
    return sock, gifts
