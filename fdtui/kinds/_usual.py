"""The kinds of most descriptors at a glance, so that the modules of the others stay unread.

Only what no kind disputes is told here; `judge` of the package decides, and a test compares.
"""

from __future__ import annotations

import stat

from fdtui.kinds.facts import Facts

_FILES = {stat.S_IFREG: "regular", stat.S_IFDIR: "directory", stat.S_IFIFO: "fifo"}
_SOCKETS = {
    "TCP": "tcp",
    "TCPv6": "tcp",
    "UDP": "udp",
    "UDPv6": "udp",
    "UNIX": "unix",
    "UNIX-STREAM": "unix",
    "NETLINK": "netlink",
}
_ANONYMOUS = {
    "eventfd": "eventfd",
    "eventpoll": "epoll",
    "timerfd": "timerfd",
    "signalfd": "signalfd",
    "inotify": "inotify",
    "io_uring": "io_uring",
}
_NAMED = ("anon_inode", "shmem")  # where the kernel has words of its own
_MEMORY_DEVICES, _PTS = 1, range(136, 144)  # majors: null, zero, random ...; Unix98 terminals


def usual(facts: Facts) -> str | None:
    """Return the name of its kind, None where it takes more to tell."""
    if facts.path_only or (facts.name and facts.where not in _NAMED):
        return None
    match facts.where:
        case "":
            if facts.type == stat.S_IFCHR and not facts.line:
                return _device(facts.device[0])
            return _FILES.get(facts.type)
        case "socket":
            return _SOCKETS.get(facts.protocol) if facts.type == stat.S_IFSOCK else None
        case "pipe":
            return "pipe" if facts.type == stat.S_IFIFO else None
        case "anon_inode":
            return _ANONYMOUS.get(facts.name) if facts.type == 0 else None
        case "shmem":
            return "memfd" if facts.name == "memfd" and facts.type == stat.S_IFREG else None
        case "pidfd":
            return "pidfd" if facts.type in (0, stat.S_IFREG) else None
        case _:
            return None


def _device(major: int) -> str | None:
    if major == _MEMORY_DEVICES:
        return "char"
    return "tty" if major in _PTS else None
