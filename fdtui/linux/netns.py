"""Network namespaces: which one a process is in, and a netlink socket that asks about it."""

from __future__ import annotations

import os

from fdtui.linux import syscalls
from fdtui.linux.lean import Socket
from fdtui.linux.netlink import open_socket
from fdtui.linux.owned import OwnedFd

CLONE_NEWNET = 0x40000000


def netns_of(pid: int | str = "self") -> int:
    """Return the inode of a process's network namespace; OSError where it may not be looked at."""
    link = os.readlink(f"/proc/{pid}/ns/net")
    return int(link[link.index("[") + 1 : -1])


def open_socket_in(pid: int) -> Socket:
    """Return a NETLINK_SOCK_DIAG socket in the network namespace of a process.

    OSError EPERM without CAP_SYS_ADMIN.
    """
    with OwnedFd(os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)) as namespace:
        return open_socket_at(namespace)


def open_socket_at(namespace: OwnedFd) -> Socket:
    """Return a NETLINK_SOCK_DIAG socket in a network namespace.

    A thread of its own enters the namespace (setns(2), CAP_SYS_ADMIN) and ends there: this
    thread and its later sockets stay where they are.  OSError EPERM without the capability.
    """
    made: list[Socket] = []
    failed: list[OSError] = []

    def enter() -> None:
        try:
            syscalls.call("setns", namespace.fileno(), CLONE_NEWNET)
            made.append(open_socket())
        except OSError as error:
            failed.append(error)

    from threading import Thread  # a millisecond, for other namespaces alone

    thread = Thread(target=enter, name="netns", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return made[0]
